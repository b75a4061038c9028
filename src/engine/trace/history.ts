/**
 * Going to any event of a log: copies of all state at intervals, and events done or undone from the
 * nearest one. Copies share what did not change between them.
 */
import { PageStateTable } from '../mm/page-states'
import { apply } from './apply'
import type { TraceLog } from './log'
import { Replica, type MachineShape, type ReplicaMm } from './replica'

/** Events between two copies: a jump does or undoes at most half as many. */
export const SNAPSHOT_EVENTS = 1 << 17

type Chunk = Int32Array | Float64Array | Uint16Array | Uint8Array

/** All lists of chunks of a replica, in a fixed order. */
function lanesOf(replica: Replica): (Chunk | undefined)[][] {
  const { tables, folios, tlbs, counters, swap } = replica
  return [
    tables.attrs,
    tables.pfns,
    folios.states.lanes,
    folios.largeRefs,
    folios.largeFlags,
    folios.entire,
    folios.pins,
    folios.anonVmas,
    folios.contents,
    swap.maps,
    swap.owners,
    swap.saves,
    swap.tags,
    swap.flags,
    [tables.state, counters.values],
    [tlbs.pid, tlbs.vpn, tlbs.pages, tlbs.pfn, tlbs.attr, tlbs.walkPid, tlbs.walkVpn, tlbs.walkTable]
  ]
}

interface MachineCopy {
  readonly lanes: readonly (readonly (Chunk | undefined)[])[]
  readonly bases: Float64Array
  readonly mms: readonly ReplicaMm[]
}

function copyOf(replica: Replica, before: MachineCopy | undefined): MachineCopy {
  const lanes = lanesOf(replica).map((list, lane) =>
    list.map((chunk, i) => chunk && shared(chunk, before?.lanes[lane][i]))
  )
  const mms = [...replica.mms.values()].map((mm) => ({ ...mm, fields: mm.fields.slice() }))
  return { lanes, bases: replica.tables.copyBases(), mms }
}

/** The copy before, where it is equal; else a new one. */
function shared(chunk: Chunk, before: Chunk | undefined): Chunk {
  if (before !== undefined && before.length === chunk.length) {
    let same = true
    for (let i = 0; same && i < chunk.length; i++) same = chunk[i] === before[i]
    if (same) return before
  }
  return chunk.slice()
}

function restore(replica: Replica, copy: MachineCopy): void {
  replica.tables.reachChunks(copy.lanes[0].length)
  lanesOf(replica).forEach((list, lane) => {
    const from = copy.lanes[lane]
    for (let i = 0; i < Math.max(list.length, from.length); i++) {
      const chunk = from[i]
      if (chunk === undefined) list[i]?.fill(0)
      else if (list[i]?.constructor === chunk.constructor) (list[i] as Chunk).set(chunk)
      else list[i] = chunk.slice()
    }
  })
  replica.tables.restoreBases(copy.bases)
  replica.mms.clear()
  for (const mm of copy.mms) replica.mms.set(mm.pid, { ...mm, fields: mm.fields.slice() })
}

/** The state of all machines of a cell at an event that can be moved. */
export class History {
  readonly replicas: Replica[] = []
  #copies: (readonly MachineCopy[])[] = []
  #at = 0

  constructor(
    readonly log: TraceLog,
    readonly shapes: readonly MachineShape[],
    /** Events between two copies. */
    readonly every = SNAPSHOT_EVENTS,
    /** What the replicas number states of pages by: copies hold such numbers. */
    private readonly pageStates: readonly PageStateTable[] = shapes.map(() => new PageStateTable())
  ) {
    this.replicas = shapes.map((shape, i) => new Replica(shape, pageStates[i]))
    this.#keep()
  }

  /** The event at which the state is. */
  get at(): number {
    return this.#at
  }

  /** Another state of the same recorded events, that is moved by itself; the copies are shared. */
  twin(): History {
    const twin = new History(this.log, this.shapes, this.every, this.pageStates)
    twin.#copies = this.#copies
    return twin
  }

  /** Goes through all events once, in order, and keeps copies on the way. */
  record(seen: (event: number, chunk: Int32Array, at: number) => void): void {
    const { log } = this
    this.seek(0)
    for (let event = 1; event <= log.length; event++) {
      const chunk = log.chunkOf(event)
      const at = log.offsetOf(event)
      apply(this.#replicaOf(chunk, at), log, chunk, at, true)
      this.#at = event
      seen(event, chunk, at)
      if (event === this.#copies.length * this.every) this.#keep()
    }
  }

  /** Makes the state that of event `event`, 0 to `log.length`. */
  seek(event: number): void {
    const nearest = Math.min(Math.round(event / this.every), this.#copies.length - 1)
    const start = nearest * this.every
    if (Math.abs(event - start) < Math.abs(event - this.#at)) {
      this.replicas.forEach((replica, i) => restore(replica, this.#copies[nearest][i]))
      this.#at = start
    }
    const { log } = this
    while (this.#at < event) {
      const chunk = log.chunkOf(++this.#at)
      const at = log.offsetOf(this.#at)
      apply(this.#replicaOf(chunk, at), log, chunk, at, true)
    }
    while (this.#at > event) {
      const chunk = log.chunkOf(this.#at)
      const at = log.offsetOf(this.#at--)
      apply(this.#replicaOf(chunk, at), log, chunk, at, false)
    }
  }

  /** Bytes of the copies, each shared chunk counted once. */
  get bytes(): number {
    const seen = new Set<Chunk>()
    for (const copies of this.#copies) {
      for (const { lanes } of copies)
        for (const list of lanes) for (const chunk of list) if (chunk) seen.add(chunk)
    }
    return [...seen].reduce((sum, chunk) => sum + chunk.byteLength, 0)
  }

  #replicaOf(chunk: Int32Array, at: number): Replica {
    return this.replicas[chunk[at] >>> 20]
  }

  #keep(): void {
    const before = this.#copies.length === 0 ? undefined : this.#copies[this.#copies.length - 1]
    this.#copies.push(this.replicas.map((replica, i) => copyOf(replica, before?.[i])))
  }
}
