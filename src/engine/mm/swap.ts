/**
 * A swap area: which slots are in use, by how many entries, which are in the swap cache, and what they
 * hold. The device itself is synchronous (zram): what is written is there at once.
 * Source: reference `swap-reclaim.md` section 3; Linux 6.1 and 6.12, mm/swapfile.c, mm/swap_slots.c.
 */
import type { Folios } from './folio'
import { FOLIO_SWAPCACHE, FOLIO_DIRTY } from './folio'
import { SwapClusters, type SwapSlots } from './swap-clusters'

/** SWAP_HAS_CACHE: a folio in the swap cache owns the slot. The rest of the value counts entries. */
export const SLOT_CACHED = 1 << 15
export const SLOT_COUNT = SLOT_CACHED - 1

/** SWAP_SLOTS_CACHE_SIZE: slots for single pages that a CPU takes at once, and gives back at once. */
const SLOTS_CACHE = 64
/** Free slots from which on a CPU takes them so, and below which it stops. */
const CACHE_FROM = 5 * SLOTS_CACHE
const CACHE_UNTIL = 2 * SLOTS_CACHE

/** What kind of device an area lies on. */
export interface SwapDevice {
  /**
   * What is written or read is so at once (zram): entries that nobody shares are read past the swap
   * cache, and a folio is freed in the pass that writes it. Default true.
   */
  readonly synchronous?: boolean
  /** How many bytes of pages the device keeps in one of its own (zram). Default 1. */
  readonly compression?: number
}

/** One swap area. Slot 0 is its header and never handed out. */
export class SwapArea {
  /** swap_map: entries that name a slot, and `SLOT_CACHED`. */
  readonly map: Uint16Array
  /** The byte each page in a slot holds. */
  readonly contents: Uint8Array
  /** The zero map (6.12): slots of folios that held only zeroes, which were never written. */
  readonly zeroes: Uint8Array
  /** First page of the folio in the swap cache that owns a slot; 0 for none. */
  readonly cache: Int32Array
  /** Slots whose page the device holds. */
  readonly #written: Uint8Array
  #stored = 0
  /** swapoff is under way: nobody gets a slot any more. */
  off = false
  /** `nr_swap_pages`: slots that neither anybody uses nor a slot cache holds. */
  free: number
  readonly clusters: SwapClusters
  /** Told of every slot that becomes free. */
  released: ((slot: number) => void) | undefined
  /** Told of every slot whose count or owner changed, and what they were. A trace listens. */
  told: ((slot: number, map: number, owner: number) => void) | undefined
  /** Slots in the two slot caches of the CPU: taken and not used yet, used and not given back yet. */
  readonly #taken: number[] = []
  readonly #returned: number[] = []
  #caching = false
  /** First slot of each folio in the swap cache, by its first page. */
  readonly #owned = new Map<number, number>()

  constructor(
    /** Slots, the header included. */
    readonly slots: number,
    kind: SwapSlots = 'lists',
    /** Slots of a cluster: as many as a PMD maps where folios are swapped whole, else 256. */
    clusterSlots = 512,
    readonly device: SwapDevice = {}
  ) {
    this.#written = new Uint8Array(slots)
    this.map = new Uint16Array(slots)
    this.contents = new Uint8Array(slots)
    this.zeroes = new Uint8Array(slots)
    this.cache = new Int32Array(slots)
    this.map[0] = SLOT_COUNT
    this.free = slots - 1
    this.clusters = new SwapClusters(this.map, clusterSlots, kind)
  }

  /** Whether the device is done when it is asked. */
  get synchronous(): boolean {
    return this.device.synchronous ?? true
  }

  /** Pages that the device holds. Those of zeroes that a zero map notes are not among them. */
  get stored(): number {
    return this.#stored
  }

