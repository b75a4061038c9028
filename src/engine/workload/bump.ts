/**
 * A bump allocator: objects one behind the other, nothing freed by itself; when a chunk is full the next
 * one begins, and after `chunks` of them all are given back at once. Regions, arenas of compilers, nginx
 * pools: what large folios are made for.
 */
import { Seeded } from '../arch/seeded'
import type { Heap } from './heap'
import { type Workload, type WorkloadReport } from './heap'

export interface BumpOptions {
  /** Bytes filled before everything is dropped at once. */
  readonly liveBytes: number
  /** Largest object; sizes are spread evenly up to it. Default 4 KiB. */
  readonly maxBytes: number
  readonly seed: number
}

const GRANULE = 16

export class Bump implements Workload {
  readonly #random: Seeded
  readonly #limit: number
  readonly #pageBytes: number
  #at = 0
  #operations = 0
  #frees = 0
  #objects = 0

  constructor(
    readonly heap: Heap,
    readonly options: BumpOptions
  ) {
    this.#random = new Seeded(options.seed)
    this.#pageBytes = heap.world.geometry.pageSize
    this.#limit = Math.min(options.liveBytes, heap.pages * this.#pageBytes)
  }

  run(operations: number): void {
    for (let i = 0; i < operations; i++) {
      this.#operations++
      const size = GRANULE * (1 + this.#random.below(Math.max(1, this.options.maxBytes / GRANULE)))
      if (this.#at + size > this.#limit) {
        this.heap.purge(0, Math.ceil(this.#at / this.#pageBytes))
        this.#frees += this.#objects
        this.#objects = 0
        this.#at = 0
      }
      const first = Math.floor(this.#at / this.#pageBytes)
      const last = Math.floor((this.#at + size - 1) / this.#pageBytes)
      this.heap.store(first, last - first + 1)
      this.#at += size
      this.#objects++
    }
  }

  get report(): WorkloadReport {
    return {
      ...this.heap.counts,
      operations: this.#operations,
      allocations: this.#operations,
      frees: this.#frees,
      liveBytes: this.#at,
      livePages: Math.ceil(this.#at / this.#pageBytes),
      residentPages: this.heap.residentPages,
      stateBytes: 0
    }
  }
}
