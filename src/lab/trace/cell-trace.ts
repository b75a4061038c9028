/** The trace of one cell while its script runs: one log for all its machines, its operations and marks. */
import type { Machine } from '../../engine/machine'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { TraceLog } from '../../engine/trace/log'
import type { Tracer } from '../../engine/trace/tracer'
import type { World } from '../../engine/world'
import type { TraceMark } from '../results/trace'
import type { Parameters } from '../results/types'
import type { RecordedMachine, RecordedOperation, Recording } from './recording'

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
    const depths = this.#tracers().map((tracer) => tracer.depth)
    try {
      return body()
    } finally {
      this.#tracers().forEach((tracer, i) => tracer.settle(depths[i] ?? 0))
      this.#operations[index] = { ...call, from, to: this.log.length }
    }
  }

  /** The script said something: the mark is at the state as it is now. Answers its event. */
  mark(kind: 'row' | 'expectation' | 'console', at: string, text: string, status?: 'pass' | 'fail'): number {
    const mark = { kind, index: this.#counts[kind]++, event: this.log.length, at, text }
    this.#marks.push(status === undefined ? mark : { ...mark, status })
    return mark.event
  }

  /** Everything, once the script has ended. */
  recording(file: string, parameters: Parameters, error?: string): Recording {
    return {
      file,
      parameters,
      log: this.log.data(),
      machines: this.#machines.map(recorded),
      operations: this.#operations,
      marks: this.#marks,
      ...(error === undefined ? {} : { error })
    }
  }

  #tracers(): Tracer[] {
    return this.#machines.map((machine) => tracerOf(machine.world))
  }
}

function tracerOf(world: World): Tracer {
  if (world.trace === undefined) throw new Error('a machine of a traced cell has no tracer')
  return world.trace
}

function recorded(machine: Machine): RecordedMachine {
  const { world, kernel, cpus, cost } = machine
  const { geometry: _, layout, ...shape } = tracerOf(world).shape
  const costs =
    cost &&
    Float64Array.from(COUNTER_NAMES, (name) => (cost.costs[name]?.ns ?? 0) + (cost.dvm[name]?.ns ?? 0))
  return {
    kernel: kernel.name,
    cpus,
    tlbs: world.tlbs !== undefined,
    ...(cost === undefined ? {} : { cost: cost.name, costs }),
    granule: world.geometry.name,
    vaBits: world.geometry.vaBits,
    layout,
    exposed: kernel.pteOps === 'exposed',
    shape
  }
}
