/**
 * MADV_FREE: anonymous pages lose their accessed and dirty state and are marked lazyfree. Source:
 * Linux 6.1 and 6.12, mm/madvise.c, mm/huge_memory.c (`madvise_free_huge_pmd`); reference
 * `swap-reclaim.md` section 2.3 (recorded).
 */
import { AF, isDirty, isPmdLeaf, isPresent, mkclean, SPECIAL, SWAP, TABLE } from '../arch/descriptor'
import { isHugetlb } from '../hugetlb/vma'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { FOLIO_DIRTY, FOLIO_SWAPCACHE } from './folio'
import type { Advised } from './madvise-flags'
import { splitForAdvice, walkTables, type TableAdvice } from './madvise-walk'
import { folioMapcount, likelyMappedShared, pageMapcount } from './mapcount'
import { VM_LOCKED, type Mm, type Vma } from './mm'
import { ANY_DIRTY, ANY_YOUNG, BATCH_NR, folioPteBatch, FPB_IGNORE_DIRTY } from './pte-batch'
import { RangeFlush } from './range-flush'
import { flushPmd } from './split-pmd'
import { freeFolioSwap, freeSwapEntries } from './swap-entries'
import { flushBatchedPending } from './tlb-batched'

/** MADV_FREE on the part `[start, end)` of one VMA. */
export function adviseFree(world: World, mm: Mm, vma: Vma, start: number, end: number): Advised {
  world.calls[FN.madvise_dontneed_free_valid_vma]++
  if ((vma.flags & VM_LOCKED) !== 0 || isHugetlb(vma)) return 'EINVAL'
  world.calls[FN.madvise_free_single_vma]++
  if (vma.file !== undefined) return 'EINVAL'
  world.lru.drain()
  const flush = new RangeFlush(world, mm, true)
  walkTables(world, mm, start, end, (pmd, from, to) => {
    world.calls[FN.madvise_free_pte_range]++
    if (isPmdLeaf(world.tables.attr(pmd)) && freeLeaf(world, mm, pmd, from, to, flush)) return
    if ((world.tables.attr(pmd) & TABLE) !== TABLE) return
    const advice = { world, mm, vma, pmd, start: from, end: to, flush }
    if (world.kernel.madvise === 'batch') freeEntries(advice)
    else freeEntriesSplitting(advice)
  })
  flush.finish()
  return undefined
}

/** `madvise_free_huge_pmd`: true when the leaf needs nothing more. */
function freeLeaf(world: World, mm: Mm, pmd: number, start: number, end: number, flush: RangeFlush): boolean {
  const { tables, folios, calls, geometry } = world
  calls[FN.madvise_free_huge_pmd]++
  const pfn = tables.pfn(pmd)
  if (folios.word(pfn) === 0) return false
  const modern = world.kernel.madvise === 'batch'
  if (modern ? likelyMappedShared(world, pfn) : mapcountOf(world, pfn) !== 1) return false
  if (end - start !== geometry.tableEntries) {
    splitForAdvice({ world, mm }, pfn, start, 'free-leaf')
    return false
  }
  folios.setFlags(pfn, 0, FOLIO_DIRTY)
  const entry = tables.attr(pmd)
  if ((entry & AF) !== 0 || isDirty(entry)) {
    calls[FN.pmdp_invalidate]++
    flushPmd(world, mm, start)
    world.mte?.syncLeaf(entry, pfn)
    tables.set(pmd, mkclean(entry) & ~AF, pfn)
    flush.leaf(start)
  }
  world.lru.markLazyfree(pfn)
  return true
}

/**
 * `madvise_free_pte_range` from 6.10: runs of entries. A folio not wholly in the run is split, unless
 * others seem to map it; then the run is passed over.
 */
