import { simulatedTime, type MachineCosts } from '../../src/engine/cost/model'
import type {
  CalibrationCell,
  CalibrationVariant,
  CostFigure,
  CostFigures,
  CostProfile
} from '../../src/engine/cost/profile'
import { leastSquares } from './fit'
import { BASELINE, FITTED_ON_CPUS, PUBLISHED, PUBLISHED_SOURCE } from './published'
import {
  CONTAINED,
  LEAVES_OUT,
  MEANING,
  READ_HALF_HIDDEN,
  rounded,
  SOURCED_COSTS,
  SOURCED_EXCHANGE,
  UNMODELLED,
  type ParameterName
} from './sources'

/** Counters of one fork by kernel, in the order of `COUNTER_NAMES`. */
export type ForkCounts = Readonly<Record<string, Float64Array>>

type Values = Readonly<Record<ParameterName, number>>

const PARAMETERS: readonly ParameterName[] = ['page-base', 'exchange', 'dvm-message']
const START: Values = { 'page-base': 300, exchange: 1, 'dvm-message': 10 }

function atLeast(name: ParameterName): number {
  return name === 'exchange' ? SOURCED_COSTS.write!.ns : 0
}

function costsFor(values: Values, sourced: CostFigures = SOURCED_COSTS): MachineCosts {
  const fitted = (name: ParameterName): CostFigure => ({
    ns: values[name],
    source: MEANING[name],
    fitted: name
  })
  return {
    costs: { ...sourced, xchg: fitted('exchange'), mapcount: fitted('page-base') },
    dvm: { tlbi: fitted('dvm-message'), dsbIsh: fitted('dvm-message') }
  }
}

/** Change of rate in percent: time before / time after - 1. */
function regression(counts: ForkCounts, kernel: string, cpus: number, profile: MachineCosts): number {
  const time = (name: string) => simulatedTime(counts[name], profile, cpus).timeNs
  return (time(BASELINE) / time(kernel) - 1) * 100
}

const errorsOf = (counts: ForkCounts, profile: MachineCosts, cells = PUBLISHED): number[] =>
  cells.map((cell) => regression(counts, cell.kernel, cell.cpus, profile) - cell.regression)

interface FitOptions {
  readonly cells?: typeof PUBLISHED
  readonly fixed?: Partial<Values>
  readonly sourced?: CostFigures
}

function fit(counts: ForkCounts, options: FitOptions = {}): Values {
  const cells = options.cells ?? PUBLISHED.filter((cell) => FITTED_ON_CPUS.includes(cell.cpus))
  const free = PARAMETERS.filter((name) => options.fixed?.[name] === undefined)
  const values = (found: readonly number[]): Values => ({
    ...START,
    ...options.fixed,
    ...Object.fromEntries(free.map((name, index) => [name, found[index]]))
  })
  const found = leastSquares({
    start: free.map((name) => START[name]),
    atLeast: free.map(atLeast),
    residuals: (at) => errorsOf(counts, costsFor(values(at), options.sourced), cells)
  })
  return values(found.map(rounded))
}

const points = (value: number): number => Math.round(value * 100) / 100
const worstOf = (errors: readonly number[]): number => points(Math.max(...errors.map(Math.abs)))

function variant(counts: ForkCounts, what: string, options: FitOptions = {}): CalibrationVariant {
  const errors = errorsOf(counts, costsFor(fit(counts, options), options.sourced)).map(points)
  return { what, errors, worst: worstOf(errors) }
}

