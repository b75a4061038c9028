/** A sweep as a list of independent cells. */
import { LabError, problem } from '../diagnostic'
import { MAX_CELLS } from '../limits'
import type { Parameters, ParameterValue } from '../results/types'

export type Space = Readonly<Record<string, readonly ParameterValue[]>>

/** A command line has only texts: `8` there is the 8 of the experiment. */
function matches(declared: ParameterValue, wanted: ParameterValue): boolean {
  return declared === wanted || String(declared) === wanted
}

/**
 * Keeps only the wanted values of the wanted parameters, in the order the experiment declares.
 * @throws LabError `unknown-parameter`, `unknown-value`; the message lists what there is.
 */
export function narrow(declared: Space, wanted: Space = {}): Space {
  for (const [name, values] of Object.entries(wanted)) {
    if (!Object.hasOwn(declared, name)) {
      const names = Object.keys(declared)
      const there = names.length === 0 ? 'the experiment has none' : `the parameters are ${names.join(', ')}`
      throw new LabError(problem('unknown-parameter', `unknown parameter '${name}': ${there}`))
    }
    const unknown = values.find((value) => !declared[name].some((there) => matches(there, value)))
    if (unknown === undefined && values.length > 0) continue
    const there = declared[name].map(String).join(', ')
    const what = unknown === undefined ? 'no value is' : `'${String(unknown)}' is not`
    throw new LabError(problem('unknown-value', `${what} among the values of '${name}': ${there}`))
  }
  return Object.fromEntries(
    Object.entries(declared).map(([name, values]) => {
      const only = Object.hasOwn(wanted, name) ? wanted[name] : values
      return [name, values.filter((value) => only.some((one) => matches(value, one)))]
    })
  )
}

/**
 * The product of all values, the last name fastest. Without parameters: one cell without parameters.
 * @throws LabError `limit-cells`
 */
export function product(space: Space): Parameters[] {
  const names = Object.keys(space)
  const size = names.reduce((cells, name) => cells * space[name].length, 1)
  if (size > MAX_CELLS) {
    const message = `the sweep has ${size} cells; at most ${MAX_CELLS} are run at once`
    throw new LabError(problem('limit-cells', message, { hint: 'Narrow it with --param name=value.' }))
  }
  return names.reduce<Record<string, ParameterValue>[]>(
    (cells, name) => cells.flatMap((cell) => space[name].map((value) => ({ ...cell, [name]: value }))),
    [{}]
  )
}
