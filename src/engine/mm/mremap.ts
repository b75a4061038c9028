/**
 * mremap to a fixed place: the destination is unmapped, the VMA copied, entries moved, and the source
 * unmapped. Source: Linux 6.1 and 6.12, mm/mremap.c, mm/huge_memory.c (`move_huge_pmd`); reference
 * `teardown.md` section 6b.
 */
import { isPmdLeaf, isPresent, TABLE } from '../arch/descriptor'
import { moveHugetlb } from '../hugetlb/protect'
import { isHugetlb, maySplitHuge, openHugeVma } from '../hugetlb/vma'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { splitBlocks } from './exposed/range'
import type { Mm, Vma } from './mm'
import { splitPmd } from './split'
import { flushBatchedPending } from './tlb-batched'
import { mergeNewRange, splitVmaAt } from './vma'
import { makeSlot } from './walk'
import { findEntry, makeEntry } from './walk-depth'
import { munmapRange } from './zap'

/**
 * Moves `pages` pages from `from` to `to`. `EFAULT` where they do not lie in one VMA (nothing is moved;
 * the destination is unmapped only if `from` is mapped), `EINVAL` where both places overlap, or are not
 * those of whole HugeTLB pages.
 */
export function mremapRange(
  world: World,
  mm: Mm,
  from: number,
  pages: number,
  to: number
): 'EFAULT' | 'EINVAL' | undefined {
  const old = mm.vmaAt(from)
  if (old === undefined) return 'EFAULT'
  if (old.huge !== undefined) {
    // Lengths are rounded up to whole HugeTLB pages, addresses must be there already.
    const nr = 2 ** old.huge.order
    pages = Math.ceil(pages / nr) * nr
    if (from % nr !== 0 || to % nr !== 0) return 'EINVAL'
  }
  if (pages <= 0 || (from + pages > to && to + pages > from)) return 'EINVAL'
  munmapRange(world, mm, to, to + pages)
  let vma = mm.vmaAt(from)
  if (vma === undefined || vma.end < from + pages) return 'EFAULT'
  if (isHugetlb(vma)) vma = cutHuge(world, mm, vma, from, from + pages)
  world.calls[FN.ksm_madvise]++
  const copy = copyVma(world, mm, vma, from, pages, to)
  movePageTables(world, mm, vma, from, copy, to, pages)
  munmapRange(world, mm, from, from + pages)
  return undefined
}

/**
 * The part of a HugeTLB mapping that moves, as a VMA of its own: what it reserved goes along, the rest
 * stays. (The kernel cuts only when it unmaps the old place; nothing that it counts differs.)
 */
function cutHuge(world: World, mm: Mm, vma: Vma, from: number, end: number): Vma {
  if (vma.start !== from) maySplitHuge(world, vma, from)
  if (vma.end !== end) maySplitHuge(world, vma, end)
  splitVmaAt(world, mm, from)
  splitVmaAt(world, mm, end)
  return mm.vmas[mm.vmaIndex(from)]
}

/**
 * `copy_vma`: the VMA at the new place. What was faulted in keeps its page offset, so that it merges
 * only with neighbours it lay beside before; what was not takes the offset of the new place.
 */
function copyVma(world: World, mm: Mm, vma: Vma, from: number, pages: number, to: number): Vma {
  const unfaulted = vma.file === undefined && vma.anonVma === 0
  const pgoff = unfaulted ? to : vma.pgoff + (from - vma.start)
  const range = { ...vma, file: vma.file, start: to, end: to + pages, pgoff }
  const merged = mergeNewRange(world, mm, range)
  if (merged !== undefined) return merged
  world.calls[FN.anon_vma_clone]++
  mm.insertVma(range)
  if (vma.huge !== undefined) {
    openHugeVma(world, range)
    // The reservation went along.
    vma.huge = { order: vma.huge.order }
  }
  return range
}

/** How far from `at` towards `end` the next border of `size` pages at the old or the new place is. */
function extentOf(at: number, end: number, newAt: number, size: number): number {
  return Math.min(size - (at % size), end - at, size - (newAt % size))
}

/** `move_page_tables`: by whole tables where both places are aligned and a whole one moves, else by entries. */
function movePageTables(
  world: World,
  mm: Mm,
  vma: Vma,
  from: number,
  newVma: Vma,
  to: number,
  pages: number
): void {
  world.calls[FN.move_page_tables]++
  if (isHugetlb(vma)) {
    moveHugetlb(world, mm, vma, from, to, pages)
    return
  }
  const { tableEntries } = world.geometry
  const end = from + pages
  let at = from
  let newAt = to
  if (pages >= tableEntries - (from % tableEntries) && mayRealign(world, mm, vma, from, newVma, to)) {
    at -= from % tableEntries
    newAt -= to % tableEntries
  }
  while (at < end) {
    const moved = moveExtent(world, mm, at, end, newAt)
    at += moved
    newAt += moved
  }
}

/**
 * `try_realign_addr` (6.7+): the move may begin at the table's start where nothing lies between it and
 * either VMA, which must both begin here.
 */
function mayRealign(world: World, mm: Mm, vma: Vma, from: number, newVma: Vma, to: number): boolean {
  const { tableEntries } = world.geometry
  const offset = from % tableEntries
  if (!world.kernel.remapRealigns || offset === 0 || offset !== to % tableEntries) return false
  return (
    vma.start === from &&
    newVma.start === to &&
    freeBefore(mm, from - offset, from) &&
    freeBefore(mm, to - offset, to)
  )
}

