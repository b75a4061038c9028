/** A recording made ready for questions: one pass over its events finds what every answer needs. */
import { TABLE } from '../../engine/arch/descriptor'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { History } from '../../engine/trace/history'
import { KIND, SPAN_KINDS, TRACE_KINDS } from '../../engine/trace/kinds'
import { fromLanes } from '../../engine/trace/lanes'
import { HEAD, NEW_A, NEW_B, OLD_A, OLD_B, PID, PLACE, type TraceLog } from '../../engine/trace/log'
import type { MachineShape } from '../../engine/trace/replica'
import type { SpanKind, TraceMark, TraceOperation, TraceProcess } from '../results/trace'
import { logOf, shapeOf, type RecordedMachine, type Recording } from './recording'
import { TableHistory } from './table-history'
import { Times } from './times'

/** A span as it is found; its title is made when it is asked for. */
export interface FoundSpan {
  readonly kind: SpanKind
  readonly machine: number
  readonly cpu: number
  readonly pid: number
  readonly from: number
  to: number
  readonly depth: number
  readonly vpn: number
  readonly pages: number
  /** Of an operation: the call. */
  readonly title?: string
}

/** Rows of a process while they are counted. */
type Writable<T> = { -readonly [K in keyof T]: T[K] }

export class IndexedTrace {
  readonly log: TraceLog
  readonly shapes: readonly MachineShape[]
  readonly machines: readonly RecordedMachine[]
  readonly history: History
  readonly kinds = new Float64Array(TRACE_KINDS.length)
  /** Events by machine * 4096 + CPU. */
  readonly cpus = new Map<number, number>()
  readonly processes: Writable<TraceProcess>[] = []
  readonly spans: FoundSpan[] = []
  /** The same with the script's operations around them, in order of their begin: what lanes draw. */
  readonly laneSpans: readonly FoundSpan[]
  readonly tables: readonly TableHistory[]
  readonly operations: readonly TraceOperation[]
  readonly marks: readonly TraceMark[]
  readonly #times: Times

  constructor(readonly recording: Recording) {
    this.log = logOf(recording)
    this.machines = recording.machines
    this.shapes = recording.machines.map(shapeOf)
    this.#times = new Times(this.log, recording.machines, recording.operations, recording.timed)
    this.tables = this.shapes.map(({ geometry }) => new TableHistory(geometry))
    this.history = new History(this.log, this.shapes)
    const violations = this.#index()
    this.operations = this.#operationsOf(recording)
    this.laneSpans = withOperations(this.spans, this.operations, this.log)
    this.marks = [...recording.marks, ...violations]
      .map((mark) => (mark.at === '' ? { ...mark, at: this.#placeOf(mark.event) } : mark))
      .sort((a, b) => a.event - b.event)
  }

  get events(): number {
    return this.log.length
  }

  /** Bytes of all of it. */
  get bytes(): number {
    return this.log.bytes + this.history.bytes + this.laneSpans.length * 192 + this.#times.bytes
  }

  /** Simulated nanoseconds that passed with event `event`. */
  costOf(event: number): number {
    return this.#times.costOf(event)
  }

  /** Simulated nanoseconds from the beginning until after event `event`. */
  timeOf(event: number): number {
    return this.#times.timeOf(event)
  }

  /** The last event at or before which at most `time` nanoseconds passed. */
  eventAt(time: number): number {
    return this.#times.eventAt(time)
  }

  /** Index of the innermost operation that event `event` is part of, -1 for none. */
  operationOf(event: number): number {
    let low = 0
    let high = this.operations.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.operations[middle].from <= event) low = middle + 1
      else high = middle
    }
    // Those that begin later lie inside those that begin earlier.
    for (let index = low - 1; index >= Math.max(0, low - 64); index--) {
      if (this.operations[index].to >= event) return index
    }
    return -1
  }

  #placeOf(event: number): string {
    const index = this.operationOf(event)
    return index < 0 ? '' : this.operations[index].at
  }

