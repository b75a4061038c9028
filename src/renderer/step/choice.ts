/** Which cells of a sweep stand side by side: they differ in one parameter and share the others. */
import type { Parameters, ParameterValue } from '../../protocol/results'
import { parameterValues } from '../parts/parameters'

export interface SweepCell {
  readonly index: number
  readonly parameters: Parameters
  /** Forks captured; -1 while the cell has not finished. */
  readonly forks: number
}

export interface Choice {
  /** The parameter compared; undefined where nothing varies. */
  readonly by?: string
  /** Its values, left and right; no right side where it has only one. */
  readonly left?: ParameterValue
  readonly right?: ParameterValue
  /** The values of all other varying parameters. */
  readonly shared: Parameters
}

/** Parameters with more than one value among the cells, with their values. */
export function varying(cells: readonly SweepCell[]): Map<string, ParameterValue[]> {
  const values = parameterValues(cells.map(({ parameters }) => parameters))
  return new Map([...values].filter(([, all]) => all.length > 1))
}

/**
 * What to show first: two kernels where kernels were swept, otherwise two values of the first parameter
 * that varies; the last value left and the one before it right, the others at their first value.
 */
export function defaultChoice(cells: readonly SweepCell[], wanted = 'kernel'): Choice {
  const parameters = varying(cells)
  const by = parameters.has(wanted) ? wanted : [...parameters.keys()][0]
  if (by === undefined) return { shared: {} }
  const values = parameters.get(by) ?? []
  const shared = Object.fromEntries(
    [...parameters].filter(([name]) => name !== by).map(([name, all]) => [name, all[0]])
  )
  return { by, left: values[values.length - 1], right: values[values.length - 2], shared }
}

/** The choice with all that no longer exists among the cells replaced by what does. */
export function validChoice(choice: Choice | undefined, cells: readonly SweepCell[]): Choice {
  const fallback = defaultChoice(cells, choice?.by)
  if (!choice || choice.by !== fallback.by) return fallback
  const parameters = varying(cells)
  const known = (name: string, value: ParameterValue | undefined) =>
    value !== undefined && parameters.get(name)?.includes(value) === true
  const shared = Object.fromEntries(
    Object.entries(fallback.shared).map(([name, value]) => [
      name,
      known(name, choice.shared[name]) ? choice.shared[name] : value
    ])
  )
  if (fallback.by === undefined) return { shared }
  return {
    by: fallback.by,
    left: known(fallback.by, choice.left) ? choice.left : fallback.left,
    right: known(fallback.by, choice.right) ? choice.right : fallback.right,
    shared
  }
}

/** The cell of one side; undefined when the sweep has none there (yet). */
export function cellOf(
  choice: Choice,
  side: 'left' | 'right',
  cells: readonly SweepCell[]
): SweepCell | undefined {
  if (choice.by === undefined) return side === 'left' ? cells[0] : undefined
  const wanted: Parameters = { ...choice.shared, [choice.by]: choice[side] as ParameterValue }
  if (choice[side] === undefined) return undefined
  return cells.find(({ parameters }) =>
    Object.entries(wanted).every(([name, value]) => parameters[name] === value)
  )
}
