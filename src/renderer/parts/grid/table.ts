/** A table as the grid draws it: columns, and lines of values in their order. */
import type { ParameterValue } from '../../../protocol/results'
import type { Difference } from '../difference'

export type CellValue = ParameterValue | Difference | undefined

export interface Column {
  /** Stable while a run grows, so that sorting and hiding survive new lines. */
  readonly id: string
  readonly title: string
  /** Title as drawn, where the place of the column says the rest. */
  readonly short?: string
  readonly kind: 'parameter' | 'metric' | 'value' | 'unit' | 'difference'
  /** Unit of all values of the column; counts have none. */
  readonly unit?: string
}

export interface Table {
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly CellValue[])[]
}

/** Title and unit in one line, e.g. `fork (ns)`. */
export function headerOf(column: Column): string {
  return column.unit ? `${column.title} (${column.unit})` : column.title
}

/** Whether the column's values are set right. */
export function isNumeric(column: Column): boolean {
  return column.kind === 'value' || column.kind === 'difference'
}

/** Reads whether a value is a difference of two others. */
export function isDifference(value: CellValue): value is Difference {
  return typeof value === 'object'
}
