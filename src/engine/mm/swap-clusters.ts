/**
 * Clusters of a swap area: where the next slots come from. One CPU's view: it remembers where it went
 * on, order by order.
 * Source: Linux 6.1, 6.10 and 6.12, mm/swapfile.c (`scan_swap_map_slots`, `swap_alloc_cluster`,
 * `cluster_alloc_swap_entry`, `alloc_swap_scan_cluster`); reference `swap-reclaim.md` section 3.
 */

/**
 * Who may have what: `order-0` pages and whole clusters (up to 6.9); `per-order` any order from the
 * CPU's cluster of that order or a free one (6.10, 6.11); `lists` also from clusters of the order that
 * are partly used, and single pages from any (6.12).
 */
export type SwapSlots = 'order-0' | 'per-order' | 'lists'

const OFF = 0
const FREE = 1
const NONFULL = 2
const FRAG = 3
const FULL = 4

/** The clusters of one area. Slots are taken from and looked up in the area's map. */
export class SwapClusters {
  /** Slots of each cluster that are not free. */
  readonly used: Uint16Array
  readonly #state: Uint8Array
  readonly #order: Uint8Array
  readonly #free: number[] = []
  readonly #nonfull: number[][] = []
  readonly #frag: number[][] = []
  /** Where this CPU goes on, by order; 0 for nowhere. */
  readonly #next: number[] = []

  constructor(
    readonly map: Uint16Array,
    readonly size: number,
    readonly kind: SwapSlots
  ) {
    const nr = Math.ceil(map.length / size)
    this.used = new Uint16Array(nr)
    this.#state = new Uint8Array(nr)
    this.#order = new Uint8Array(nr)
    for (let order = 0; order <= this.#top; order++) {
      this.#nonfull.push([])
      this.#frag.push([])
      this.#next.push(0)
    }
    for (let cluster = 0; cluster < nr; cluster++) {
      // The header, and what lies behind the end of the last one, are in use for good.
      this.used[cluster] = (cluster === 0 ? 1 : 0) + Math.max(0, (cluster + 1) * size - map.length)
      if (this.used[cluster] === 0) this.#list(cluster, FREE)
      else if (kind === 'lists' && this.used[cluster] < size) this.#list(cluster, NONFULL)
    }
  }

  /** Clusters nobody uses a slot of. */
  get free(): number {
    return this.#free.length
  }

  /** First of 2^order free slots, naturally aligned, 0 for none. They are the caller's then. */
  take(order: number): number {
    if (this.kind === 'lists') return this.#takeListed(order)
    if (order >= this.#top) return this.#takeCluster()
    if (order > 0 && this.kind === 'order-0') return 0
    return this.#takeOld(order)
  }

  /** Takes one free slot wherever it lies, as if somebody had long ago. */
  takeAt(slot: number): void {
    this.#taken(slot, 1, 0)
  }

  /** The slot is free again. */
  give(slot: number): void {
    const cluster = this.#of(slot)
    if (--this.used[cluster] === 0) this.#list(cluster, FREE)
    else if (this.kind === 'lists' && this.#state[cluster] !== NONFULL) this.#list(cluster, NONFULL)
  }

  get #top(): number {
    return Math.log2(this.size)
  }

  #of(slot: number): number {
    return Math.floor(slot / this.size)
  }

