/**
 * Removing mappings: MADV_DONTNEED, munmap and exit over one loop, which walks VMAs, PMD entries and
 * sections of one last-level table. What clears entries is in `zap-present.ts` and `zap-absent.ts`.
 * Source: reference `teardown.md` sections 1-4 and 6; Linux 6.1 and 6.12, mm/memory.c, mm/mmap.c, mm/vma.c.
 */
import { isPmdLeaf, isPresent } from '../arch/descriptor'
import { isBlockEntry } from '../contpte/exposed'
import { closeHugeVmas } from '../hugetlb/close'
import { isHugetlb } from '../hugetlb/vma'
import { unmapHugepageRange } from '../hugetlb/zap'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { zapBlockOrSplit } from './exposed/range'
import { ANON } from './folio'
import { FileMapping, isFileMapped, truncateFile } from './file'
import { MmuGather } from './gather'
import { walkVmas, type Advised } from './madvise-flags'
import { MMF_VM_HUGEPAGE, VM_LOCKED, type Mm, type Vma } from './mm'
import { munlockUnmapped, removeRmapPmd } from './rmap'
import { splitPmd } from './split'
import { flushBatchedPending } from './tlb-batched'
import { splitVmaAt } from './vma'
import { findPmd, freeDeposit, freeRoot } from './walk'
import { zapAbsent } from './zap-absent'
import { zapPresent, type ZapSection } from './zap-present'
import { freePgtables } from './zap-tables'
import { mayZapUniform, zapUniform } from './zap-uniform'

const RSS = COUNTER_INDEX.rss

/** Clears the entries of `[start, end)`, which lies inside one VMA, and flushes at its end. */
function unmapPageRange(world: World, mm: Mm, vma: Vma, start: number, end: number, gather: MmuGather): void {
  world.trace?.begin('zap', mm.pid, start, end - start)
  if (isHugetlb(vma)) {
    world.calls[FN.hugetlb_vma_lock_write]++
    unmapHugepageRange(world, mm, vma, start, end, gather)
    world.trace?.end('zap', mm.pid)
    return
  }
  world.calls[FN.unmap_page_range]++
  const entries = world.geometry.tableEntries
  for (let vpn = start; vpn < end;) {
    const next = Math.min(vpn - (vpn % entries) + entries, end)
    vpn = zapPmd(world, mm, vma, vpn, next, gather)
  }
  gather.endVma()
  world.trace?.end('zap', mm.pid)
}

/** `zap_pmd_range` for one PMD entry: clears up to `end` and answers how far it came. */
function zapPmd(world: World, mm: Mm, vma: Vma, vpn: number, end: number, gather: MmuGather): number {
  const { tables, geometry } = world
  const pmd = findPmd(world, mm, vpn)
  if (pmd === 0 || tables.attr(pmd) === 0) return end
  if (isPmdLeaf(tables.attr(pmd))) {
    if (end - vpn === geometry.tableEntries) {
      zapHugePmd(world, mm, vma, vpn, pmd, gather)
      return end
    }
    splitPmd(world, mm, vpn)
  }
  const slot = tables.pfn(pmd) * geometry.tableEntries + (vpn & (geometry.tableEntries - 1))
  return vpn + zapPteRange(world, mm, vma, vpn, slot, end - vpn, gather)
}

/** `zap_huge_pmd`: the leaf goes whole, with the table kept back for it. */
function zapHugePmd(world: World, mm: Mm, vma: Vma, vpn: number, pmd: number, gather: MmuGather): void {
  const { tables, folios, geometry, calls } = world
  calls[FN.zap_huge_pmd]++
  const pfn = tables.pfn(pmd)
  tables.set(pmd, 0, 0)
  gather.clearedPmd(vpn)
  world.probe?.('PMD leaf cleared', pfn)
  if (folios.word(pfn) === 0) {
    freeDeposit(world, mm)
    return
  }
  removeRmapPmd(world, mm, pfn)
  munlockUnmapped(world, vma.flags, pfn, true)
  if ((folios.word(pfn) & ANON) !== 0) {
    freeDeposit(world, mm)
    mm.anonPages -= geometry.tableEntries
  } else mm.filePages -= geometry.tableEntries
  mm.count(RSS, 1)
  gather.queueHuge(pfn)
}

/**
 * `zap_pte_range`: one section under the page-table lock. Clears up to `nr` entries of one table and
 * answers how many it got through before the gather was full.
 */
function zapPteRange(
  world: World,
  mm: Mm,
  vma: Vma,
  vpn: number,
  slot: number,
  nr: number,
  gather: MmuGather
): number {
  const { ops, kernel } = world
  const section: ZapSection = { world, mm, gather, vmaFlags: vma.flags, full: false, forceFlush: false }
  flushBatchedPending(world, mm)
  const hot = mayZapUniform(section)
  let done = 0
  while (done < nr && !section.full) {
    const alike = hot ? zapUniform(section, vpn + done, slot + done, nr - done) : 0
    if (alike > 0) {
      done += alike
      continue
    }
    const entry = ops.ptepGetPresence(mm, slot + done)
    if (entry === 0) done++
    else if (kernel.zap === 'exposed' && isBlockEntry(entry)) {
      done += zapBlockOrSplit(world, mm, slot + done, nr - done, gather)
    } else if (isPresent(entry)) done += zapPresent(section, vpn + done, slot + done, entry, nr - done)
    else done += zapAbsent(world, mm, slot + done, entry, nr - done)
  }
  if (section.forceFlush) {
    gather.flushTlb()
    if (kernel.delayedRmap) gather.flushRmaps(vma.flags)
    gather.flush()
  }
  return done
}

