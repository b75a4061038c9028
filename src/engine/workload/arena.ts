/**
 * Arenas with size classes, as jemalloc and scudo have them: small objects share slabs of one class, the
 * lowest slab with room is used first, large ones are runs of pages. Pages that no object needs are kept
 * for a while (`decay`) and then given back with MADV_DONTNEED, a run at a time: by single pages as the
 * allocators of Android did, or only in whole aligned units of `purgeBytes`.
 * Source: the published designs of jemalloc (arenas, slabs, decay) and scudo (regions, release to OS);
 * thread 001, messages 32 and 34 (Barry Song), on what 4K frees do to large folios.
 */
import { Seeded } from '../arch/seeded'
import { Buddy } from '../mm/buddy'
import { FreeMap } from '../mm/free-map'
import type { Heap } from './heap'
import { type Workload, type WorkloadReport } from './heap'
import { heapFull, Objects } from './objects'

export interface ArenaOptions {
  /** Bytes of live objects that it grows to. */
  readonly liveBytes: number
  /** Share of `liveBytes` it shrinks to before it grows again, 0 to 1; 1 stays at the top. Default 0.5. */
  readonly low: number
  /** Operations a free run waits for, before it is given back. Default 1000. */
  readonly decay: number
  /** Runs are given back in aligned units of so many bytes. Default: a page. */
  readonly purgeBytes: number
  /** Largest object; sizes are spread evenly over powers of two from 16 bytes. Default 32 KiB. */
  readonly maxBytes: number
  readonly seed: number
}

/** Objects are counted in granules. */
const GRANULE = 16
const SLAB_PAGES = 4
/** Objects of at least this share of a slab are runs of pages of their own. */
const SMALL_SHARE = 1 / 4
/** Orders of runs within the heap: up to 4 MiB of 4K pages. */
const MAX_RUN_ORDER = 10

/** An arena at work on a heap. */
export class Arena implements Workload {
  readonly #random: Seeded
  readonly #objects = new Objects()
  /** The heap's own pages: which runs are free. */
  readonly #runs: Buddy
  /** By page: the size class of its slab, in granules; 0 for none. Kept in the slab's first page. */
  readonly #class: Uint16Array
  readonly #used: Uint16Array
  /** A bit a granule: the object begins there. */
  readonly #bits: Int32Array
  /** Live objects in each page, as far as they touch it. */
  readonly #touched: Uint16Array
  /** Slabs with room, by class. */
  readonly #room = new Map<number, FreeMap>()
  /** Runs that were freed, oldest first, with the operation at which: a ring. */
  readonly #dirty: { page: number; order: number; since: number }[] = []
  #dirtyHead = 0
  /** The operation a free run was queued at, by first page. */
  readonly #stamp: Float64Array
  readonly #pageBytes: number
  #operations = 0
  #allocations = 0
  #frees = 0
  #live = 0
  #livePages = 0
  #growing = true

  constructor(
    readonly heap: Heap,
    readonly options: ArenaOptions
  ) {
    this.#random = new Seeded(options.seed)
    const pages = heap.pages - (heap.pages % 2 ** MAX_RUN_ORDER)
    this.#pageBytes = heap.world.geometry.pageSize
    this.#runs = new Buddy(pages, MAX_RUN_ORDER, 0)
    this.#class = new Uint16Array(pages)
    this.#used = new Uint16Array(pages)
    this.#touched = new Uint16Array(pages)
    this.#stamp = new Float64Array(pages)
    this.#bits = new Int32Array((pages * this.#pageBytes) / GRANULE / 32)
  }