function findings(
  counts: ForkCounts,
  program: ForkCounts,
  values: Values,
  misses: readonly CalibrationCell[]
): string[] {
  const ms = (simulatedTime(counts[BASELINE], costsFor(values), 1).timeNs / 1e6).toFixed(0)
  const bound = atLeast('exchange')
  const timedWhole = fit(program)
  return [
    ...misses.map(
      (cell) =>
        `${cell.kernel} at ${cell.cpus} CPUs misses by ${cell.error} points, more than the 3 aimed at.`
    ),
    `Only ratios are calibrated, because only ratios were published. The absolute scale follows from the sourced costs: one fork of 1 GiB on one CPU of ${BASELINE} comes out at ${ms} ms, and no published time was found to check that against.`,
    `The log of v2 13/14 shows the program that was measured: a loop of fork, exit of the child and waitpid over 128 MiB. Here only fork is timed, over 1 GiB, so the fitted costs make up for an exit that is not simulated. Timing fork and exit fits the table better (last variant), with page-base ${timedWhole['page-base']} ns, exchange ${timedWhole.exchange} ns and dvm-message ${timedWhole['dvm-message']} ns.`,
    'page-base is larger than any cache miss: it stands for everything on the per-page path that is not counted, and for the absolute scale above.',
    values.exchange === bound
      ? `The exchange met its lower bound: the published figures at 1 and 8 CPUs leave no room for what three exchanges a page should cost. The variant below shows the miss with the sourced ${SOURCED_EXCHANGE} ns.`
      : `The exchange came out at ${values.exchange} ns, where ${SOURCED_EXCHANGE} ns were measured for a hot atomic.`,
    'In the series as posted, 12/14 stands on 01/14, whose core already copies in batches. contpte-unbatched copies PTE by PTE, as the published column is named; counts of the posted 12/14 would be lower and the fitted service of a DVM message higher.'
  ]
}

/**
 * Fits the profile `ampere-altra` to the published cells with the counts of one fork. `program` holds
 * the counts of the program that was measured, for the variant that times all of it.
 */
export function calibrate(counts: ForkCounts, program: ForkCounts): CostProfile {
  const values = fit(counts)
  const { costs, dvm } = costsFor(values)
  const cells = PUBLISHED.map(({ kernel, cpus, regression: published }): CalibrationCell => {
    const simulated = regression(counts, kernel, cpus, { costs, dvm })
    return {
      kernel,
      cpus,
      published,
      simulated: points(simulated),
      error: points(simulated - published),
      heldOut: !FITTED_ON_CPUS.includes(cpus)
    }
  })
  return {
    schema: 'contpte-lab/cost-profile@1',
    name: 'ampere-altra',
    title: 'Ampere Altra (Neoverse N1, 3.0 GHz)',
    models:
      'Kernel time of page-table work on one socket: a cost for each primitive the engine counts, the same for every kernel and design, and one server for broadcast TLB maintenance that all CPUs share.',
    costs,
    dvm,
    contained: CONTAINED,
    unmodelled: UNMODELLED,
    leavesOut: LEAVES_OUT,
    calibration: {
      workload:
        'fork of one process with 1 GiB of written private memory in 64 KiB folios, aligned; only fork timed; each CPU runs the same on an mm of its own',
      published: PUBLISHED_SOURCE,
      baseline: BASELINE,
      fittedOnCpus: FITTED_ON_CPUS,
      parameters: PARAMETERS.map((name) => ({
        name,
        ns: values[name],
        atLeast: atLeast(name),
        means: MEANING[name]
      })),
      cells,
      worst: worstOf(cells.map((cell) => cell.error)),
      variants: [
        variant(counts, `exchange not fitted but sourced, ${SOURCED_EXCHANGE} ns`, {
          fixed: { exchange: SOURCED_EXCHANGE }
        }),
        variant(counts, `a read with half of its latency hidden, ${READ_HALF_HIDDEN} ns`, {
          sourced: { ...SOURCED_COSTS, read: { ns: READ_HALF_HIDDEN, source: 'variant' } }
        }),
        variant(counts, 'fitted on all ten cells', { cells: PUBLISHED }),
        variant(program, 'timed and fitted as in the log of v2 13/14: fork and exit of the child, 128 MiB')
      ],
      findings: findings(
        counts,
        program,
        values,
        cells.filter((cell) => Math.abs(cell.error) > 3)
      )
    }
  }
}
