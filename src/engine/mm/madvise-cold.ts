/**
 * MADV_COLD and MADV_PAGEOUT: pages lose their accessed state and move to the inactive list, or are
 * reclaimed at once. Source: Linux 6.1 and 6.12, mm/madvise.c; reference `swap-reclaim.md` section 2.3
 * (recorded).
 */
import { AF, isPmdLeaf, isPresent, SPECIAL, TABLE } from '../arch/descriptor'
import { isHugetlb } from '../hugetlb/vma'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { FOLIO_LRU, FOLIO_REFERENCED } from './folio'
import type { Advised } from './madvise-flags'
import { splitForAdvice, walkTables, type TableAdvice } from './madvise-walk'
import { folioMapcount, likelyMappedShared, pageMapcount } from './mapcount'
import { VM_LOCKED, type Mm, type Vma } from './mm'
import { BATCH_NR, ANY_YOUNG, folioPteBatch, FPB_IGNORE_DIRTY } from './pte-batch'
import { RangeFlush } from './range-flush'
import { isolateForReclaim, reclaimPages } from './reclaim'
import { flushPmd } from './split-pmd'
import { flushBatchedPending } from './tlb-batched'

/** MADV_COLD or MADV_PAGEOUT on the part `[start, end)` of one VMA. */
export function adviseCold(
  world: World,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  pageout: boolean
): Advised {
  world.calls[pageout ? FN.madvise_pageout : FN.madvise_cold]++
  if ((vma.flags & VM_LOCKED) !== 0 || isHugetlb(vma)) return 'EINVAL'
  world.lru.drain()
  const flush = new RangeFlush(world, mm, true)
  walkTables(world, mm, start, end, (pmd, from, to) => {
    world.calls[FN.madvise_cold_or_pageout_pte_range]++
    const isolated: number[] = []
    const advice = { world, mm, vma, pmd, start: from, end: to, flush }
    const leaf = isPmdLeaf(world.tables.attr(pmd))
    if (!leaf || coldLeaf(advice, pageout, isolated)) {
      if ((world.tables.attr(pmd) & TABLE) === TABLE) {
        if (world.kernel.madvise === 'batch') coldEntries(advice, pageout, isolated)
        else coldEntriesSplitting(advice, pageout, isolated)
      }
    }
    if (pageout) reclaimPages(world, isolated)
  })
  flush.finish()
  return undefined
}

/** The folio was taken: to the inactive list, or off the LRU for reclaim. */
function takeFolio(world: World, pfn: number, pageout: boolean, isolated: number[]): void {
  world.folios.setFlags(pfn, 0, FOLIO_REFERENCED)
  if (!pageout) world.lru.deactivate(pfn)
  else if (isolateForReclaim(world, pfn)) isolated.push(world.folios.head(pfn))
}

/** A PMD leaf. True when it was split and its entries are to be looked at. */
function coldLeaf(advice: TableAdvice, pageout: boolean, isolated: number[]): boolean {
  const { world, mm, pmd, start, end, flush } = advice
  const { tables, folios, kernel, calls, geometry } = world
  const pfn = tables.pfn(pmd)
  if (folios.word(pfn) === 0) return false
  const modern = kernel.madvise === 'batch'
  if (modern ? likelyMappedShared(world, pfn) : pageMapcount(world, pfn) !== 1) return false
  if (end - start !== geometry.tableEntries) return splitForAdvice(advice, pfn, start, 'cold-leaf')
  const entry = tables.attr(pmd)
  if ((entry & AF) !== 0 && !(modern && pageout)) {
    if (!modern) {
      calls[FN.pmdp_invalidate]++
      flushPmd(world, mm, start)
    }
    world.mte?.syncLeaf(entry, pfn)
    tables.set(pmd, entry & ~AF, pfn)
    flush.leaf(start)
  }
  takeFolio(world, pfn, pageout, isolated)
  return false
}

/** From 6.10: runs of entries; a folio not wholly in the run is split, unless others seem to map it. */
function coldEntries(advice: TableAdvice, pageout: boolean, isolated: number[]): void {
  const { world, mm, start, end, flush } = advice
  const { ops, tables, folios, calls, geometry } = world
  const slot = (tables.pfn(advice.pmd) << geometry.tableShift) + (start % geometry.tableEntries)
  flushBatchedPending(world, mm)
  let nr = 1
  for (let at = 0; at < end - start; at += nr) {
    nr = 1
    const entry = ops.ptepGet(mm, slot + at)
    if (!isPresent(entry)) continue
    calls[FN.vm_normal_folio]++
    calls[FN.vm_normal_page]++
    if ((entry & SPECIAL) !== 0) continue
    const pfn = tables.pfn(slot + at)
    let young = (entry & AF) !== 0
    if (folios.order(pfn) > 0) {
      const batch = folioPteBatch(world, mm, slot + at, entry, pfn, end - start - at, FPB_IGNORE_DIRTY)
      nr = batch & BATCH_NR
      young ||= (batch & ANY_YOUNG) !== 0
      if (nr < 1 << folios.order(pfn)) {
        if (likelyMappedShared(world, pfn)) continue
        const split = splitForAdvice(advice, pfn, start + at, 'entries')
        flushBatchedPending(world, mm)
        if (split) nr = 0
        continue
      }
    }
    const whole = folioMapcount(world, pfn) === 1 << folios.order(pfn)
    if ((folios.flags(pfn) & FOLIO_LRU) === 0 || !whole) continue
    if (!pageout && young) {
      ops.clearYoungDirtyPtes(mm, slot + at, nr, true, false)
      flush.entries(start + at, nr)
    }
    takeFolio(world, pfn, pageout, isolated)
  }
}

/** Up to 6.9: entry by entry; a large folio is split if this page is mapped once, else the walk of the table ends. */
function coldEntriesSplitting(advice: TableAdvice, pageout: boolean, isolated: number[]): void {
  const { world, mm, start, end, flush } = advice
  const { ops, tables, folios, calls, geometry } = world
  const slot = (tables.pfn(advice.pmd) << geometry.tableShift) + (start % geometry.tableEntries)
  flushBatchedPending(world, mm)
  for (let at = 0; at < end - start; at++) {
    const entry = ops.ptepGet(mm, slot + at)
    if (!isPresent(entry)) continue
    calls[FN.vm_normal_page]++
    if ((entry & SPECIAL) !== 0) continue
    const pfn = tables.pfn(slot + at)
    // A OnePlus block of the huge zero page: a compound page that others map, too.
    if (folios.word(pfn) === 0) return
    if (folios.order(pfn) > 0) {
      if (pageMapcount(world, pfn) !== 1 || !splitForAdvice(advice, pfn, start + at, 'entries')) return
      at--
      continue
    }
    if ((folios.flags(pfn) & FOLIO_LRU) === 0 || pageMapcount(world, pfn) !== 1) continue
    if ((entry & AF) !== 0) {
      const old = ops.ptepGetAndClear(mm, slot + at)
      ops.setPteInline(mm, slot + at, pfn, old & ~AF)
      flush.entries(start + at, 1)
    }
    takeFolio(world, pfn, pageout, isolated)
  }
}
