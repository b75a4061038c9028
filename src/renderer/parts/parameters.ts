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

/**
 * Names a set of cells by what sets it apart from all of them: `kernel contpte-v2, cpus 8 and 16`.
 * Parameters that take all their values are left out; the whole sweep is `every cell`, and cells that
 * are no product of values are listed.
 */
export function describeCells(cells: readonly Parameters[], all: readonly Parameters[]): string {
  const distinct = [...new Map(cells.map((cell) => [parametersKey(cell), cell])).values()]
  if (distinct.every((cell) => Object.keys(cell).length === 0)) return 'all cells together'
  if (distinct.length === 1) return parametersText(distinct[0])
  const whole = parameterValues(all)
  const values = parameterValues(distinct)
  const product = [...values.values()].reduce((size, seen) => size * seen.length, 1)
  if (product !== distinct.length) {
    const shown = distinct.slice(0, 3).map((cell) => `(${parametersText(cell)})`)
    const more = distinct.length > 3 ? ` and ${distinct.length - 3} more` : ''
    return `${shown.join(', ')}${more}`
  }
  const telling = [...values].filter(([name, seen]) => seen.length < (whole.get(name)?.length ?? 0))
  if (telling.length === 0) return 'every cell'
  return telling.map(([name, seen]) => `${name} ${list(seen)}`).join(', ')
}
