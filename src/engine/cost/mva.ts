import { EngineError } from '../error'

/** What one customer of the network meets on average. Times in the unit the demands were given in. */
export interface NetworkSolution {
  /** Time of one round: at home and at the shared server, waiting included. */
  readonly cycleTime: number
  /** Time of one round spent at the shared server, waiting included. */
  readonly residence: number
  /** Customers at the shared server, the one in service included. */
  readonly queueLength: number
  /** Share of time the server is busy, 0..1. */
  readonly utilisation: number
}

/**
 * Exact mean-value analysis of a closed network with two stations: a delay station, where each of
 * `customers` spends `localDemand` a round without disturbing the others, and one first-come
 * first-served server, where it asks for `serverDemand` a round.
 *
 * By the arrival theorem a customer that comes to the server finds what a network with one customer
 * less shows on average, so the solution for n follows from the one for n - 1. Exact for a server with
 * exponential service times (M. Reiser and S. S. Lavenberg, "Mean-Value Analysis of Closed Multichain
 * Queuing Networks", Journal of the ACM 27(2), 1980).
 *
 * Throws `bad-argument` unless demands are finite and >= 0 and `customers` is an integer >= 1.
 */
export function solveClosedNetwork(
  localDemand: number,
  serverDemand: number,
  customers: number
): NetworkSolution {
  if (!Number.isInteger(customers) || customers < 1) {
    throw new EngineError('bad-argument', `Customers must be an integer of at least 1, not ${customers}.`)
  }
  for (const demand of [localDemand, serverDemand]) {
    if (!Number.isFinite(demand) || demand < 0) {
      throw new EngineError('bad-argument', `A demand must be a finite number of at least 0, not ${demand}.`)
    }
  }
  if (serverDemand === 0) return { cycleTime: localDemand, residence: 0, queueLength: 0, utilisation: 0 }
  let queueLength = 0
  let residence = 0
  let throughput = 0
  for (let present = 1; present <= customers; present++) {
    residence = serverDemand * (1 + queueLength)
    throughput = present / (localDemand + residence)
    queueLength = throughput * residence
  }
  return {
    cycleTime: localDemand + residence,
    residence,
    queueLength,
    utilisation: throughput * serverDemand
  }
}