  run(operations: number): void {
    const { liveBytes, low } = this.options
    for (let i = 0; i < operations; i++) {
      this.#operations++
      if (this.#live >= liveBytes) this.#growing = false
      else if (this.#live <= liveBytes * Math.min(low, 0.99)) this.#growing = true
      // Most operations follow the tide; some go against it.
      const follow = this.#random.below(4) !== 0
      if (this.#objects.count === 0 || follow === this.#growing) this.#allocate()
      else this.#free(this.#random.below(this.#objects.count))
      this.#decay()
    }
  }

  get report(): WorkloadReport {
    const lanes = [this.#class, this.#used, this.#bits, this.#touched, this.#stamp]
    const kept = [this.#objects, this.#runs, ...this.#room.values()]
    return {
      ...this.heap.counts,
      operations: this.#operations,
      allocations: this.#allocations,
      frees: this.#frees,
      liveBytes: this.#live,
      livePages: this.#livePages,
      residentPages: this.heap.residentPages,
      stateBytes:
        lanes.reduce((sum, { byteLength }) => sum + byteLength, 0) +
        kept.reduce((sum, { bytes }) => sum + bytes, 0)
    }
  }

  #allocate(): void {
    this.#allocations++
    const exponent = this.#random.below(Math.log2(this.options.maxBytes / GRANULE) + 1)
    const most = 2 ** exponent
    // Up to half as much below its power of two, in four classes to the power, as the allocators have.
    const granules = Math.max(1, most - Math.floor(most / 8) * this.#random.below(4))
    const small = granules * GRANULE <= SLAB_PAGES * this.#pageBytes * SMALL_SHARE
    const start = small ? this.#allocateSmall(granules) : this.#allocateRun(granules * GRANULE)
    this.#objects.add(start, granules)
    this.#live += granules * GRANULE
    this.#eachPage(start, granules, (page) => {
      if (this.#touched[page]++ === 0) this.#livePages++
      this.heap.store(page, 1)
    })
  }

  /** The first free place of the lowest slab with room; a new slab where there is none. */
  #allocateSmall(granules: number): number {
    let room = this.#room.get(granules)
    if (room === undefined) this.#room.set(granules, (room = new FreeMap()))
    let slab = room.first()
    if (slab < 0) {
      const page = this.#takeRun(Math.log2(SLAB_PAGES))
      slab = page / SLAB_PAGES
      this.#class[page] = granules
      this.#used[page] = 0
      room.add(slab)
    }
    const page = slab * SLAB_PAGES
    const first = (page * this.#pageBytes) / GRANULE
    const places = this.#places(granules)
    let place = 0
    while (this.#bit(first + place * granules)) place++
    this.#flip(first + place * granules)
    if (++this.#used[page] === places) room.delete(slab)
    return first + place * granules
  }

  #places(granules: number): number {
    return Math.floor((SLAB_PAGES * this.#pageBytes) / GRANULE / granules)
  }

  #allocateRun(bytes: number): number {
    const order = Math.max(0, Math.ceil(Math.log2(bytes / this.#pageBytes)))
    return (this.#takeRun(order) * this.#pageBytes) / GRANULE
  }

  #takeRun(order: number): number {
    const page = this.#runs.alloc(order)
    if (page < 0) throw heapFull(this.heap.pages)
    return page
  }

  #free(index: number): void {
    this.#frees++
    const start = this.#objects.start(index)
    const granules = this.#objects.size(index)
    this.#objects.remove(index)
    this.#live -= granules * GRANULE
    this.#eachPage(start, granules, (page) => {
      if (--this.#touched[page] === 0) this.#livePages--
    })
    const page = Math.floor((start * GRANULE) / this.#pageBytes)
    if (granules * GRANULE > SLAB_PAGES * this.#pageBytes * SMALL_SHARE) {
      const order = Math.max(0, Math.ceil(Math.log2((granules * GRANULE) / this.#pageBytes)))
      this.#giveRun(page, order)
      return
    }
    const slab = Math.floor(page / SLAB_PAGES)
    const first = slab * SLAB_PAGES
    const room = this.#room.get(granules)
    this.#flip(start)
    if (this.#used[first]-- === this.#places(granules)) room?.add(slab)
    if (this.#used[first] > 0) return
    room?.delete(slab)
    this.#class[first] = 0
    this.#giveRun(first, Math.log2(SLAB_PAGES))
  }

  /** A run becomes free; its pages stay until they decay. */
  #giveRun(page: number, order: number): void {
    this.#runs.release(page, order)
    this.#stamp[page] = this.#operations
    this.#dirty.push({ page, order, since: this.#operations })
  }

  /** Gives back the runs whose time has come, and that are still free. */
  #decay(): void {
    const due = this.#operations - this.options.decay
    while (this.#dirtyHead < this.#dirty.length && this.#dirty[this.#dirtyHead].since <= due) {
      const { page, order, since } = this.#dirty[this.#dirtyHead++]
      if (this.#stamp[page] === since) this.#purge(page, 2 ** order)
    }
    if (this.#dirtyHead < 4096 || this.#dirtyHead * 2 < this.#dirty.length) return
    this.#dirty.splice(0, this.#dirtyHead)
    this.#dirtyHead = 0
  }

  /** The pages of a run that are free still; in larger units, the whole unit must be. */
  #purge(page: number, count: number): void {
    const unit = Math.max(1, Math.round(this.options.purgeBytes / this.#pageBytes))
    let from = -1
    for (let at = page - (page % unit); at < page + count; at += unit) {
      const free = this.#isFree(at, unit)
      if (free && from < 0) from = at
      if (!free && from >= 0) {
        this.heap.purge(from, at - from)
        from = -1
      }
    }
    const end = Math.ceil((page + count) / unit) * unit
    if (from >= 0) this.heap.purge(from, end - from)
  }

  #isFree(page: number, count: number): boolean {
    for (let at = page; at < page + count; at++) if (!this.#runs.isFree(at)) return false
    return true
  }

  #eachPage(start: number, granules: number, visit: (page: number) => void): void {
    const first = Math.floor((start * GRANULE) / this.#pageBytes)
    const last = Math.floor(((start + granules) * GRANULE - 1) / this.#pageBytes)
    for (let page = first; page <= last; page++) visit(page)
  }

  #bit(granule: number): boolean {
    return (this.#bits[granule >>> 5] & (1 << (granule & 31))) !== 0
  }

  #flip(granule: number): void {
    this.#bits[granule >>> 5] ^= 1 << (granule & 31)
  }
}
