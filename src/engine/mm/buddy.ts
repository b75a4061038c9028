import { FreeMap } from './free-map'

/**
 * The page allocator: naturally aligned blocks of 2^order pages, split and merged as buddies. It
 * always answers the lowest address of the smallest order that fits, so a run of allocations is a
 * function of the run before it and of nothing else. Memory never touched costs nothing.
 */
export class Buddy {
  /** Free blocks of each order below and at `maxOrder`, by number (pfn >> order). */
  readonly free: FreeMap[]
  /** [first page never handed out, pages free]. A multiple of the largest block. */
  readonly state: Float64Array

  constructor(
    /** Pages of the machine. */
    readonly pages: number,
    readonly maxOrder: number,
    /** Pages at the bottom that are never free: the kernel's own. */
    reserved: number
  ) {
    this.free = Array.from({ length: maxOrder + 1 }, () => new FreeMap())
    this.state = new Float64Array([reserved, pages - reserved])
  }

  get freePages(): number {
    return this.state[1]
  }

  /** Whether nobody has the page. */
  isFree(pfn: number): boolean {
    if (pfn >= this.state[0]) return pfn < this.pages
    return this.#blockOrder(pfn) >= 0
  }

  /** Whether an aligned block is free as a whole. */
  isFreeBlock(pfn: number, order: number): boolean {
    if (pfn >= this.state[0]) return pfn + 2 ** order <= this.pages
    return this.#blockOrder(pfn) >= order
  }

  /** Free blocks of each order, memory never handed out among them: what /proc/buddyinfo shows. */
  blocks(): number[] {
    const blocks = this.free.map(({ size }) => size)
    blocks[this.maxOrder] += Math.floor((this.pages - this.state[0]) / 2 ** this.maxOrder)
    return blocks
  }

  /** Takes one free page, whichever block it is in. Compaction isolates pages so. */
  take(pfn: number): void {
    while (pfn >= this.state[0]) {
      this.free[this.maxOrder].add(this.state[0] / 2 ** this.maxOrder)
      this.state[0] += 2 ** this.maxOrder
    }
    let order = this.#blockOrder(pfn)
    if (order < 0) throw new Error(`page ${pfn} is not free`)
    this.free[order].delete(Math.floor(pfn / 2 ** order))
    while (order > 0) {
      order--
      this.free[order].add(Math.floor(pfn / 2 ** order) ^ 1)
    }
    this.state[1]--
  }

  /** First page of the highest free block of 2^order pages, or -1: where compaction puts what it moves. */
  allocHighest(order: number): number {
    let best = -1
    let from = -1
    for (let at = order; at <= this.maxOrder; at++) {
      const block = this.free[at].last()
      if (block < 0 || (block + 1) * 2 ** at <= best) continue
      best = (block + 1) * 2 ** at
      from = at
    }
    if (from < 0) return -1
    this.free[from].delete(best / 2 ** from - 1)
    for (let at = from - 1; at >= order; at--) this.free[at].add((best - 2 ** (at + 1)) / 2 ** at)
    this.state[1] -= 2 ** order
    return best - 2 ** order
  }

  /** Order of the free block a page lies in, -1 for none. */
  #blockOrder(pfn: number): number {
    for (let order = 0; order <= this.maxOrder; order++) {
      if (this.free[order].has(Math.floor(pfn / 2 ** order))) return order
    }
    return -1
  }

  /** The largest order a block of which is free, -1 where no page is. */
  get largestFree(): number {
    if (this.state[0] + 2 ** this.maxOrder <= this.pages) return this.maxOrder
    for (let order = this.maxOrder; order >= 0; order--) if (this.free[order].size > 0) return order
    return -1
  }

  /** First page of a free block of 2^order pages, or -1 when there is none. Above `maxOrder`: `alloc_contig_pages`. */
  alloc(order: number): number {
    if (order > this.maxOrder) return this.#allocContiguous(2 ** (order - this.maxOrder))
    let from = order
    while (from <= this.maxOrder && this.free[from].size === 0) from++
    let pfn: number
    if (from <= this.maxOrder) {
      const block = this.free[from].first()
      this.free[from].delete(block)
      pfn = block * 2 ** from
    } else {
      from = this.maxOrder
      pfn = this.state[0]
      if (pfn + 2 ** from > this.pages) return -1
      this.state[0] += 2 ** from
    }
    while (from > order) {
      from--
      this.free[from].add(pfn / 2 ** from + 1)
    }
    this.state[1] -= 2 ** order
    return pfn
  }

  /** Gives a block back and merges it with its free buddies. */
  release(pfn: number, order: number): void {
    const { maxOrder } = this
    if (order > maxOrder) {
      const end = pfn + 2 ** order
      for (let at = pfn; at < end; at += 2 ** maxOrder) this.release(at, maxOrder)
      return
    }
    this.state[1] += 2 ** order
    let block = pfn / 2 ** order
    while (order < this.maxOrder && this.free[order].has(block ^ 1)) {
      this.free[order].delete(block ^ 1)
      block >>>= 1
      order++
    }
    this.free[order].add(block)
  }

  /** Gives `count` neighbouring blocks back, the first page of the first being `pfn`: as one by one. */
  releaseRun(pfn: number, order: number, count: number): void {
    let block = pfn / 2 ** order
    let left = count
    while (left > 0) {
      // The largest aligned block that begins here and lies inside.
      let up = 0
      while (order + up < this.maxOrder && (block & ((2 << up) - 1)) === 0 && 2 << up <= left) up++
      this.release(block * 2 ** order, order + up)
      block += 1 << up
      left -= 1 << up
    }
  }

  /**
   * `blocks` blocks of the largest order in a row, naturally aligned, lowest first: what a gigantic page
   * takes. All must be free: the kernel would move what can be moved out of the way, which is not modelled.
   */
  #allocContiguous(blocks: number): number {
    const size = 2 ** this.maxOrder
    const free = this.free[this.maxOrder]
    const fresh = this.state[0] / size
    for (let first = 0; (first + blocks) * size <= this.pages; first += blocks) {
      let at = first
      while (at < first + blocks && (at >= fresh || free.has(at))) at++
      if (at < first + blocks) continue
      for (let block = first; block < Math.min(first + blocks, fresh); block++) free.delete(block)
      for (let block = fresh; block < first; block++) free.add(block)
      this.state[0] = Math.max(this.state[0], (first + blocks) * size)
      this.state[1] -= blocks * size
      return first * size
    }
    return -1
  }

  get bytes(): number {
    return this.free.reduce((sum, map) => sum + map.bytes, 0)
  }
}
