/**
 * mmu_gather: what a walk unmapped, so that one TLB flush precedes the freeing. Pages wait in
 * batches of slots whose number bounds how much may be put off; tables wait for nothing here, for the
 * simulated walkers hold no references to them.
 * Source: reference `teardown.md` section 2 (6.1 to 6.12), v3 02/15 (4 Dec 2023) for `guaranteed`.
 */
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { putAlike } from './free-uniform'
import type { Mm } from './mm'
import { munlockUnmapped, removeRmapPtes } from './rmap'
import { freeSwapCache } from './swap-entries'

const FOLIO_REF = COUNTER_INDEX.folioRef

/** Slots of the bundle on the stack, and the most slots of all extra batches together. */
const BUNDLE_SLOTS = 8
const MAX_EXTRA_SLOTS = 10_000

/** Slots of one extra batch: a page without its header. */
function batchSlots(pageSize: number): number {
  return (pageSize - 16) / 8
}

/** Pages that fit before a flush is forced, one slot a page: 9,698 with 4K pages. */
export function gatherCapacity(pageSize: number): number {
  const slots = batchSlots(pageSize)
  return BUNDLE_SLOTS + Math.floor(MAX_EXTRA_SLOTS / slots) * slots
}

/** One gather: made for a range operation, finished at its end. */
export class MmuGather {
  /** Runs of pages waiting to be freed: first page and length. */
  #pfns = new Int32Array(16)
  #lengths = new Int32Array(16)
  /** Pages queued together, each time one reference: the whole run, unless `queueAlike` took many at once. */
  #units = new Int32Array(16)
  #runs = 0
  /** Slots used of the batch being filled, and how many batches were filled before it. */
  #used = 0
  #batch = 0
  /** Runs whose rmap removal waits for the TLB flush. */
  #delayed: number[] = []
  /** Hull of the cleared entries, in pages; empty while `#end` is 0. */
  #start = Infinity
  #end = 0
  /** Smallest entry cleared, as pages one maps (`stride` of the flush); Infinity while none is. */
  #stride = Infinity
  #freedTables = false
  /** Slots of an extra batch, and how many there may be. */
  readonly #slots: number
  readonly #batches: number
  /** A run of pages takes two slots instead of one a page. */
  readonly #inRuns: boolean

  /** `tlb_gather_mmu`, or `tlb_gather_mmu_fullmm`: the whole address space goes away. */
  constructor(
    readonly world: World,
    readonly mm: Mm,
    readonly fullmm: boolean
  ) {
    world.calls[fullmm ? FN.tlb_gather_mmu_fullmm : FN.tlb_gather_mmu]++
    this.#slots = batchSlots(world.geometry.pageSize)
    this.#batches = Math.floor(MAX_EXTRA_SLOTS / this.#slots)
    this.#inRuns = world.kernel.gatherSlots === 'run'
  }

  /** `nr` last-level entries from page `vpn` on were cleared or changed. */
  cleared(vpn: number, nr = 1): void {
    this.#widen(vpn, nr, 1)
  }

  /** A PMD leaf was cleared or changed. */
  clearedPmd(vpn: number): void {
    const { tableEntries } = this.world.geometry
    this.#widen(vpn, tableEntries, tableEntries)
  }

  /** Entries that map `pages` pages from `vpn` on, `step` each, were cleared or changed (`tlb_remove_huge_tlb_entry`). */
  clearedHuge(vpn: number, pages: number, step: number): void {
    this.#widen(vpn, pages, step)
  }

  /** A table `depth` levels above the last one, reached by page `vpn`, was unlinked. */
  freedTable(vpn: number, depth: number): void {
    this.#widen(vpn, 1, this.world.geometry.tableEntries ** (depth + 1))
    this.#freedTables = true
    // The walk-cache level above PUD tables has no function of its own.
    if (depth < 3) this.world.calls[FN.tlb_remove_table]++
  }

  /** Tables went that the model does not hold: those of the program itself, on exit. */
  freedOwnTables(): void {
    this.#widen(0, 1, Number.MAX_SAFE_INTEGER)
    this.#freedTables = true
  }

