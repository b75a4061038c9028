/**
 * The log of a trace: events of a fixed width of 32 bytes, appended to chunks of typed arrays. What an
 * event changes is in it twice, as it was and as it becomes, so that it can be undone as well as done.
 * The format is described in docs/traces.md.
 */
import { COUNTER_NAMES } from './counters'
import type { TraceKind } from './kinds'
import type { MemorySample } from './memory-samples'
import { KIND, TRACE_KINDS } from './kinds'
import { Patterns } from './patterns'
import type { Vma } from '../mm/mm'

/** 32-bit lanes of an event. */
export const LANES = 8
/** Lane 0: kind in bits 7:0, CPU in 19:8, machine in 31:20. */
export const HEAD = 0
/** Process, or what the kind says. */
export const PID = 1
/** What changes: a slot, a frame, a table, an entry of a TLB. */
export const PLACE = 2
export const OLD_A = 3
export const OLD_B = 4
export const NEW_A = 5
export const NEW_B = 6
/** Number of the pattern of what was counted since the machine's event before. */
export const COUNTED = 7

/** log2 of the events of a chunk. */
const CHUNK_SHIFT = 15
const CHUNK_EVENTS = 1 << CHUNK_SHIFT
const CHUNK_MASK = CHUNK_EVENTS - 1

/** Events kept unless another limit is given. */
export const DEFAULT_TRACE_LIMIT = 4_000_000

/** One VMA as it is kept: never changed afterwards. */
export type VmaRecord = Readonly<Omit<Vma, 'file'>> & { readonly file: string | undefined }

/** Ends a run at an event: for tests of what a state must be. */
export class TraceStop extends Error {
  override readonly name = 'TraceStop'
}

/** A log as plain data. */
export interface LogData {
  readonly limit: number
  readonly length: number
  readonly cut: boolean
  readonly chunks: readonly Int32Array[]
  /** Parent, counter and amount of each pattern but the first. */
  readonly patterns: Float64Array
  readonly vmaLists: readonly (readonly VmaRecord[])[]
  readonly texts: readonly string[]
  readonly stats: readonly number[]
  readonly memory: readonly MemorySample[]
}

/** Events 1 to `length`, of all machines of a cell in the order in which they happened. */
export class TraceLog {
  readonly chunks: Int32Array[] = []
  readonly patterns = new Patterns(COUNTER_NAMES.length)
  /** Lists of VMAs that an address space had at some time; events hold their numbers. List 0 is empty. */
  readonly vmaLists: (readonly VmaRecord[])[] = [[]]
  /** Texts that events name by number. */
  readonly texts: string[] = []
  /** Changes of statistics of huge pages, four numbers each: the event before, machine, place, by how much. */
  readonly stats: number[] = []
  /** How memory was, machine by machine, once the cell has ended. */
  readonly memory: MemorySample[] = []
  /** Set once something did not fit any more. */
  cut = false
  /** Event after which a run is ended by `TraceStop`; for tests. */
  stopAt = Infinity
  #length = 0
  /** The chunk that is being filled. */
  #chunk = new Int32Array(0)
  readonly #textNumbers = new Map<string, number>()

  constructor(readonly limit = DEFAULT_TRACE_LIMIT) {}

  /** The log that some data are of; takes their chunks over. */
  static from(data: LogData): TraceLog {
    const log = new TraceLog(data.limit)
    log.chunks.push(...data.chunks)
    log.#length = data.length
    log.cut = data.cut
    log.patterns.load(data.patterns)
    log.vmaLists.splice(0, 1, ...data.vmaLists)
    for (const text of data.texts) log.texts.push(text)
    for (const number of data.stats) log.stats.push(number)
    log.memory.push(...data.memory)
    return log
  }

  /** The log as data; it must not grow afterwards. */
  data(): LogData {
    const { limit, length, cut, chunks, vmaLists, texts, stats, memory } = this
    return { limit, length, cut, chunks, patterns: this.patterns.data(), vmaLists, texts, stats, memory }
  }

  get length(): number {
    return this.#length
  }

  /** Whether further events are dropped; the first one dropped marks the trace as cut. */
  get full(): boolean {
    return this.#length >= this.limit
  }

  /** Appends an event; the caller has asked whether the log is full. */
  append(
    head: number,
    pid: number,
    place: number,
    oldA: number,
    oldB: number,
    newA: number,
    newB: number,
    counted: number
  ): void {
    let at = (this.#length++ & CHUNK_MASK) * LANES
    if (at === 0) this.chunks.push((this.#chunk = new Int32Array(CHUNK_EVENTS * LANES)))
    const chunk = this.#chunk
    chunk[at++] = head
    chunk[at++] = pid
    chunk[at++] = place
    chunk[at++] = oldA
    chunk[at++] = oldB
    chunk[at++] = newA
    chunk[at++] = newB
    chunk[at] = counted
  }

  /** Ends the run where a test asked for it. Called after the event was appended. */
  checkStop(): void {
    if (this.#length >= this.stopAt) throw new TraceStop(`stopped at event ${this.#length}`)
  }

  /** The chunk that holds event `event`, 1-based. */
  chunkOf(event: number): Int32Array {
    return this.chunks[(event - 1) >>> CHUNK_SHIFT]
  }

  /** Where in its chunk event `event` begins. */
  offsetOf(event: number): number {
    return ((event - 1) & CHUNK_MASK) * LANES
  }

  lane(event: number, lane: number): number {
    return this.chunkOf(event)[this.offsetOf(event) + lane]
  }

  /** Changes the second new value of an event that is still open: a span learns where it ends. */
  setLane(event: number, lane: number, value: number): void {
    this.chunkOf(event)[this.offsetOf(event) + lane] = value
  }

  kind(event: number): TraceKind {
    return TRACE_KINDS[this.lane(event, HEAD) & 0xff]
  }

  cpu(event: number): number {
    return (this.lane(event, HEAD) >>> 8) & 0xfff
  }

  machine(event: number): number {
    return this.lane(event, HEAD) >>> 20
  }

  /** The number of a text. */
  text(text: string): number {
    const known = this.#textNumbers.get(text)
    if (known !== undefined) return known
    const added = this.texts.push(text) - 1
    this.#textNumbers.set(text, added)
    return added
  }

  /** Bytes of the events and of what they name. */
  get bytes(): number {
    const vmas = this.vmaLists.reduce((sum, list) => sum + 16 + 8 * list.length, 0)
    const texts = this.texts.reduce((sum, text) => sum + 2 * text.length, 0)
    const stats = 8 * this.stats.length
    const memory = this.memory.length * 512
    return this.chunks.length * CHUNK_EVENTS * LANES * 4 + this.patterns.bytes + vmas + texts + stats + memory
  }
}

/** Lane 0 of an event. */
export function headOf(kind: TraceKind, cpu: number, machine: number): number {
  return KIND[kind] | (cpu << 8) | (machine << 20)
}
