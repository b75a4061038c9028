/**
 * A swap area: which slots are in use, by how many entries, which are in the swap cache, and what they
 * hold. The device itself is synchronous (zram): what is written is there at once.
 * Source: reference `swap-reclaim.md` section 3; Linux 6.1 and 6.12, mm/swapfile.c.
 */
import type { Folios } from './folio'
import { FOLIO_SWAPCACHE, FOLIO_DIRTY } from './folio'

/** SWAP_HAS_CACHE: a folio in the swap cache owns the slot. The rest of the value counts entries. */
export const SLOT_CACHED = 1 << 15
export const SLOT_COUNT = SLOT_CACHED - 1

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
  /** Slots nobody uses. */
  free: number
  /** No slot below it is free. */
  #lowest = 1

  constructor(
    /** Slots, the header included. */
    readonly slots: number
  ) {
    this.map = new Uint16Array(slots)
    this.contents = new Uint8Array(slots)
    this.zeroes = new Uint8Array(slots)
    this.cache = new Int32Array(slots)
    this.map[0] = SLOT_COUNT
    this.free = slots - 1
  }

  /**
   * Takes 2^order slots, naturally aligned, for the swap cache; the first, or 0 where no such run is
   * free. Other code relies on the alignment (section 3, 4).
   */
  alloc(order: number): number {
    const nr = 1 << order
    if (this.free < nr) return 0
    while (this.#lowest < this.slots && this.map[this.#lowest] !== 0) this.#lowest++
    const from = Math.ceil(this.#lowest / nr) * nr
    for (let first = from; first + nr <= this.slots; first += nr) {
      if (!this.#allFree(first, nr)) continue
      this.map.fill(SLOT_CACHED, first, first + nr)
      this.free -= nr
      return first
    }
    return 0
  }

  /** Entries that name the slot. */
  count(slot: number): number {
    return this.map[slot] & SLOT_COUNT
  }

  /** One more entry names the slot. */
  duplicate(slot: number): void {
    if (this.map[slot] === 0) throw new Error(`swap slot ${slot} is duplicated, but nobody uses it`)
    this.map[slot]++
  }

  /** One entry less; the slot is free when it was the last and no folio owns it. */
  drop(slot: number): void {
    if (this.count(slot) === 0) throw new Error(`swap slot ${slot} is freed, but no entry names it`)
    if (--this.map[slot] === 0) this.#release(slot)
  }

  /** `add_to_swap_cache`: the folio owns the slots from `slot` on, each with one of its references. */
  addCache(folios: Folios, pfn: number, slot: number): void {
    const head = folios.head(pfn)
    const nr = 1 << folios.order(pfn)
    folios.addRefs(head, nr)
    folios.setFlags(head, FOLIO_SWAPCACHE)
    for (let i = 0; i < nr; i++) {
      this.cache[slot + i] = head
      this.map[slot + i] |= SLOT_CACHED
    }
  }

  /** `delete_from_swap_cache`: the folio owns its slots no more; those without an entry are free. */
  deleteCache(folios: Folios, pfn: number): void {
    const head = folios.head(pfn)
    const nr = 1 << folios.order(pfn)
    const slot = this.slotOf(folios, pfn)
    folios.setFlags(head, 0, FOLIO_SWAPCACHE)
    for (let i = 0; i < nr; i++) {
      this.cache[slot + i] = 0
      this.map[slot + i] &= SLOT_COUNT
      if (this.map[slot + i] === 0) this.#release(slot + i)
    }
    folios.put(head, nr)
  }

  /** `folio->swap`: the first slot of a folio in the swap cache. */
  slotOf(folios: Folios, pfn: number): number {
    const slot = this.cache.indexOf(folios.head(pfn))
    if (slot < 0) throw new Error(`folio ${folios.head(pfn)} is not in the swap cache`)
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

  /** More than half of the area is in use: swapped-in folios give their slots back at once. */
  get nearlyFull(): boolean {
    return this.free * 2 < this.slots
  }

  #allFree(first: number, nr: number): boolean {
    for (let slot = first; slot < first + nr; slot++) if (this.map[slot] !== 0) return false
    return true
  }

  #release(slot: number): void {
    this.free++
    this.contents[slot] = 0
    if (slot < this.#lowest) this.#lowest = slot
  }
}