function freeEntries(advice: TableAdvice): void {
  const { world, mm, start, end, flush } = advice
  const { ops, tables, folios, calls, geometry } = world
  const slot = (tables.pfn(advice.pmd) << geometry.tableShift) + (start % geometry.tableEntries)
  flushBatchedPending(world, mm)
  let nr = 1
  for (let at = 0; at < end - start; at += nr) {
    nr = 1
    const entry = ops.ptepGet(mm, slot + at)
    if (entry === 0) continue
    if (!isPresent(entry)) {
      if ((entry & SWAP) !== 0) nr = freeSwapEntries(world, mm, slot + at, entry, end - start - at)
      continue
    }
    calls[FN.vm_normal_folio]++
    calls[FN.vm_normal_page]++
    if ((entry & SPECIAL) !== 0) continue
    const pfn = tables.pfn(slot + at)
    let young = (entry & AF) !== 0
    let dirty = isDirty(entry)
    if (folios.order(pfn) > 0) {
      const batch = folioPteBatch(world, mm, slot + at, entry, pfn, end - start - at, FPB_IGNORE_DIRTY)
      nr = batch & BATCH_NR
      if (nr < 1 << folios.order(pfn)) {
        if (likelyMappedShared(world, pfn)) continue
        const split = splitForAdvice(advice, pfn, start + at, 'entries')
        flushBatchedPending(world, mm)
        if (split) nr = 0
        continue
      }
      young ||= (batch & ANY_YOUNG) !== 0
      dirty ||= (batch & ANY_DIRTY) !== 0
    }
    if (!cleanFolio(world, pfn)) continue
    if (young || dirty) {
      ops.clearYoungDirtyPtes(mm, slot + at, nr, true, true)
      flush.entries(start + at, nr)
    }
    world.lru.markLazyfree(pfn)
  }
}

/** Up to 6.9: entry by entry; a large folio that only this process maps is split, another one ends the walk. */
function freeEntriesSplitting(advice: TableAdvice): void {
  const { world, mm, start, end, flush } = advice
  const { ops, tables, folios, calls, geometry } = world
  const slot = (tables.pfn(advice.pmd) << geometry.tableShift) + (start % geometry.tableEntries)
  flushBatchedPending(world, mm)
  for (let at = 0; at < end - start; at++) {
    const entry = ops.ptepGet(mm, slot + at)
    if (entry === 0) continue
    if (!isPresent(entry)) {
      if ((entry & SWAP) !== 0) freeSwapEntries(world, mm, slot + at, entry, 1)
      continue
    }
    calls[FN.vm_normal_page]++
    if ((entry & SPECIAL) !== 0) continue
    const pfn = tables.pfn(slot + at)
    // A OnePlus block of the huge zero page: a compound page that others map, too.
    if (folios.word(pfn) === 0) return
    if (folios.order(pfn) > 0) {
      if (pageMapcount(world, folios.head(pfn)) !== 1 || !splitForAdvice(advice, pfn, start + at, 'entries'))
        return
      at--
      continue
    }
    if (!cleanFolio(world, pfn)) continue
    if ((entry & AF) !== 0 || isDirty(entry)) {
      const old = ops.ptepGetAndClear(mm, slot + at)
      ops.setPteInline(mm, slot + at, pfn, mkclean(old) & ~AF)
      flush.entries(start + at, 1)
    }
    world.lru.markLazyfree(pfn)
  }
}

/**
 * Takes PG_dirty and the swap slots from a folio that has them: false where that may not be, because
 * others map it, and the folio is to be left alone.
 */
function cleanFolio(world: World, pfn: number): boolean {
  const { folios } = world
  const flags = folios.flags(pfn)
  if ((flags & (FOLIO_DIRTY | FOLIO_SWAPCACHE)) === 0) return true
  if (mapcountOf(world, pfn) !== 1 << folios.order(pfn)) return false
  if ((flags & FOLIO_SWAPCACHE) !== 0 && !freeFolioSwap(world, pfn)) return false
  folios.setFlags(pfn, 0, FOLIO_DIRTY)
  return true
}

/** `folio_mapcount`, a function of its own in 6.1. */
function mapcountOf(world: World, pfn: number): number {
  if (world.kernel.functionNames === 'linux-6.1') world.calls[FN.folio_mapcount]++
  return folioMapcount(world, pfn)
}
