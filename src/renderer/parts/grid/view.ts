/** What of a table is seen: order, filter and hidden columns. Pure, over tables of 100,000 lines. */
import { formatNumber } from '../format'
import { isDifference, type CellValue, type Column, type Table } from './table'

export interface Sort {
  readonly column: string
  readonly direction: 'ascending' | 'descending'
}

/** A value as drawn. */
export function displayText(value: CellValue): string {
  if (value === undefined) return ''
  if (isDifference(value)) return value.text
  return typeof value === 'number' ? formatNumber(value) : String(value)
}

/** A value as copied: numbers without separators, so that programs read them. */
export function rawText(value: CellValue): string {
  if (value === undefined) return ''
  return isDifference(value) ? value.text : String(value)
}

function rank(value: CellValue): number {
  return typeof value === 'number' || isDifference(value) ? 0 : typeof value === 'boolean' ? 1 : 2
}

const collator = new Intl.Collator('en', { numeric: true })

function compare(a: CellValue, b: CellValue): number {
  const ranks = rank(a) - rank(b)
  if (ranks !== 0) return ranks
  if (isDifference(a) && isDifference(b)) return a.size - b.size
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return collator.compare(String(a), String(b))
}

/** Lines in the order asked for; equal lines keep their order, empty values come last either way. */
export function sortRows(table: Table, sort: Sort | undefined): Table {
  const index = sort ? table.columns.findIndex((column) => column.id === sort.column) : -1
  if (!sort || index < 0) return table
  const direction = sort.direction === 'ascending' ? 1 : -1
  const rows = [...table.rows].sort((a, b) => {
    const left = a[index]
    const right = b[index]
    if (left === undefined || right === undefined)
      return Number(left === undefined) - Number(right === undefined)
    return direction * compare(left, right)
  })
  return { columns: table.columns, rows }
}

/** Ascending, then descending, then as recorded. */
export function nextSort(sort: Sort | undefined, column: string): Sort | undefined {
  if (sort?.column !== column) return { column, direction: 'ascending' }
  return sort.direction === 'ascending' ? { column, direction: 'descending' } : undefined
}

type Test = (row: readonly CellValue[]) => boolean

const OPERATORS: Readonly<Record<string, (value: number, wanted: number) => boolean>> = {
  '>': (value, wanted) => value > wanted,
  '<': (value, wanted) => value < wanted,
  '>=': (value, wanted) => value >= wanted,
  '<=': (value, wanted) => value <= wanted
}

function columnTest(columns: readonly Column[], word: string): Test | undefined {
  const match = /^(.+?)(>=|<=|:|=|>|<)(.+)$/.exec(word)
  if (!match) return undefined
  const [, name, operator, wanted] = match
  const index = columns.findIndex((column) => column.title.toLowerCase() === name.toLowerCase())
  if (index < 0) return undefined
  const numeric = OPERATORS[operator]
  if (numeric)
    return (row) => typeof row[index] === 'number' && numeric(row[index], Number(wanted.replaceAll(',', '')))
  if (operator === '=') return (row) => rawText(row[index]).toLowerCase() === wanted.toLowerCase()
  return (row) => rawText(row[index]).toLowerCase().includes(wanted.toLowerCase())
}

/**
 * Lines that match every word of the filter. A word is text found anywhere in a line, or a condition
 * on one column: `kernel:v2` (contains), `cpus=8`, `cpus>8`, `fork<=1000`.
 */
export function filterRows(table: Table, filter: string): Table {
  const words = filter.trim().split(/\s+/).filter(Boolean)
  if (words.length === 0) return table
  const tests = words.map((word): Test => {
    const condition = columnTest(table.columns, word)
    if (condition) return condition
    const wanted = word.toLowerCase()
    return (row) =>
      row.some(
        (value) =>
          rawText(value).toLowerCase().includes(wanted) || displayText(value).toLowerCase().includes(wanted)
      )
  })
  return { columns: table.columns, rows: table.rows.filter((row) => tests.every((test) => test(row))) }
}

/** The table without the columns whose ids are hidden. */
export function hideColumns(table: Table, hidden: ReadonlySet<string>): Table {
  if (!table.columns.some((column) => hidden.has(column.id))) return table
  const kept = table.columns
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => !hidden.has(column.id))
  return {
    columns: kept.map(({ column }) => column),
    rows: table.rows.map((row) => kept.map(({ index }) => row[index]))
  }
}