  /** Pages of one folio that may be queued without the gather being full (`tlb_get_guaranteed_space`). */
  get guaranteed(): number {
    const free = (this.#batch === 0 ? BUNDLE_SLOTS : this.#slots) - this.#used
    return this.#batch < this.#batches && this.#mayOpen() ? free + this.#slots : free
  }

  /**
   * Queues `nr` consecutive pages of one folio; true when the gather is full and must be flushed.
   * `delayRmap` leaves their rmap removal to `flushRmaps`.
   */
  queue(pfn: number, nr = 1, delayRmap = false): boolean {
    const { calls } = this.world
    if (this.#inRuns) {
      calls[FN.__tlb_remove_folio_pages]++
      calls[FN.__tlb_remove_folio_pages_size]++
    } else calls[FN.__tlb_remove_page_size]++
    return this.#queue(pfn, nr, delayRmap)
  }

  /**
   * Of `entries` things of `unit` pages each, how many may be queued one by one before the one that
   * would fill the gather.
   */
  room(entries: number, unit: number): number {
    const slots = this.#slotsOf(unit)
    const spare = this.#inRuns ? 1 : 0
    let free = (this.#batch === 0 ? BUNDLE_SLOTS : this.#slots) - spare - this.#used
    let batch = this.#batch
    let room = 0
    while (room < entries) {
      // Those that leave the batch open, and the one that fills it where another may follow.
      const fit = Math.ceil(free / slots)
      if (batch === this.#batches || (batch > 0 && this.#delayed.length > 0)) {
        return Math.min(entries, room + fit - 1)
      }
      room += fit
      batch++
      free = this.#slots - spare
    }
    return entries
  }

  /** Queues `pages` pages from `pfn` on, `unit` at a time, for which `room` said that there is room. */
  queueAlike(pfn: number, pages: number, unit: number): void {
    const { calls } = this.world
    const entries = pages / unit
    if (this.#inRuns) {
      calls[FN.__tlb_remove_folio_pages] += entries
      calls[FN.__tlb_remove_folio_pages_size] += entries
    } else calls[FN.__tlb_remove_page_size] += entries
    const slots = this.#slotsOf(unit)
    const spare = this.#inRuns ? 1 : 0
    let left = entries
    while (left > 0) {
      const free = (this.#batch === 0 ? BUNDLE_SLOTS : this.#slots) - spare - this.#used
      const fit = Math.ceil(free / slots)
      if (left < fit) {
        this.#used += left * slots
        break
      }
      left -= fit
      this.#batch++
      this.#used = 0
    }
    const last = this.#runs - 1
    // What was queued as one thing may be part of a folio, or wait with its rmap: only runs grow.
    const grows =
      last >= 0 &&
      this.#units[last] === unit &&
      this.#lengths[last] > unit &&
      this.#pfns[last] + this.#lengths[last] === pfn
    if (grows) this.#lengths[last] += pages
    else this.#append(pfn, pages, unit)
  }

  /** `tlb_remove_page_size`: queues a whole folio that a leaf mapped, and flushes if that filled the gather. */
  queueHuge(pfn: number): void {
    const { calls } = this.world
    calls[FN.__tlb_remove_page_size]++
    if (this.#inRuns) calls[FN.__tlb_remove_folio_pages_size]++
    if (this.#queue(pfn, 1, false)) this.flush()
  }

  /**
   * `tlb_flush_mmu_tlbonly`: invalidates the hull in strides of the smallest entry cleared, walk
   * caches too where tables went. For exit only freed tables need it, and take the whole ASID. Answers
   * whether anything had been cleared.
   */
  flushTlb(): boolean {
    if (this.#stride === Infinity) return false
    const { tlbi, calls } = this.world
    calls[FN.tlb_flush]++
    if (!this.fullmm) {
      const stride = this.#stride
      const start = this.#start - (this.#start % stride)
      const pages = Math.ceil((this.#end - start) / stride) * stride
      tlbi.range(this.mm, start, pages, stride, !this.#freedTables)
    } else if (this.#freedTables) tlbi.mm(this.mm)
    this.#start = Infinity
    this.#end = 0
    this.#stride = Infinity
    this.#freedTables = false
    return true
  }

  /** `tlb_end_vma`: VMAs are flushed one by one, except on exit. Answers whether there was anything to flush. */
  endVma(): boolean {
    return !this.fullmm && this.flushTlb()
  }

  /** `tlb_flush_rmaps`: removes the mappings of one VMA whose removal waited for the flush. */
  flushRmaps(vmaFlags: number): void {
    const { world, mm } = this
    world.calls[FN.tlb_flush_rmaps]++
    if (this.#delayed.length === 0) return
    world.calls[FN.tlb_flush_rmap_batch] += this.#batch === 0 ? 1 : 2
    for (const run of this.#delayed) {
      removeRmapPtes(world, mm, this.#pfns[run], this.#lengths[run])
      munlockUnmapped(world, vmaFlags, this.#pfns[run])
    }
    this.#delayed.length = 0
  }

  /** `tlb_flush_mmu`: flushes, then frees what is queued. */
  flush(): void {
    this.world.calls[FN.tlb_flush_mmu]++
    this.#flushAndFree()
  }

  /** `tlb_finish_mmu`. */
  finish(): void {
    this.world.calls[FN.tlb_finish_mmu]++
    this.#flushAndFree()
  }

  #flushAndFree(): void {
    const { folios, lru, calls, kernel } = this.world
    this.flushTlb()
    if (kernel.functionNames === 'linux-6.1') calls[FN.tlb_batch_pages_flush]++
    // Freeing pages drains the LRU batches first: a page in one of them would not be free.
    if (this.#runs > 0) lru.drain()
    let drops = 0
    for (let run = 0; run < this.#runs; run++) {
      const pfn = this.#pfns[run]
      const length = this.#lengths[run]
      const unit = this.#units[run]
      drops += length / unit
      if (length === unit) {
        freeSwapCache(this.world, pfn)
        folios.put(pfn, length)
      } else putAlike(this.world, pfn, length, unit)
    }
    this.mm.count(FOLIO_REF, drops)
    this.#runs = 0
    this.#used = 0
    this.#batch = 0
  }

  #widen(vpn: number, nr: number, stride: number): void {
    if (vpn < this.#start) this.#start = vpn
    if (vpn + nr > this.#end) this.#end = vpn + nr
    if (stride < this.#stride) this.#stride = stride
  }

  /** With rmap removals pending, only one batch beside the bundle is ever in use. */
  #mayOpen(): boolean {
    return this.#delayed.length === 0 || this.#batch === 0
  }

  #queue(pfn: number, nr: number, delayRmap: boolean): boolean {
    if (delayRmap) this.#delayed.push(this.#runs)
    this.#append(pfn, nr, nr)
    this.#used += this.#slotsOf(nr)
    const max = this.#batch === 0 ? BUNDLE_SLOTS : this.#slots
    // A run needs two slots, so a batch with only one left counts as full.
    if (this.#used < (this.#inRuns ? max - 1 : max)) return false
    if (this.#batch === this.#batches || !this.#mayOpen()) return true
    this.#batch++
    this.#used = 0
    return false
  }

  /** Slots that `nr` pages of one folio take. */
  #slotsOf(nr: number): number {
    return this.#inRuns && nr > 1 ? 2 : 1
  }

  #append(pfn: number, length: number, unit: number): void {
    if (this.#runs === this.#pfns.length) this.#grow()
    this.#pfns[this.#runs] = pfn
    this.#lengths[this.#runs] = length
    this.#units[this.#runs++] = unit
  }

  #grow(): void {
    const pfns = new Int32Array(2 * this.#runs)
    const lengths = new Int32Array(2 * this.#runs)
    const units = new Int32Array(2 * this.#runs)
    pfns.set(this.#pfns)
    lengths.set(this.#lengths)
    units.set(this.#units)
    this.#pfns = pfns
    this.#lengths = lengths
    this.#units = units
  }
}
