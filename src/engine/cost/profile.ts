import { EngineError } from '../error'
import { COUNTER_NAMES, type CounterName } from '../trace/counters'
import { Shape } from './shape'

/** What one occurrence of a primitive costs, and how that is known. */
export interface CostFigure {
  /** Nanoseconds, >= 0. */
  readonly ns: number
  /** Document and figure it was taken from; for a fitted one, what it stands for. */
  readonly source: string
  /** Name of the calibration parameter that set it; absent: the source did. */
  readonly fitted?: string
}

export type CostFigures = { readonly [name in CounterName]?: CostFigure }
export type CounterNotes = { readonly [name in CounterName]?: string }

/** A parameter that calibration chose. Several figures may follow one parameter. */
export interface FittedParameter {
  readonly name: string
  readonly ns: number
  /** Least value the fit was allowed, in nanoseconds. */
  readonly atLeast: number
  readonly means: string
}

/** One published measurement beside what the profile gives. Regressions in percent, errors in points. */
export interface CalibrationCell {
  readonly kernel: string
  readonly cpus: number
  readonly published: number
  readonly simulated: number
  /** simulated - published. */
  readonly error: number
  /** True: the fit never saw this cell. */
  readonly heldOut: boolean
}

/** The same fit under another assumption: how much a choice of ours matters. */
export interface CalibrationVariant {
  readonly what: string
  /** Errors in points, in the order of `cells`. */
  readonly errors: readonly number[]
  readonly worst: number
}

export interface CalibrationReport {
  /** What was simulated. */
  readonly workload: string
  /** Where the published figures stand. */
  readonly published: string
  /** The kernel regressions are relative to. */
  readonly baseline: string
  readonly fittedOnCpus: readonly number[]
  readonly parameters: readonly FittedParameter[]
  readonly cells: readonly CalibrationCell[]
  /** Largest |error|, in points. */
  readonly worst: number
  readonly variants: readonly CalibrationVariant[]
  /** What a reader must know before trusting a figure. */
  readonly findings: readonly string[]
}

/**
 * Costs of one machine. Data, kept as JSON under `resources/profiles/`; `npm run calibrate` writes it.
 * Every counter stands in exactly one of `costs`, `dvm`, `contained` and `unmodelled`, except that a
 * broadcast instruction may have a local cost and a DVM service.
 */
export interface CostProfile {
  readonly schema: 'contpte-lab/cost-profile@1'
  readonly name: string
  readonly title: string
  /** What the profile models, in a sentence or two. */
  readonly models: string
  /** Cost of each primitive on the CPU that executes it. */
  readonly costs: CostFigures
  /** Service time of each primitive in the one server that all CPUs share. */
  readonly dvm: CostFigures
  /** Counters that cost nothing of their own: the reason, e.g. that other counters hold their parts. */
  readonly contained: CounterNotes
  /** Counters whose cost is not known and taken as 0: the reason. */
  readonly unmodelled: CounterNotes
  /** What the model as a whole leaves out. */
  readonly leavesOut: readonly string[]
  readonly calibration: CalibrationReport
}

function figure(shape: Shape): CostFigure {
  const fitted = shape.optional('fitted')
  const result = {
    ns: shape.at('ns').atLeast(0),
    source: shape.at('source').text(),
    ...(fitted ? { fitted: fitted.text() } : {})
  }
  shape.only('ns', 'source', 'fitted')
  return result
}

function byCounter<T>(shape: Shape, read: (entry: Shape) => T): { [name in CounterName]?: T } {
  const result: { [name in CounterName]?: T } = {}
  for (const key of shape.keys()) {
    const name = COUNTER_NAMES.find((counter) => counter === key)
    if (!name) throw shape.at(key).wrong('is not a counter of this engine')
    result[name] = read(shape.at(key))
  }
  return result
}

function report(shape: Shape): CalibrationReport {
  return {
    workload: shape.at('workload').text(),
    published: shape.at('published').text(),
    baseline: shape.at('baseline').text(),
    fittedOnCpus: shape.at('fittedOnCpus').list((entry) => entry.atLeast(1)),
    parameters: shape.at('parameters').list((entry) => ({
      name: entry.at('name').text(),
      ns: entry.at('ns').atLeast(0),
      atLeast: entry.at('atLeast').atLeast(0),
      means: entry.at('means').text()
    })),
    cells: shape.at('cells').list((entry) => ({
      kernel: entry.at('kernel').text(),
      cpus: entry.at('cpus').atLeast(1),
      published: entry.at('published').number(),
      simulated: entry.at('simulated').number(),
      error: entry.at('error').number(),
      heldOut: entry.at('heldOut').flag()
    })),
    worst: shape.at('worst').atLeast(0),
    variants: shape.at('variants').list((entry) => ({
      what: entry.at('what').text(),
      errors: entry.at('errors').list((error) => error.number()),
      worst: entry.at('worst').atLeast(0)
    })),
    findings: shape.at('findings').list((entry) => entry.text())
  }
}

const FIELDS: readonly (keyof CostProfile)[] = [
  'schema',
  'name',
  'title',
  'models',
  'costs',
  'dvm',
  'contained',
  'unmodelled',
  'leavesOut',
  'calibration'
]

/**
 * Checks that `value` (parsed JSON) is a cost profile and answers it typed. Throws `bad-cost-profile`
 * naming the place: an unknown counter, a negative or missing cost, a cost without source, a fitted
 * figure whose parameter the report does not list or lists with another value.
 */
export function parseCostProfile(value: unknown): CostProfile {
  const shape = new Shape(value, 'profile')
  shape.only(...FIELDS)
  if (shape.at('schema').text() !== 'contpte-lab/cost-profile@1') {
    throw shape.at('schema').wrong("must be 'contpte-lab/cost-profile@1'")
  }
  const profile: CostProfile = {
    schema: 'contpte-lab/cost-profile@1',
    name: shape.at('name').text(),
    title: shape.at('title').text(),
    models: shape.at('models').text(),
    costs: byCounter(shape.at('costs'), figure),
    dvm: byCounter(shape.at('dvm'), figure),
    contained: byCounter(shape.at('contained'), (entry) => entry.text()),
    unmodelled: byCounter(shape.at('unmodelled'), (entry) => entry.text()),
    leavesOut: shape.at('leavesOut').list((entry) => entry.text()),
    calibration: report(shape.at('calibration'))
  }
  const parameters = new Map(profile.calibration.parameters.map(({ name, ns }) => [name, ns]))
  for (const part of ['costs', 'dvm'] as const) {
    for (const [counter, { ns, fitted }] of Object.entries(profile[part])) {
      if (fitted !== undefined && parameters.get(fitted) !== ns) {
        throw new EngineError(
          'bad-cost-profile',
          `profile.${part}.${counter} follows the parameter '${fitted}', which the calibration report does not list as ${ns} ns.`
        )
      }
    }
  }
  return profile
}
