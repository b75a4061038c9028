import { headerOf, type Table } from './table'
import { displayText } from './view'

/** Lines looked at to choose widths: enough for what is on screen first, few enough for huge tables. */
const SAMPLE = 300
const NARROWEST = 6
const WIDEST = 44
/** Room for the sort mark. */
const MARK = 3

/** Widths of the columns in characters, from their titles and from lines spread over the whole table. */
export function columnWidths(table: Table): number[] {
  const step = Math.max(1, Math.floor(table.rows.length / SAMPLE))
  return table.columns.map((column, index) => {
    let width = headerOf({ ...column, title: column.short ?? column.title }).length + MARK
    for (let row = 0; row < table.rows.length; row += step)
      width = Math.max(width, displayText(table.rows[row][index]).length + 1)
    return Math.min(WIDEST, Math.max(NARROWEST, width))
  })
}
