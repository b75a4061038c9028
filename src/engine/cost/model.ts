import { EngineError } from '../error'
import { COUNTER_NAMES } from '../trace/counters'
import { solveClosedNetwork } from './mva'
import type { CostFigure, CostFigures, CostProfile } from './profile'

/** The part of a profile that sets the time. */
export type MachineCosts = Pick<CostProfile, 'costs' | 'dvm'>

/** Simulated time of one body, all in nanoseconds. `timeNs` is `localNs + dvmNs`. */
export interface SimulatedTime {
  readonly timeNs: number
  /** On the CPU that runs the body: costs by primitive times how often it happened. */
  readonly localNs: number
  /** At the shared DVM server, waiting for the other CPUs included. */
  readonly dvmNs: number
  /** What the body alone asks of the shared server. */
  readonly dvmDemandNs: number
}

function weigh(delta: Float64Array, figures: CostFigures): number {
  let sum = 0
  for (let slot = 0; slot < COUNTER_NAMES.length; slot++) {
    const figure: CostFigure | undefined = figures[COUNTER_NAMES[slot]]
    if (figure) sum += delta[slot] * figure.ns
  }
  return sum
}

/**
 * How long a body takes on each of `cpus` CPUs that all run it again and again, each on an mm of its
 * own: the primitives it counted (`delta`, in the order of `COUNTER_NAMES`) at the profile's costs, and
 * its broadcast TLB maintenance through one server that all CPUs share.
 *
 * Nothing depends on the kernel or the design but through the counts. Throws `bad-argument` for a CPU
 * count below 1 or a vector of the wrong length.
 */
export function simulatedTime(delta: Float64Array, profile: MachineCosts, cpus: number): SimulatedTime {
  if (delta.length !== COUNTER_NAMES.length) {
    throw new EngineError('bad-argument', `Expected ${COUNTER_NAMES.length} counters, not ${delta.length}.`)
  }
  const localNs = weigh(delta, profile.costs)
  const dvmDemandNs = weigh(delta, profile.dvm)
  const { residence } = solveClosedNetwork(localNs, dvmDemandNs, cpus)
  return { timeNs: localNs + residence, localNs, dvmNs: residence, dvmDemandNs }
}
