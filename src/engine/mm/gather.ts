/**
 * mmu_gather: what was unmapped, so that one TLB flush precedes the freeing. Source: reference
 * `teardown.md` section 2.
 */
import { COUNTER_INDEX } from '../trace/counters'
import type { World } from '../world'
import type { Mm } from './mm'
import type { FreedTables } from './walk'

const FOLIO_REF = COUNTER_INDEX.folioRef

/** Slots of the bundle on the stack, and the most slots of all extra batches together. */
const BUNDLE_SLOTS = 8
const MAX_EXTRA_SLOTS = 10_000

/** Pages that fit before a flush is forced, one slot a page: 9,698 with 4K pages. */
export function gatherCapacity(pageSize: number): number {
  const slots = (pageSize - 16) / 8
  return BUNDLE_SLOTS + Math.floor(MAX_EXTRA_SLOTS / slots) * slots
}

/** One gather: made for a range operation, finished at its end. */
export class MmuGather {
  /** Pages waiting to be freed. */
  readonly pages: Int32Array
  count = 0
  /** Hull of the cleared entries, in pages; empty while `end` is 0. */
  start = Infinity
  end = 0

  constructor(
    readonly world: World,
    readonly mm: Mm,
    /** The whole address space goes away: nothing needs invalidating before the tables go. */
    readonly fullmm: boolean
  ) {
    this.pages = new Int32Array(gatherCapacity(world.geometry.pageSize))
  }

  /** An entry was cleared. */
  cleared(vpn: number): void {
    if (vpn < this.start) this.start = vpn
    if (vpn >= this.end) this.end = vpn + 1
  }

  /** Queues a page; true when the gather is full and must be flushed. */
  queue(pfn: number): boolean {
    this.pages[this.count++] = pfn
    return this.count === this.pages.length
  }

  /** Invalidates the hull, leaf entries only. Nothing where nothing was cleared, nor for exit. */
  flushTlb(): void {
    if (this.end > 0 && !this.fullmm)
      this.world.tlbi.range(this.mm, this.start, this.end - this.start, 1, true)
    this.start = Infinity
    this.end = 0
  }

  /** Frees what is queued. The translations must be gone. */
  freePages(): void {
    const { folios } = this.world
    for (let i = 0; i < this.count; i++) folios.put(this.pages[i])
    this.mm.count(FOLIO_REF, this.count)
    this.count = 0
  }

  /** `tlb_finish_mmu`: the last flush, with the walk caches of the tables that were freed. */
  finish(freed: FreedTables): void {
    const { world, mm } = this
    this.flushTlb()
    if (freed.byDepth.some((tables) => tables > 0)) {
      if (this.fullmm) world.tlbi.mm(mm)
      else this.#flushTables(freed)
    }
    this.freePages()
  }

  #flushTables(freed: FreedTables): void {
    const { tlbi, geometry } = this.world
    if (freed.byDepth[0] > 0) {
      tlbi.range(this.mm, freed.start, freed.end - freed.start, geometry.tableEntries, false)
      return
    }
    // Only tables above the last level: one stride of the smallest of them.
    const depth = freed.byDepth.findIndex((tables) => tables > 0)
    const stride = geometry.tableEntries ** (depth + 1)
    tlbi.range(this.mm, freed.start, freed.byDepth[depth] * stride, stride, false)
  }
}
