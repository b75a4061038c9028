/**
 * When events happened, in simulated nanoseconds: each takes what its counts cost on its CPU, and at the
 * shared DVM server what they ask of it, stretched by the waiting of the body that it is part of.
 *
 * The body is what the script timed (`m.time`), else the operation: all CPUs of the machine run it again and
 * again, as `cost/model.ts` has it, so that the events of a timed body take together what `m.time` says.
 */
import { solveClosedNetwork } from '../../engine/cost/mva'
import type { TraceLog } from '../../engine/trace/log'
import type { RecordedMachine, RecordedOperation, TimedRange } from './recording'

/** Events between two known times. */
const BLOCK = 4096
const COUNTED = 7

interface Costs {
  readonly local: Float64Array
  readonly dvm: Float64Array
}

/** Events whose waiting is known together. */
interface Body {
  readonly from: number
  readonly to: number
  readonly machine: number
  /** Time at the server by what is asked of it there. */
  readonly stretch: number
}

export class Times {
  readonly #log: TraceLog
  readonly #costs: readonly (Costs | undefined)[]
  readonly #bodies: readonly Body[]
  /** Nanoseconds before each block of events. */
  readonly #blocks: number[] = [0]
  #body = 0

  constructor(
    log: TraceLog,
    machines: readonly RecordedMachine[],
    operations: readonly RecordedOperation[],
    timed: readonly TimedRange[]
  ) {
    this.#log = log
    this.#costs = machines.map((machine) => costsOf(log, machine))
    this.#bodies = this.#bodiesOf(machines, operations, timed)
    if (this.#costs.every((costs) => costs === undefined)) return
    let time = 0
    for (let event = 1; event <= log.length; event++) {
      time += this.costOf(event)
      if (event % BLOCK === 0) this.#blocks.push(time)
    }
  }

  get bytes(): number {
    return this.#blocks.length * 8 + this.#bodies.length * 48
  }

  /** Nanoseconds that passed with event `event`. */
  costOf(event: number): number {
    const machine = this.#log.machine(event)
    const costs = this.#costs[machine]
    if (costs === undefined) return 0
    const pattern = this.#log.lane(event, COUNTED)
    const dvm = costs.dvm[pattern]
    return costs.local[pattern] + (dvm === 0 ? 0 : dvm * this.#stretch(event, machine))
  }

  /** Nanoseconds from the beginning until after event `event`. */
  timeOf(event: number): number {
    const block = Math.min(Math.floor(event / BLOCK), this.#blocks.length - 1)
    let time = this.#blocks[block]
    if (this.#blocks.length === 1 && this.#costs.every((costs) => costs === undefined)) return 0
    for (let each = block * BLOCK + 1; each <= event; each++) time += this.costOf(each)
    return time
  }

  /** The last event at or before which at most `time` nanoseconds passed. */
  eventAt(time: number): number {
    let low = 0
    let high = this.#blocks.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (this.#blocks[middle] <= time) low = middle
      else high = middle - 1
    }
    let event = low * BLOCK
    let at = this.#blocks[low]
    while (event < this.#log.length && at + this.costOf(event + 1) <= time) at += this.costOf(++event)
    return event
  }

  /** How much longer than alone an event of a machine is at the server. */
  #stretch(event: number, machine: number): number {
    const bodies = this.#bodies
    const last = bodies[this.#body]
    if (last === undefined) return 1
    if (event < last.from || event > last.to) {
      let low = 0
      let high = bodies.length
      while (low < high) {
        const middle = (low + high) >>> 1
        if (bodies[middle].from <= event) low = middle + 1
        else high = middle
      }
      this.#body = Math.max(0, low - 1)
    }
    const { from, to, machine: own, stretch } = bodies[this.#body]
    return event >= from && event <= to && own === machine ? stretch : 1
  }

  /** Bodies in order, none inside another: what was timed before operations, outer ones before inner ones. */
  #bodiesOf(
    machines: readonly RecordedMachine[],
    operations: readonly RecordedOperation[],
    timed: readonly TimedRange[]
  ): Body[] {
    if (!machines.some(({ cpus, dvm }) => cpus > 1 && dvm !== undefined)) return []
    const log = this.#log
    const began = operations
      .filter(({ from, to }) => to >= from)
      .map(({ from, to }) => ({ from, to, machine: log.machine(from) }))
    const outermost = (ranges: readonly TimedRange[]): TimedRange[] => {
      const kept: TimedRange[] = []
      const sorted = [...ranges].sort((a, b) => a.from - b.from || b.to - a.to)
      for (const range of sorted)
        if (range.to >= range.from && range.from > (kept[kept.length - 1]?.to ?? 0)) kept.push(range)
      return kept
    }
    const bodies = outermost(timed)
    const free = began.filter(({ from, to }) => bodies.every((body) => to < body.from || from > body.to))
    return [...bodies, ...outermost(free)]
      .sort((a, b) => a.from - b.from)
      .map((range) => ({ ...range, stretch: this.#stretchOf(range, machines[range.machine]) }))
  }

  #stretchOf({ from, to, machine }: TimedRange, { cpus }: RecordedMachine): number {
    const costs = this.#costs[machine]
    if (costs === undefined || cpus === 1) return 1
    let local = 0
    let dvm = 0
    for (let event = from; event <= to; event++) {
      if (this.#log.machine(event) !== machine) continue
      const pattern = this.#log.lane(event, COUNTED)
      local += costs.local[pattern]
      dvm += costs.dvm[pattern]
    }
    return dvm === 0 ? 1 : solveClosedNetwork(local, dvm, cpus).residence / dvm
  }
}

/** What every pattern of counts costs on a machine. */
function costsOf(log: TraceLog, { costs, dvm }: RecordedMachine): Costs | undefined {
  if (costs === undefined || dvm === undefined) return undefined
  const { patterns } = log
  const weigh = (figures: Float64Array): Float64Array =>
    Float64Array.from({ length: patterns.size }, (_, pattern) =>
      patterns.increments(pattern).reduce((sum, { counter, amount }) => sum + figures[counter] * amount, 0)
    )
  return { local: weigh(costs), dvm: weigh(dvm) }
}
