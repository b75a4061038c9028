/** Which cells of a grid are chosen, and how keys move the choice. */
import type { Table } from './table'

/** A place in the grid; row -1 is the header. */
export interface Place {
  readonly row: number
  readonly column: number
}

/** A rectangle from where it was started to where the keyboard is. */
export interface Selection {
  readonly anchor: Place
  readonly active: Place
}

export interface GridSize {
  readonly rows: number
  readonly columns: number
  /** Lines that fit the window, for Page Up and Page Down. */
  readonly page: number
}

export interface KeyPress {
  readonly key: string
  readonly shift: boolean
  /** Ctrl, or Cmd on macOS. */
  readonly mod: boolean
}

export const selectOne = (place: Place): Selection => ({ anchor: place, active: place })

const clamp = (value: number, low: number, high: number) => Math.max(low, Math.min(high, value))

/** The active cell after a key, or `undefined` when the key moves nothing. */
function target(active: Place, { key, mod }: KeyPress, size: GridSize): Place | undefined {
  const { row, column } = active
  switch (key) {
    case 'ArrowUp':
      return { row: mod ? 0 : row - 1, column }
    case 'ArrowDown':
      return { row: mod ? size.rows - 1 : row + 1, column }
    case 'ArrowLeft':
      return { row, column: mod ? 0 : column - 1 }
    case 'ArrowRight':
      return { row, column: mod ? size.columns - 1 : column + 1 }
    case 'PageUp':
      return { row: Math.max(0, row - size.page), column }
    case 'PageDown':
      return { row: row + size.page, column }
    case 'Home':
      return { row: mod ? 0 : row, column: 0 }
    case 'End':
      return { row: mod ? size.rows - 1 : row, column: size.columns - 1 }
    default:
      return undefined
  }
}

/**
 * The selection after a key press, or `undefined` when the key is none of the grid's. The first key
 * only enters the grid; Shift extends, but never into the header.
 */
export function pressKey(
  selection: Selection | undefined,
  press: KeyPress,
  size: GridSize
): Selection | undefined {
  if (size.columns === 0) return undefined
  if (press.mod && press.key.toLowerCase() === 'a')
    return { anchor: { row: 0, column: 0 }, active: { row: size.rows - 1, column: size.columns - 1 } }
  const from = selection?.active ?? { row: 0, column: 0 }
  const to = target(from, press, size)
  if (!to) return undefined
  if (!selection) return selectOne(size.rows > 0 ? { row: 0, column: 0 } : { row: -1, column: 0 })
  const top = press.shift && selection.anchor.row >= 0 ? 0 : -1
  const active = { row: clamp(to.row, top, size.rows - 1), column: clamp(to.column, 0, size.columns - 1) }
  return press.shift && selection.anchor.row >= 0 ? { anchor: selection.anchor, active } : selectOne(active)
}

/** The rectangle of a selection, both ends inclusive. */
export function rangeOf({ anchor, active }: Selection) {
  return {
    top: Math.min(anchor.row, active.row),
    bottom: Math.max(anchor.row, active.row),
    left: Math.min(anchor.column, active.column),
    right: Math.max(anchor.column, active.column)
  }
}

/** Whether a cell lies in the selection. */
export function contains(selection: Selection | undefined, row: number, column: number): boolean {
  if (!selection) return false
  const { top, bottom, left, right } = rangeOf(selection)
  return row >= top && row <= bottom && column >= left && column <= right
}

/** The selection kept inside a grid that became smaller. */
export function fit(selection: Selection | undefined, size: GridSize): Selection | undefined {
  if (!selection) return undefined
  const place = ({ row, column }: Place): Place => ({
    row: Math.min(row, size.rows - 1),
    column: Math.min(column, size.columns - 1)
  })
  return size.columns === 0 ? undefined : { anchor: place(selection.anchor), active: place(selection.active) }
}

/** The part of a table a selection covers; the whole table without one, the column for a header. */
export function selectedTable(table: Table, selection: Selection | undefined): Table {
  if (!selection) return table
  const { top, bottom, left, right } = rangeOf(selection)
  const rows = top < 0 ? table.rows : table.rows.slice(top, bottom + 1)
  return {
    columns: table.columns.slice(left, right + 1),
    rows: rows.map((row) => row.slice(left, right + 1))
  }
}
