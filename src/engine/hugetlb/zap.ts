/**
 * Unmapping HugeTLB pages: munmap, MADV_DONTNEED, exit, and the owner of a reservation taking a page
 * back from its children.
 * Source: linux-6.1 and linux-6.12 mm/hugetlb.c (`__unmap_hugepage_range`, `unmap_ref_private`).
 */
import { isDirty } from '../arch/descriptor'
import { ANON, FOLIO_DIRTY } from '../mm/folio'
import { MmuGather } from '../mm/gather'
import { isModern } from '../kernel/names'
import { VM_SHARED, type Mm, type Vma } from '../mm/mm'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { hugeIndex, poolOf } from './alloc'
import { clearHugePte, findHugeEntry } from './entry'
import { tablePages } from './sizes'

const MAPCOUNT = COUNTER_INDEX.mapcount

/**
 * Unmaps `[start, end)`, whole HugeTLB pages of one VMA. `only`: nothing but this folio, and the VMA is
 * told that its page was taken away.
 */
export function unmapHugepageRange(
  world: World,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  gather: MmuGather,
  only = -1
): void {
  const { tables, folios, calls } = world
  const { size } = poolOf(world, vma)
  calls[FN.hugetlb_mask_last_page]++
  for (let vpn = start; vpn < end; vpn += size.pages) {
    const slot = findHugeEntry(world, mm, size, vpn)
    if (slot === 0) {
      const table = tablePages(world.geometry, size)
      vpn += table - (vpn % table) - size.pages
      continue
    }
    if (tables.attr(slot) === 0) continue
    const pfn = tables.pfn(slot)
    if (only >= 0) {
      if (pfn !== only) continue
      vma.huge = { order: size.order, ...vma.huge, unmapped: true }
    }
    const entry = clearHugePte(world, mm, slot, size)
    gather.clearedHuge(vpn, size.pages, size.step)
    world.probe?.('HugeTLB entry cleared', pfn)
    if (isDirty(entry)) folios.setFlags(pfn, FOLIO_DIRTY)
    mm.hugetlbPages -= size.pages
    folios.addEntire(pfn, -1)
    mm.count(MAPCOUNT, 1)
    if (!isModern(world)) calls[FN.page_remove_rmap]++
    restorePromise(world, vma, vpn, pfn)
    gather.queueHuge(pfn)
    if (only >= 0) break
  }
  // The compiler put the range flush into `tlb_flush` elsewhere, but not here.
  if (gather.endVma()) calls[isModern(world) ? FN.__flush_tlb_range_nosync : FN.__flush_tlb_range]++
}

/**
 * 6.9 and later: the page of a private mapping that reserved it is promised to it again when it is
 * unmapped, unless the pool is larger than it should be. Nobody asks whether children or pins still hold
 * it: it goes back to the pool only when they let go (linux-6.9 to 6.12 `__unmap_hugepage_range`,
 * df7a6d1f6405).
 */
function restorePromise(world: World, vma: Vma, vpn: number, pfn: number): void {
  const consumed = vma.huge?.consumed
  if (!world.kernel.hugetlbRestoresReserve || consumed === undefined) return
  const pool = poolOf(world, vma)
  if (pool.surplus > 0 || (world.folios.word(pfn) & ANON) === 0) return
  world.hugetlb.restoreReserve.add(pfn)
  // More than the reference of this mapping, which the gather is about to drop.
  if (world.folios.refcount(pfn) > 1) pool.restoredEarly++
  consumed.delete(hugeIndex(vma, pool.size.pages, vpn))
}

/** `unmap_ref_private`: other private mappings of the same file lose the folio, unless they are owners too. */
export function unmapRefPrivate(world: World, vma: Vma, vpn: number, pfn: number): void {
  const { size } = poolOf(world, vma)
  const index = hugeIndex(vma, size.pages, vpn)
  for (const other of world.mms) {
    for (const each of other.vmas) {
      if (each === vma || each.file !== vma.file || (each.flags & VM_SHARED) !== 0) continue
      if (each.huge?.consumed !== undefined) continue
      const at = each.start + index * size.pages - each.pgoff
      if (at < each.start || at >= each.end) continue
      const gather = new MmuGather(world, other, false)
      unmapHugepageRange(world, other, each, at, at + size.pages, gather, pfn)
      gather.finish()
    }
  }
}