function freeBefore(mm: Mm, start: number, end: number): boolean {
  const index = mm.vmaIndex(start)
  return index === mm.vmas.length || mm.vmas[index].start >= end
}

/** One step of the move; answers how many pages it got on. */
function moveExtent(world: World, mm: Mm, at: number, end: number, newAt: number): number {
  const { tables, geometry } = world
  const leafPages = geometry.tableEntries
  if (geometry.levels > 2) {
    const upper = findEntry(world, mm, at, 2)
    const whole = extentOf(at, end, newAt, leafPages * leafPages)
    if (upper === 0 || (tables.attr(upper) & TABLE) !== TABLE) return whole
    if (whole === leafPages * leafPages && moveTable(world, mm, upper, at, newAt, 2)) return whole
  }
  const extent = extentOf(at, end, newAt, leafPages)
  const pmd = findEntry(world, mm, at, 1)
  if (pmd === 0 || tables.attr(pmd) === 0) return extent
  const newPmd = makeEntry(world, mm, newAt, 1)
  if (isPmdLeaf(tables.attr(pmd))) {
    if (extent === leafPages && tables.attr(newPmd) === 0) {
      moveLeaf(world, mm, pmd, newPmd, at)
      return extent
    }
    splitPmd(world, mm, at)
  } else if (extent === leafPages && moveTable(world, mm, pmd, at, newAt, 1)) return extent
  moveEntries(world, mm, pmd, at, extent, newAt)
  return extent
}

/**
 * `move_normal_pmd`, `move_normal_pud`: the table is hung in at the new place as it is, folded blocks
 * and all, then the old addresses are invalidated with their walk caches. False where something is
 * there already.
 */
function moveTable(world: World, mm: Mm, slot: number, at: number, newAt: number, depth: number): boolean {
  const { tables, geometry } = world
  const newSlot = makeEntry(world, mm, newAt, depth)
  if (tables.attr(newSlot) !== 0) return false
  const table = tables.pfn(slot)
  tables.set(slot, 0, 0)
  world.probe?.('table unlinked')
  rebase(world, table, newAt, depth - 1)
  tables.link(newSlot, table)
  world.probe?.('table moved')
  flushMoved(world, mm, at, geometry.tableEntries ** depth)
  return true
}

/** Says of a table and those below it that they map pages from `base` on now. */
function rebase(world: World, table: number, base: number, depth: number): void {
  const { tables, geometry } = world
  tables.moveTable(table, base)
  if (depth === 0) return
  const span = geometry.tableEntries ** depth
  for (let i = 0; i < geometry.tableEntries; i++) {
    const slot = (table << geometry.tableShift) + i
    if ((tables.attr(slot) & TABLE) === TABLE) rebase(world, tables.pfn(slot), base + i * span, depth - 1)
  }
}

/** `move_huge_pmd`: the leaf goes as it is; its deposited table goes along where the PMD table is another. */
function moveLeaf(world: World, mm: Mm, pmd: number, newPmd: number, at: number): void {
  const { tables, geometry, calls } = world
  calls[FN.move_huge_pmd]++
  const attr = tables.attr(pmd)
  const pfn = tables.pfn(pmd)
  tables.set(pmd, 0, 0)
  world.probe?.('PMD leaf taken out')
  if (pmd >>> geometry.tableShift !== newPmd >>> geometry.tableShift) {
    calls[FN.pgtable_trans_huge_withdraw]++
    calls[FN.pgtable_trans_huge_deposit]++
  }
  world.mte?.syncLeaf(attr, pfn)
  tables.set(newPmd, attr, pfn)
  world.probe?.('PMD leaf moved')
  // `flush_pmd_tlb_range`, which the compiler put in here.
  world.tlbi.range(mm, at, geometry.tableEntries, geometry.tableEntries, false)
}

/** `move_ptes`: entry by entry; one flush of the whole extent if any of them was present. */
function moveEntries(world: World, mm: Mm, pmd: number, at: number, nr: number, newAt: number): void {
  const { ops, tables, geometry } = world
  const slot = (tables.pfn(pmd) << geometry.tableShift) + (at % geometry.tableEntries)
  const newSlot = makeSlot(world, mm, newAt)
  flushBatchedPending(world, mm)
  splitBlocks(world, mm, slot, nr)
  let present = false
  for (let i = 0; i < nr; i++) {
    if (ops.ptepGet(mm, slot + i) === 0) continue
    const pfn = tables.pfn(slot + i)
    const entry = ops.ptepGetAndClear(mm, slot + i)
    world.probe?.('entry taken out')
    if (isPresent(entry)) present = true
    ops.setPteInline(mm, newSlot + i, pfn, entry)
    world.probe?.('entry moved')
  }
  if (present) flushMoved(world, mm, at, nr)
}

/** `flush_tlb_range` of what lay at the old place: walk caches too. */
function flushMoved(world: World, mm: Mm, vpn: number, pages: number): void {
  const old = world.kernel.functionNames === 'linux-6.1'
  world.calls[old ? FN.__flush_tlb_range : FN.__flush_tlb_range_nosync]++
  world.tlbi.range(mm, vpn, pages, 1, false)
}