  #index(): TraceMark[] {
    const { log } = this
    const open = new Map<number, FoundSpan[]>()
    const living = new Map<string, Writable<TraceProcess>>()
    const violations: TraceMark[] = []
    let lastHead = -1
    let onCpu = 0
    const countCpu = (): void => {
      if (lastHead < 0) return
      const lane = (lastHead >>> 20) * 4096 + ((lastHead >>> 8) & 0xfff)
      this.cpus.set(lane, (this.cpus.get(lane) ?? 0) + onCpu)
      onCpu = 0
    }
    this.history.record((event, chunk, at) => {
      const head = chunk[at + HEAD]
      const kind = head & 0xff
      this.kinds[kind]++
      if (head >>> 8 !== lastHead >>> 8) countCpu()
      lastHead = head
      onCpu++
      const machine = head >>> 20
      if (kind <= KIND['table-link']) {
        if (kind === KIND['table-link'] && chunk[at + NEW_A] === TABLE)
          this.tables[machine].link(event, chunk[at + PLACE], chunk[at + NEW_B])
        return
      }
      const pid = chunk[at + PID]
      if (kind === KIND['table-alloc'])
        this.tables[machine].alloc(event, chunk[at + PLACE], fromLanes(chunk[at + NEW_A], chunk[at + NEW_B]))
      else if (kind === KIND['table-move'])
        this.tables[machine].move(event, chunk[at + PLACE], fromLanes(chunk[at + NEW_A], chunk[at + NEW_B]))
      else if (kind === KIND['mm-start']) {
        this.tables[machine].root(chunk[at + PLACE], pid)
        const born = { machine, pid, parent: chunk[at + OLD_A], from: event, to: 0, events: 0 }
        this.processes.push(born)
        living.set(`${machine} ${pid}`, born)
      } else if (kind === KIND['mm-end']) {
        const gone = living.get(`${machine} ${pid}`)
        if (gone) gone.to = event
      } else if (kind === KIND['span-begin']) this.#begin(open, event, chunk, at)
      else if (kind === KIND['span-end']) {
        const stack = open.get(head >>> 8)
        const ended = stack?.pop()
        if (ended) ended.to = event
      } else if (kind === KIND.violation) {
        const index = violations.length
        violations.push({ kind: 'violation', index, event, at: '', text: log.texts[chunk[at + NEW_A]] })
      }
    })
    countCpu()
    for (const stack of open.values()) for (const span of stack) span.to = log.length
    return violations
  }

  #begin(open: Map<number, FoundSpan[]>, event: number, chunk: Int32Array, at: number): void {
    const head = chunk[at + HEAD]
    const lane = head >>> 8
    const stack = open.get(lane) ?? []
    open.set(lane, stack)
    const place = chunk[at + PLACE]
    const span: FoundSpan = {
      kind: SPAN_KINDS[place & 15],
      machine: head >>> 20,
      cpu: (head >>> 8) & 0xfff,
      pid: chunk[at + PID],
      from: event,
      to: event,
      depth: stack.length,
      vpn: fromLanes(chunk[at + OLD_A], chunk[at + OLD_B]),
      pages: place >>> 4
    }
    stack.push(span)
    this.spans.push(span)
  }

  #operationsOf({ operations }: Recording): TraceOperation[] {
    return operations.map((operation, index) => {
      const { from, to } = operation
      let pid = 0
      for (let event = from; pid === 0 && event <= Math.min(to, from + 64); event++) pid = this.pidOf(event)
      const machine = to >= from ? this.log.machine(from) : 0
      const durationNs = to >= from ? this.timeOf(to) - this.timeOf(from - 1) : 0
      return { ...operation, index, machine, pid, durationNs }
    })
  }

  /** Process of an event, 0 for none. */
  pidOf(event: number): number {
    const chunk = this.log.chunkOf(event)
    const at = this.log.offsetOf(event)
    const head = chunk[at + HEAD]
    const kind = head & 0xff
    if (kind > KIND['table-link']) return hasPid(kind) ? chunk[at + PID] : 0
    const { geometry } = this.shapes[head >>> 20]
    return this.tables[head >>> 20].at(chunk[at + PLACE] >>> geometry.tableShift, event)?.owner ?? 0
  }

  /** Counters of a machine between two states. */
  counted(machine: number, from: number, to: number): Record<string, number> {
    const sums = new Float64Array(COUNTER_NAMES.length)
    for (let event = from; event <= to; event++) {
      if (this.log.machine(event) !== machine) continue
      const pattern = this.log.lane(event, 7)
      for (const { counter, amount } of this.log.patterns.increments(pattern)) sums[counter] += amount
    }
    return Object.fromEntries(
      COUNTER_NAMES.map((name, i) => [name, sums[i]] as const).filter(([, n]) => n !== 0)
    )
  }
}

/** Spans with operations on the CPU that each began on; depths count both. */
function withOperations(
  spans: readonly FoundSpan[],
  operations: readonly TraceOperation[],
  log: TraceLog
): FoundSpan[] {
  const own = operations
    .filter(({ from, to }) => to >= from)
    .map(({ title, from, to, machine, pid }): FoundSpan => {
      const cpu = log.cpu(from)
      return { kind: 'operation', title, machine, cpu, pid, from, to, depth: 0, vpn: 0, pages: 0 }
    })
  // Around what begins with it; of two operations the one that was called first.
  const all = [...own, ...spans].sort((a, b) => a.from - b.from)
  const open = new Map<number, number[]>()
  return all.map((span) => {
    const lane = span.machine * 4096 + span.cpu
    const ends = (open.get(lane) ?? []).filter((to) => to >= span.from)
    open.set(lane, [...ends, span.to])
    return { ...span, depth: ends.length }
  })
}

const WITHOUT_PID = new Set<number>([
  KIND['table-alloc'],
  KIND['table-free'],
  KIND['table-move'],
  KIND['folio-alloc'],
  KIND['folio-free']
])

/** Whether lane 1 of a kind is a process. */
function hasPid(kind: number): boolean {
  return !WITHOUT_PID.has(kind)
}
