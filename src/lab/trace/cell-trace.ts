/** The trace of one cell while its script runs: one log for all its machines, its operations and marks. */
import type { Violation } from '../../engine/check'
import type { Machine } from '../../engine/machine'
import type { CostFigures } from '../../engine/cost/profile'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { TraceLog } from '../../engine/trace/log'
import type { Tracer } from '../../engine/trace/tracer'
import { violations } from '../../engine/views'
import type { World } from '../../engine/world'
import type { TraceMark } from '../results/trace'
import type { Parameters } from '../results/types'
import type { RecordedMachine, RecordedOperation, Recording, TimedRange } from './recording'

/** Entries of tables up to which every operation is looked at. */
const SMALL = 65_536
/** Entries of larger ones that one event is worth. */
const EVENTS_WORTH = 64

/** What an operation's call is, said once it is known to be one. */
export interface CallText {
  readonly title: string
  readonly name: string
  readonly at: string
}

export class CellTrace {
  readonly log: TraceLog
  readonly #machines: Machine[] = []
  readonly #operations: RecordedOperation[] = []
  readonly #marks: TraceMark[] = []
  readonly #timed: TimedRange[] = []
  /** Operations that are under way: one inside another. */
  #open = 0
  /** Rules that each machine breaks as it is, and what happened since that was looked at. */
  readonly #broken: Set<string>[] = []
  readonly #unseen: number[] = []
  readonly #counts = { row: 0, expectation: 0, console: 0 }

  constructor(limit: number) {
    this.log = new TraceLog(limit)
  }

  /** What the next machine is put together with. */
  next(): { log: TraceLog; machine: number } {
    return { log: this.log, machine: this.#machines.length }
  }

  /** A machine was put together. */
  machine(machine: Machine): void {
    this.#machines.push(machine)
  }

  /** Runs a call of the script: what happens in it is one operation, also where it throws. */
  operation<T>(call: CallText, body: () => T): T {
    const from = this.log.length + 1
    const index = this.#operations.push({ ...call, from, to: from - 1 }) - 1
    this.#open++
    const depths = this.#tracers().map((tracer) => tracer.depth)
    try {
      return body()
    } finally {
      const tracers = this.#tracers()
      tracers.forEach((tracer, i) => tracer.settle(depths[i] ?? 0))
      const { length } = this.log
      if (length >= from && !this.log.full) for (const { samples } of tracers) samples.boundary(length)
      // Inside another operation rules may be broken for a while.
      if (--this.#open === 0)
        tracers.forEach((tracer, i) => this.#check(tracer, i, this.log.length - from + 1))
      this.#operations[index] = { ...call, from, to: this.log.length }
    }
  }

  /** Runs what the script times on a machine as one body. */
  timed<T>(machine: number, body: () => T): T {
    const from = this.log.length + 1
    try {
      return body()
    } finally {
      this.#timed.push({ machine, from, to: this.log.length })
    }
  }

  /** The script said something: the mark is at the state as it is now. Answers its event. */
  mark(kind: 'row' | 'expectation' | 'console', at: string, text: string, status?: 'pass' | 'fail'): number {
    const mark = { kind, index: this.#counts[kind]++, event: this.log.length, at, text }
    this.#marks.push(status === undefined ? mark : { ...mark, status })
    return mark.event
  }

  /**
   * Every rule that a machine newly breaks is an event. Looking takes as long as there are tables: of a large
   * address space only what has done much, and the end, is looked at.
   */
  #check(tracer: Tracer, machine: number, events: number): void {
    const unseen = (this.#unseen[machine] ?? 0) + events
    this.#unseen[machine] = unseen
    const { tables, geometry } = tracer.world
    const entries = tables.state[2] * geometry.tableEntries
    if (unseen === 0 || this.log.full || (entries > SMALL && unseen * EVENTS_WORTH < entries)) return
    this.#unseen[machine] = 0
    const known = this.#broken[machine] ?? new Set()
    const found = violations(tracer.world)
    this.#broken[machine] = new Set(found.map(textOf))
    for (const violation of found)
      if (!known.has(textOf(violation))) tracer.violation(violation.rule, violation.object, violation.found)
  }

  /** Everything, once the script has ended. */
  recording(file: string, parameters: Parameters, error?: string): Recording {
    this.#tracers().forEach((tracer, i) => {
      if ((this.#unseen[i] ?? 0) > 0) this.#check(tracer, i, Infinity)
    })
    for (const { samples } of this.#tracers()) this.log.memory.push(...samples.upTo(this.log.length))
    return {
      file,
      parameters,
      log: this.log.data(),
      machines: this.#machines.map(recorded),
      operations: this.#operations,
      marks: this.#marks,
      timed: this.#timed,
      ...(error === undefined ? {} : { error })
    }
  }

  #tracers(): Tracer[] {
    return this.#machines.map((machine) => tracerOf(machine.world))
  }
}

const textOf = ({ rule, object, found }: Violation): string => `${rule}: ${object}: ${found}`

function tracerOf(world: World): Tracer {
  if (world.trace === undefined) throw new Error('a machine of a traced cell has no tracer')
  return world.trace
}

function recorded(machine: Machine): RecordedMachine {
  const { world, kernel, cpus, cost } = machine
  const { geometry: _, layout, ...shape } = tracerOf(world).shape
  const figures = (of: CostFigures): Float64Array =>
    Float64Array.from(COUNTER_NAMES, (name) => of[name]?.ns ?? 0)
  return {
    kernel: kernel.name,
    cpus,
    tlbs: world.tlbs !== undefined,
    ...(cost === undefined ? {} : { cost: cost.name, costs: figures(cost.costs), dvm: figures(cost.dvm) }),
    granule: world.geometry.name,
    ...(world.bootOptions !== undefined && { commandLine: world.bootOptions }),
    vaBits: world.geometry.vaBits,
    layout,
    exposed: kernel.pteOps === 'exposed',
    ...(world.mte !== undefined && { mteDesign: world.mte.design.name }),
    ...(tracerOf(world).swapSlots > 0 && { swapSlots: tracerOf(world).swapSlots }),
    shape
  }
}