/** `zap_page_range_single`: what MADV_DONTNEED does to the part `[start, end)` of one VMA. */
export function zapPageRangeSingle(world: World, mm: Mm, vma: Vma, start: number, end: number): void {
  world.calls[FN.zap_page_range_single]++
  world.lru.drain()
  const gather = new MmuGather(world, mm, false)
  unmapPageRange(world, mm, vma, start, end, gather)
  if (isHugetlb(vma)) world.calls[FN.hugetlb_vma_unlock_write]++
  gather.finish()
}

/**
 * MADV_DONTNEED on the part `[start, end)` of one VMA: `EINVAL` where that is locked
 * (`madvise_dontneed_free_valid_vma`). Of a HugeTLB mapping, locked or not, whole pages go: `EINVAL` where the
 * part begins inside one; one that it ends inside of stays.
 */
function adviseDontneed(world: World, mm: Mm, vma: Vma, start: number, end: number): Advised {
  world.calls[FN.madvise_dontneed_free_valid_vma]++
  let to = end
  if (vma.huge !== undefined) {
    const pages = 2 ** vma.huge.order
    if (start % pages !== 0) return 'EINVAL'
    to -= to % pages
    if (to === start) return undefined
  } else if ((vma.flags & VM_LOCKED) !== 0) return 'EINVAL'
  zapPageRangeSingle(world, mm, vma, start, to)
  return undefined
}

/** MADV_DONTNEED on `[start, end)`, over holes: what failed, if anything did. */
export function dontneed(world: World, mm: Mm, start: number, end: number): Advised {
  return walkVmas(mm, start, end, (vma, from, to) => adviseDontneed(world, mm, vma, from, to))
}

/** munmap of `[start, end)`: VMAs go, entries are cleared, tables without a VMA are freed. */
export function munmapRange(world: World, mm: Mm, start: number, end: number): void {
  const index = mm.vmaIndex(start)
  if (index === mm.vmas.length || mm.vmas[index].start >= end) return
  splitVmaAt(world, mm, start)
  splitVmaAt(world, mm, end)
  const first = mm.vmaIndex(start)
  let last = first
  while (last < mm.vmas.length && mm.vmas[last].start < end) last++
  const removed = mm.vmas.splice(first, last - first)
  mm.vmasChanged()
  unmapRegion(world, mm, removed, ...tableLimits(world, mm, first))
}

/**
 * Between which pages tables may be freed around VMAs taken out at `index`. A process cannot unmap
 * itself: its program lies below all else and its stack above, so the topmost tables stay.
 */
export function tableLimits(world: World, mm: Mm, index: number): [floor: number, ceiling: number] {
  const { vaBits, pageShift } = world.geometry
  const floor = index === 0 ? 1 : mm.vmas[index - 1].end
  const ceiling = index === mm.vmas.length ? 2 ** (vaBits - pageShift) - 1 : mm.vmas[index].start
  return [floor, ceiling]
}

/** `unmap_region`: clears what VMAs already taken out of the mm mapped, and frees their tables. */
export function unmapRegion(
  world: World,
  mm: Mm,
  vmas: readonly Vma[],
  floor: number,
  ceiling: number
): void {
  if (world.kernel.functionNames === 'linux-6.1') world.calls[FN.unmap_region]++
  world.lru.drain()
  const gather = new MmuGather(world, mm, false)
  unmapVmas(world, mm, vmas, gather)
  freePgtables(world, mm, gather, vmas, floor, ceiling)
  gather.finish()
  closeHugeVmas(world, vmas)
  releaseFiles(world, vmas)
}

function unmapVmas(world: World, mm: Mm, vmas: readonly Vma[], gather: MmuGather): void {
  world.calls[FN.unmap_vmas]++
  for (const vma of vmas) unmapPageRange(world, mm, vma, vma.start, vma.end, gather)
}

/** The last user of an address space is gone: `khugepaged_exit`, then `exit_mmap` under one gather for all of it. */
export function exitMm(world: World, mm: Mm): void {
  world.trace?.begin('exit', mm.pid)
  mm.exiting = true
  world.tlbs?.retire(mm)
  if ((mm.flags & MMF_VM_HUGEPAGE) !== 0) world.calls[FN.__khugepaged_exit]++
  world.calls[FN.exit_mmap]++
  world.lru.drain()
  const gather = new MmuGather(world, mm, true)
  unmapVmas(world, mm, mm.vmas, gather)
  freePgtables(world, mm, gather, mm.vmas, 0, Infinity)
  // The program's own tables always go: the ASID is invalidated even where nothing else was mapped.
  gather.freedOwnTables()
  gather.finish()
  freeRoot(world, mm)
  const vmas = mm.vmas.splice(0)
  mm.vmasChanged()
  world.trace?.endMm(mm)
  world.mms.splice(world.mms.indexOf(mm), 1)
  world.trace?.note('mm-end', mm.pid, mm.root)
  closeHugeVmas(world, vmas)
  releaseFiles(world, vmas)
  world.trace?.end('exit', mm.pid)
}

/** Shared anonymous memory lives as long as somebody maps it: its pages leave the cache with the last VMA. */
function releaseFiles(world: World, vmas: readonly Vma[]): void {
  for (const { file } of vmas) {
    if (file instanceof FileMapping && file.shmem && !isFileMapped(world, file)) truncateFile(world, file)
  }
}