  /** Moves a cluster to the tail of a list. */
  #list(cluster: number, state: number): void {
    const from = this.#listOf(cluster, this.#state[cluster])
    if (from !== undefined) from.splice(from.indexOf(cluster), 1)
    this.#state[cluster] = state
    this.#listOf(cluster, state)?.push(cluster)
  }

  #listOf(cluster: number, state: number): number[] | undefined {
    if (state === FREE) return this.#free
    if (state === NONFULL) return this.#nonfull[this.#order[cluster]]
    return state === FRAG ? this.#frag[this.#order[cluster]] : undefined
  }

  #taken(slot: number, nr: number, order: number): void {
    const cluster = this.#of(slot)
    if (this.#state[cluster] === FREE) {
      this.#list(cluster, OFF)
      this.#order[cluster] = order
      if (this.kind === 'lists' && nr < this.size) this.#list(cluster, NONFULL)
    }
    this.used[cluster] += nr
    if (this.kind === 'lists' && this.used[cluster] === this.size) this.#list(cluster, FULL)
  }

  #isEmpty(slot: number, nr: number): boolean {
    for (let i = slot; i < slot + nr; i++) if (this.map[i] !== 0) return false
    return true
  }

  /** First fit from `from` to the end of its cluster, in steps of the order; 0 for none. */
  #scan(from: number, order: number): number {
    const nr = 2 ** order
    const end = Math.min((this.#of(from) + 1) * this.size, this.map.length)
    for (let slot = from; slot + nr <= end; slot += nr) if (this.#isEmpty(slot, nr)) return slot
    return 0
  }

  /** Takes what lies at `slot` and goes on behind it, as far as the cluster reaches. */
  #takeAndGoOn(slot: number, order: number, asked: number): number {
    const nr = 2 ** order
    this.#taken(slot, nr, order)
    const next = slot + nr
    this.#next[asked] = this.#of(next) === this.#of(slot) && next + nr <= this.map.length ? next : 0
    return slot
  }

  /** A whole free cluster, as PMD-sized folios get up to 6.11. */
  #takeCluster(): number {
    if (this.#free.length === 0) return 0
    const slot = this.#free[0] * this.size
    this.#taken(slot, this.size, this.#top)
    return slot
  }

  #takeOld(order: number): number {
    for (let at = this.#next[order]; ; at = this.#free[0] * this.size) {
      const slot = at === 0 ? 0 : this.#scan(at, order)
      if (slot !== 0) return this.#takeAndGoOn(slot, order, order)
      this.#next[order] = 0
      if (this.#free.length === 0) break
    }
    if (order > 0) return 0
    // No cluster is free: any slot will do.
    for (let slot = 1; slot < this.map.length; slot++) {
      if (this.map[slot] !== 0) continue
      this.#taken(slot, 1, 0)
      return slot
    }
    return 0
  }

  #takeListed(order: number): number {
    const slot = this.#findListed(order)
    if (slot === 0) {
      this.#next[order] = 0
      return 0
    }
    return this.#takeAndGoOn(slot, order, order)
  }

  #findListed(order: number): number {
    const next = this.#next[order]
    if (next !== 0 && this.#fits(this.#of(next), order)) {
      const slot = this.#scan(next, order)
      if (slot !== 0) return slot
    }
    if (this.#free.length > 0) return this.#free[0] * this.size
    if (order < this.#top) {
      const found = this.#searchUsed(order)
      if (found !== 0) return found
    }
    return order === 0 ? this.#steal() : 0
  }

  /** Partly used clusters of the order: each that does not serve goes behind those that did not before. */
  #searchUsed(order: number): number {
    let looked = 0
    while (this.#nonfull[order].length > 0) {
      const cluster = this.#nonfull[order][0]
      this.#list(cluster, FRAG)
      looked++
      const slot = this.#tryCluster(cluster, order)
      if (slot !== 0) return slot
    }
    for (; looked < this.#frag[order].length; looked++) {
      const cluster = this.#frag[order][0]
      this.#list(cluster, FRAG)
      const slot = this.#tryCluster(cluster, order)
      if (slot !== 0) return slot
    }
    return 0
  }

  /** A single page may come from a cluster of any other order. */
  #steal(): number {
    for (let order = 1; order <= this.#top; order++) {
      for (const cluster of [...this.#frag[order], ...this.#nonfull[order]]) {
        const slot = this.#tryCluster(cluster, 0)
        if (slot !== 0) return slot
      }
    }
    return 0
  }

  #tryCluster(cluster: number, order: number): number {
    return this.#fits(cluster, order) ? this.#scan(cluster * this.size, order) : 0
  }

  #fits(cluster: number, order: number): boolean {
    return this.used[cluster] + 2 ** order <= this.size
  }
}