  /** Bytes that the device needs for `pages` pages of `pageSize` bytes, rounded up. */
  deviceBytes(pageSize: number): number {
    return Math.ceil((this.#stored * pageSize) / (this.device.compression ?? 1))
  }

  /** A page is written to its slot. */
  write(slot: number, content: number): void {
    this.contents[slot] = content
    if (this.#written[slot] !== 0) return
    this.#written[slot] = 1
    this.#stored++
  }

  /** Notes in the zero map whether `nr` slots hold nothing but zeroes: the device is not told of them then. */
  noteZeroes(slot: number, nr: number, zeroes: boolean): void {
    this.zeroes.fill(zeroes ? 1 : 0, slot, slot + nr)
    if (zeroes) this.contents.fill(0, slot, slot + nr)
  }

  /** Folios in the swap cache, first pages, by their slots. */
  cached(): number[] {
    return [...this.#owned].sort(([, a], [, b]) => a - b).map(([head]) => head)
  }

  /** The large folio at `head` has been split: each of its pages owns its slot. */
  split(head: number, nr: number): void {
    const slot = this.#owned.get(head)
    if (slot === undefined) throw new Error(`folio ${head} is not in the swap cache`)
    for (let i = 0; i < nr; i++) {
      this.#owned.set(head + i, slot + i)
      this.#put(slot + i, this.map[slot + i], head + i)
    }
  }

  /** Slots that a slot cache holds: for whoever counts. */
  get parked(): number {
    return this.#taken.length + this.#returned.length
  }

  /** Whether a slot cache holds the slot. */
  isParked(slot: number): boolean {
    return this.#taken.includes(slot) || this.#returned.includes(slot)
  }

  /**
   * `folio_alloc_swap`: takes 2^order slots, naturally aligned, for the swap cache; the first, or 0
   * where no such run is to be had. Other code relies on the alignment (section 3, 4). Single pages
   * come from the CPU's slot cache where swap is large enough for one.
   */
  alloc(order: number): number {
    if (this.off) return 0
    if (order === 0 && this.#mayCache()) {
      if (this.#taken.length === 0) this.#refill()
      const slot = this.#taken.shift()
      if (slot !== undefined) return slot
    }
    return this.#take(order)
  }

  /** Entries that name the slot. */
  count(slot: number): number {
    return this.map[slot] & SLOT_COUNT
  }

  /** One more entry names the slot. */
  duplicate(slot: number): void {
    if (this.map[slot] === 0) throw new Error(`swap slot ${slot} is duplicated, but nobody uses it`)
    this.#put(slot, this.map[slot] + 1)
  }

  /** `swap_free`: one entry less; the slot goes to the slot cache when it was the last and no folio owns it. */
  drop(slot: number): void {
    if (this.count(slot) === 0) throw new Error(`swap slot ${slot} is freed, but no entry names it`)
    this.#put(slot, this.map[slot] - 1)
    if (this.map[slot] === 0) this.#park(slot)
  }

  /**
   * `__swap_entries_free` (6.12): entries of `nr` consecutive slots go. What nobody else needs is free
   * at once where there are several, all named once, in one cluster.
   */
  dropRun(slot: number, nr: number): void {
    const { kind, size } = this.clusters
    let batch = kind === 'lists' && nr > 1 && (slot % size) + nr <= size
    const cached = this.map[slot] & SLOT_CACHED
    for (let i = slot; i < slot + nr && batch; i++) batch = this.map[i] === (cached | 1)
    if (!batch) {
      for (let i = slot; i < slot + nr; i++) this.drop(i)
      return
    }
    for (let i = slot; i < slot + nr; i++) this.#put(i, cached)
    if (cached === 0) for (let i = slot; i < slot + nr; i++) this.#release(i)
  }

  /** `add_to_swap_cache`: the folio owns the slots from `slot` on, each with one of its references. */
  addCache(folios: Folios, pfn: number, slot: number): void {
    const head = folios.head(pfn)
    const nr = 1 << folios.order(pfn)
    folios.addRefs(head, nr)
    folios.setFlags(head, FOLIO_SWAPCACHE)
    this.#owned.set(head, slot)
    for (let i = slot; i < slot + nr; i++) this.#put(i, this.map[i] | SLOT_CACHED, head)
  }

  /** `delete_from_swap_cache`: the folio owns its slots no more; those without an entry are free. */
  deleteCache(folios: Folios, pfn: number): void {
    const head = folios.head(pfn)
    const nr = 1 << folios.order(pfn)
    const slot = this.slotOf(folios, pfn)
    folios.setFlags(head, 0, FOLIO_SWAPCACHE)
    this.#owned.delete(head)
    let unused = nr > 1
    for (let i = 0; i < nr; i++) {
      this.#put(slot + i, this.map[slot + i] & SLOT_COUNT, 0)
      if (this.map[slot + i] !== 0) unused = false
    }
    for (let i = 0; i < nr; i++) {
      if (unused) this.#release(slot + i)
      else if (this.map[slot + i] === 0) this.#park(slot + i)
    }
    folios.put(head, nr)
  }

  /** `folio->swap`: the first slot of a folio in the swap cache. */
  slotOf(folios: Folios, pfn: number): number {
    const slot = this.#owned.get(folios.head(pfn))
    if (slot === undefined) throw new Error(`folio ${folios.head(pfn)} is not in the swap cache`)
    return slot
  }

  /**
   * `folio_free_swap`: takes a folio out of the swap cache if no entry names its slots any more; it is
   * dirty then, for nothing else holds what it holds. False where entries remain.
   */
  freeFolio(folios: Folios, pfn: number): boolean {
    if ((folios.flags(pfn) & FOLIO_SWAPCACHE) === 0) return false
    const slot = this.slotOf(folios, pfn)
    for (let i = 0; i < 1 << folios.order(pfn); i++) if (this.count(slot + i) > 0) return false
    folios.setFlags(pfn, FOLIO_DIRTY)
    this.deleteCache(folios, pfn)
    return true
  }

  /** `vm_swap_full`: less than half of the area is free, so swapped-in folios give their slots back at once. */
  get nearlyFull(): boolean {
    return this.free * 2 < this.slots - 1
  }

  /**
   * What others left behind who used the area before: `taken` slots wait in the slot cache for the next
   * single pages, `returned` wait to be given back.
   */
  leave(taken: number, returned: number): void {
    if (!this.#mayCache()) return
    this.#refill()
    for (const slot of this.#taken.splice(0, Math.max(0, this.#taken.length - taken))) this.#release(slot)
    for (let slot = this.slots - 1; slot >= this.slots - returned; slot--) {
      this.clusters.takeAt(slot)
      this.#put(slot, SLOT_CACHED)
      this.free--
      this.#returned.push(slot)
    }
  }

  /** swapoff is over: there are no slots any more. */
  close(): void {
    for (let slot = 1; slot < this.slots; slot++) if (this.map[slot] !== 0) this.#put(slot, 0, 0)
  }

  #put(slot: number, map: number, owner = this.cache[slot]): void {
    const old = this.map[slot]
    const before = this.cache[slot]
    this.map[slot] = map
    this.cache[slot] = owner
    if (old !== map || before !== owner) this.told?.(slot, old, before)
  }

  #take(order: number): number {
    const slot = this.clusters.take(order)
    if (slot === 0) return 0
    const nr = 2 ** order
    for (let i = slot; i < slot + nr; i++) this.#put(i, SLOT_CACHED)
    this.free -= nr
    return slot
  }

  /** `check_cache_active`: slot caches only pay where swap is large. */
  #mayCache(): boolean {
    if (!this.#caching) this.#caching = this.free > CACHE_FROM
    else if (this.free < CACHE_UNTIL) {
      this.#caching = false
      for (const slot of [...this.#taken.splice(0), ...this.#returned.splice(0)]) this.#release(slot)
    }
    return this.#caching
  }

  #refill(): void {
    while (this.#taken.length < SLOTS_CACHE) {
      const slot = this.#take(0)
      if (slot === 0) return
      this.#taken.push(slot)
    }
  }

  /** `free_swap_slot`: the slot waits in the CPU's cache until that is full. */
  #park(slot: number): void {
    if (!this.#caching) {
      this.#release(slot)
      return
    }
    if (this.#returned.length === SLOTS_CACHE) for (const old of this.#returned.splice(0)) this.#release(old)
    this.#put(slot, SLOT_CACHED)
    this.#returned.push(slot)
  }

  /** `swap_range_free` of one slot. */
  #release(slot: number): void {
    this.#put(slot, 0)
    this.free++
    this.contents[slot] = 0
    this.zeroes[slot] = 0
    this.#stored -= this.#written[slot]
    this.#written[slot] = 0
    this.clusters.give(slot)
    this.released?.(slot)
  }
}
