/** A table as text: for spreadsheets, for Markdown, and for mails to a list that quotes plain text. */
import { displayText, rawText } from './view'
import { headerOf, isNumeric, type CellValue, type Table } from './table'

/** Longest line of a plain-text table, so that it can be quoted twice within 80 columns. */
export const PLAIN_TEXT_COLUMNS = 75

/** Tab-separated values with a header line; numbers raw, tabs and line ends inside text as blanks. */
export function toTsv(table: Table): string {
  const clean = (text: string) => text.replace(/[\t\r\n]+/g, ' ')
  const lines = [table.columns.map((column) => clean(headerOf(column)))]
  for (const row of table.rows) lines.push(row.map((value) => clean(rawText(value))))
  return lines.map((line) => line.join('\t')).join('\n')
}

/** Comma-separated values as RFC 4180 has them: quoted where needed, CRLF at line ends. */
export function toCsv(table: Table): string {
  const quote = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
  const lines = [table.columns.map((column) => quote(headerOf(column)))]
  for (const row of table.rows) lines.push(row.map((value) => quote(rawText(value))))
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

/** A Markdown table; numbers are set right. */
export function toMarkdown(table: Table): string {
  const clean = (text: string) => text.replace(/\r?\n/g, ' ').replaceAll('\\', '\\\\').replaceAll('|', '\\|')
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(table.columns.map((column) => clean(headerOf(column)))),
    line(table.columns.map((column) => (isNumeric(column) ? '---:' : '---'))),
    ...table.rows.map((row) => line(row.map((value) => clean(displayText(value)))))
  ].join('\n')
}

const GAP = 2

interface TextColumn {
  readonly width: number
  readonly right: boolean
  readonly cells: readonly string[]
}

function textColumns(table: Table): TextColumn[] {
  return table.columns.map((column, index) => {
    const values: readonly CellValue[] = table.rows.map((row) => row[index])
    const cells = [
      column.short ?? headerOf(column),
      ...values.map((value) => displayText(value).replace(/\s+/g, ' '))
    ]
    return {
      cells,
      width: cells.reduce((width, cell) => Math.max(width, cell.length), 0),
      right: isNumeric(column) || values.every((value) => value === undefined || typeof value === 'number')
    }
  })
}

function textLines(columns: readonly TextColumn[]): string[] {
  const lines = columns[0].cells.map((_, line) =>
    columns
      .map(({ cells, width, right }) => (right ? cells[line].padStart(width) : cells[line].padEnd(width)))
      .join(' '.repeat(GAP))
      .trimEnd()
  )
  const rule = columns.map(({ width }) => '-'.repeat(width)).join(' '.repeat(GAP))
  return [lines[0], rule, ...lines.slice(1)]
}

const widthOf = (columns: readonly TextColumn[]) =>
  columns.reduce((width, column) => width + column.width, 0) + GAP * Math.max(0, columns.length - 1)

/**
 * Plain text no line of which is longer than 75 columns. A table that is wider is cut into several
 * that repeat the parameters; where even that is too wide, each line becomes a list of `name: value`.
 */
export function toPlainText(table: Table): string {
  if (table.columns.length === 0) return ''
  const columns = textColumns(table)
  if (widthOf(columns) <= PLAIN_TEXT_COLUMNS) return textLines(columns).join('\n')
  const keys = columns.filter((_, index) => table.columns[index].kind === 'parameter')
  const groups = groupsOf(table, columns)
  if (groups.length === 0 || groups.some((group) => widthOf([...keys, ...group]) > PLAIN_TEXT_COLUMNS))
    return toRecords(table)
  const parts: TextColumn[][] = []
  for (const group of groups) {
    const last = parts[parts.length - 1]
    if (last && widthOf([...keys, ...last, ...group]) <= PLAIN_TEXT_COLUMNS) last.push(...group)
    else parts.push([...group])
  }
  return parts.map((part) => textLines([...keys, ...part]).join('\n')).join('\n\n')
}

/** Columns that are not parameters, each with the differences that follow it: alone those would say nothing. */
function groupsOf(table: Table, columns: readonly TextColumn[]): TextColumn[][] {
  const groups: TextColumn[][] = []
  table.columns.forEach(({ kind }, index) => {
    if (kind === 'parameter') return
    const last = groups[groups.length - 1]
    if (kind === 'difference' && last) last.push(columns[index])
    else groups.push([columns[index]])
  })
  return groups
}

function toRecords(table: Table): string {
  const wrap = (text: string) => {
    const lines: string[] = []
    for (let rest = text; rest.length > 0;) {
      const room = lines.length === 0 ? PLAIN_TEXT_COLUMNS : PLAIN_TEXT_COLUMNS - 2
      const space = rest.length > room ? rest.lastIndexOf(' ', room) : -1
      const end = rest.length <= room ? rest.length : space > 0 ? space : room
      lines.push((lines.length === 0 ? '' : '  ') + rest.slice(0, end))
      rest = rest.slice(end).trimStart()
    }
    return lines
  }
  return table.rows
    .map((row) =>
      table.columns
        .flatMap((column, index) =>
          wrap(`${headerOf(column)}: ${displayText(row[index]).replace(/\s+/g, ' ')}`)
        )
        .join('\n')
    )
    .join('\n\n')
}
