/** What can be done with the table on screen; also in the palette. */
import { registerCommand } from '../../commands/registry'
import { copyText } from '../../parts/clipboard'
import { count } from '../../parts/format'
import { toCsv, toMarkdown, toPlainText, toTsv } from '../../parts/grid/copy'
import type { Table } from '../../parts/grid/table'
import { useResultsView } from './view-store'

interface CopyCommand {
  readonly id: string
  readonly label: string
  readonly what: string
  readonly convert: (table: Table) => string
}

export const copyCommands: readonly CopyCommand[] = [
  { id: 'results.copy.tsv', label: 'Copy as TSV (spreadsheet)', what: 'TSV', convert: toTsv },
  { id: 'results.copy.csv', label: 'Copy as CSV', what: 'CSV', convert: toCsv },
  { id: 'results.copy.markdown', label: 'Copy as Markdown', what: 'Markdown', convert: toMarkdown },
  {
    id: 'results.copy.text',
    label: 'Copy as plain text for mail (75 columns)',
    what: 'plain text',
    convert: toPlainText
  }
]

/** Both tables in view: of the cells, and of the figures over all of them. */
function tables(): Table[] {
  const view = useResultsView()
  return [view.shown, view.conclusions].filter((table) => table.rows.length > 0)
}

for (const { id, label, what, convert } of copyCommands) {
  registerCommand({
    id,
    title: `Results: ${label}`,
    category: 'Results',
    enabled: () => tables().length > 0,
    run: () => {
      const shown = tables()
      const rows = shown.reduce((sum, table) => sum + table.rows.length, 0)
      return copyText(shown.map(convert).join('\n\n'), `${count(rows, 'row')} as ${what}`)
    }
  })
}
