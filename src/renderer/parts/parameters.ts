/** Cells of a sweep in words. */
import type { Parameters, ParameterValue } from '../../protocol/results'

/** `kernel contpte-v2, cpus 32`; `all cells` for the empty set, which is `conclude`. */
export function parametersText(parameters: Parameters): string {
  const names = Object.keys(parameters)
  return names.length === 0 ? 'all cells' : names.map((name) => `${name} ${parameters[name]}`).join(', ')
}

/** A key that tells two parameter sets apart, by name and by type of value. */
export function parametersKey(parameters: Parameters): string {
  return JSON.stringify(Object.keys(parameters).map((name) => [name, parameters[name]]))
}

/** Every parameter with its distinct values, both in order of appearance. */
export function parameterValues(cells: readonly Parameters[]): Map<string, ParameterValue[]> {
  const values = new Map<string, Set<ParameterValue>>()
  for (const cell of cells) {
    for (const name of Object.keys(cell)) {
      let seen = values.get(name)
      if (!seen) values.set(name, (seen = new Set()))
      seen.add(cell[name])
    }
  }
  return new Map([...values].map(([name, seen]) => [name, [...seen]]))
}

function list(values: readonly ParameterValue[], most = 6): string {
  const shown = values.slice(0, most).map(String)
  if (values.length > most) return `${shown.join(', ')} and ${values.length - most} more`
  if (shown.length < 2) return shown.join('')
  return `${shown.slice(0, -1).join(', ')} and ${shown[shown.length - 1]}`
}

/** More parts than this are no name any more. */
const MOST_PARTS = 4

/** The cells as `name values, name values`, when they are a product of values; otherwise undefined. */
function describeProduct(
  cells: readonly Parameters[],
  whole: ReadonlyMap<string, readonly ParameterValue[]>
): string | undefined {
  const values = parameterValues(cells)
  const product = [...values.values()].reduce((size, seen) => size * seen.length, 1)
  if (product !== cells.length) return undefined
  return [...values]
    .filter(([name, seen]) => seen.length < (whole.get(name)?.length ?? 0))
    .map(([name, seen]) => `${name} ${list(seen)}`)
    .join(', ')
}

/** The cells as a few products, split by the values of one parameter; undefined when none will do. */
function describeParts(
  cells: readonly Parameters[],
  whole: ReadonlyMap<string, readonly ParameterValue[]>
): string | undefined {
  let best: readonly string[] | undefined
  for (const [name, values] of parameterValues(cells)) {
    if (values.length > MOST_PARTS || (best && values.length >= best.length)) continue
    const parts = values.map((value) =>
      describeProduct(
        cells.filter((cell) => cell[name] === value),
        whole
      )
    )
    if (parts.every((part) => part !== undefined)) best = parts
  }
  return best?.join('; ')
}

/**
 * Names a set of cells by what sets it apart from all of them: `kernel contpte-v2, cpus 8 and 16`.
 * Parameters that take all their values are left out; the whole sweep is `every cell`; cells that are no
 * product of values are named in parts, and listed where even that is too much.
 */
export function describeCells(cells: readonly Parameters[], all: readonly Parameters[]): string {
  const distinct = [...new Map(cells.map((cell) => [parametersKey(cell), cell])).values()]
  if (distinct.every((cell) => Object.keys(cell).length === 0)) return 'all cells together'
  if (distinct.length === 1) return parametersText(distinct[0])
  const whole = parameterValues(all)
  const product = describeProduct(distinct, whole)
  if (product !== undefined) return product || 'every cell'
  const parts = describeParts(distinct, whole)
  if (parts !== undefined) return parts
  const shown = distinct.slice(0, 3).map((cell) => `(${parametersText(cell)})`)
  const more = distinct.length > 3 ? ` and ${distinct.length - 3} more` : ''
  return `${shown.join(', ')}${more}`
}
