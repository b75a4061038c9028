/**
 * What the kernel does to its statistics when a folio goes back to the allocator: it leaves the
 * deferred-split list, and `nr_anon` of its size. Source: linux-6.12 mm/huge_memory.c
 * (`folio_unqueue_deferred_split`), mm/page_alloc.c (`free_pages_prepare`); linux-6.1 mm/page_alloc.c
 * (`destroy_large_folio`). Reference `thp-sysfs.md` section 7.
 */
import { FN } from '../trace/functions'
import type { World } from '../world'
import { unqueueDeferred } from './deferred'
import { ANON, type FolioObserver } from './folio'

/** The world's own observer of freed folios. */
export class FolioAccounts implements FolioObserver {
  constructor(readonly world: World) {}

  freed(pfn: number, order: number): void {
    this.world.mte?.freed(pfn, order)
    if (order === 0) return
    const { calls, kernel, folios, thpStats } = this.world
    const queued = unqueueDeferred(this.world, pfn)
    if (kernel.functionNames === 'linux-6.1') calls[FN.destroy_large_folio]++
    else if (queued) calls[FN.__folio_unqueue_deferred_split]++
    if ((folios.word(pfn) & ANON) !== 0) thpStats.add(order, 'nr_anon', -1)
  }
}
