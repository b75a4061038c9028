/**
 * The heap of a JavaScript engine: a young generation of two semi-spaces, of which one is filled and what
 * survives is copied, and an old generation of 256 KiB chunks, of which those without a live object are
 * given back when the old generation is collected. After a collection the semi-space left is given back, too.
 * Source: the published design of V8's garbage collector (scavenger, mark-sweep, 256 KiB pages).
 */
import { Seeded } from '../arch/seeded'
import { FreeMap } from '../mm/free-map'
import type { Heap } from './heap'
import { type Workload, type WorkloadReport } from './heap'
import { heapFull } from './objects'

export interface JsHeapOptions {
  /** Bytes of live old objects at which the old generation is collected. */
  readonly liveBytes: number
  /** Bytes of one semi-space. Default 1 MiB. */
  readonly youngBytes: number
  /** Share of young bytes that survive a scavenge, 0 to 1. Default 0.1. */
  readonly survive: number
  /** Share of old chunks that a collection finds dead. Default 0.3. */
  readonly dead: number
  readonly seed: number
}

const GRANULE = 16
const MAX_OBJECT = 256
const CHUNK_BYTES = 256 * 1024

export class JsHeap implements Workload {
  readonly #random: Seeded
  readonly #pageBytes: number
  readonly #semiPages: number
  readonly #chunkPages: number
  /** Chunks of the old generation that are free; numbers from the end of the semi-spaces on. */
  readonly #free = new FreeMap()
  /** Chunks in use, in no order. */
  readonly #old: number[] = []
  #space = 0
  #at = 0
  /** Bytes filled of the chunk that survivors go to. */
  #oldAt = CHUNK_BYTES
  #operations = 0
  #frees = 0
  #young = 0

  constructor(
    readonly heap: Heap,
    readonly options: JsHeapOptions
  ) {
    this.#random = new Seeded(options.seed)
    this.#pageBytes = heap.world.geometry.pageSize
    this.#semiPages = Math.ceil(options.youngBytes / this.#pageBytes)
    this.#chunkPages = Math.max(1, CHUNK_BYTES / this.#pageBytes)
    const chunks = Math.floor((heap.pages - 2 * this.#semiPages) / this.#chunkPages)
    if (chunks < 1) throw heapFull(heap.pages)
    for (let chunk = 0; chunk < chunks; chunk++) this.#free.add(chunk)
  }

  run(operations: number): void {
    const semiBytes = this.#semiPages * this.#pageBytes
    for (let i = 0; i < operations; i++) {
      this.#operations++
      const size = GRANULE * (1 + this.#random.below(MAX_OBJECT / GRANULE))
      if (this.#at + size > semiBytes) this.#scavenge()
      this.#fill(this.#space * this.#semiPages * this.#pageBytes + this.#at, size)
      this.#at += size
      this.#young++
    }
  }

  get report(): WorkloadReport {
    const old = this.#old.length * this.#chunkPages
    return {
      ...this.heap.counts,
      operations: this.#operations,
      allocations: this.#operations,
      frees: this.#frees,
      liveBytes: this.#old.length * CHUNK_BYTES + this.#at,
      livePages: old + Math.ceil(this.#at / this.#pageBytes),
      residentPages: this.heap.residentPages,
      stateBytes: this.#free.bytes + this.#old.length * 8
    }
  }

  #fill(from: number, size: number): void {
    const first = Math.floor(from / this.#pageBytes)
    this.heap.store(first, Math.floor((from + size - 1) / this.#pageBytes) - first + 1)
  }

  /** Survivors go to the old generation; the semi-space is given back and the other one is filled next. */
  #scavenge(): void {
    let left = Math.floor((this.#at * this.options.survive) / GRANULE) * GRANULE
    while (left > 0) {
      if (this.#oldAt >= CHUNK_BYTES) this.#nextChunk()
      const size = Math.min(left, CHUNK_BYTES - this.#oldAt)
      this.#fill(this.#chunkStart(this.#old[this.#old.length - 1]) * this.#pageBytes + this.#oldAt, size)
      this.#oldAt += size
      left -= size
    }
    this.heap.purge(this.#space * this.#semiPages, this.#semiPages)
    this.#frees += Math.floor(this.#young * (1 - this.options.survive))
    this.#young = 0
    this.#space = 1 - this.#space
    this.#at = 0
    if (this.#old.length * CHUNK_BYTES >= this.options.liveBytes) this.#collectOld()
  }

  #nextChunk(): void {
    const chunk = this.#free.first()
    if (chunk < 0) throw heapFull(this.heap.pages)
    this.#free.delete(chunk)
    this.#old.push(chunk)
    this.#oldAt = 0
  }

  #chunkStart(chunk: number): number {
    return 2 * this.#semiPages + chunk * this.#chunkPages
  }

  /** Chunks without a live object are given back; the one being filled stays. */
  #collectOld(): void {
    const filled = this.#old.pop()
    for (let i = this.#old.length - 1; i >= 0; i--) {
      if (this.#random.next() >= this.options.dead * 2 ** 32) continue
      const chunk = this.#old[i]
      this.#old.splice(i, 1)
      this.#free.add(chunk)
      this.heap.purge(this.#chunkStart(chunk), this.#chunkPages)
    }
    if (filled !== undefined) this.#old.push(filled)
  }
}
