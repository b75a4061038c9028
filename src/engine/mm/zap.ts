/**
 * Removing mappings: MADV_DONTNEED, munmap and exit over one loop, in the designs D0 (plain), D1
 * (unfold first) and D2 (v2 14/14, "full") that the PTE operations choose between.
 * Source: reference `teardown.md` sections 1-4 and 6.
 */
import { SPECIAL, isPresent } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import type { World } from '../world'
import { MmuGather } from './gather'
import type { Mm, Vma } from './mm'
import { splitVmaAt } from './vma'
import { findSlot, freeRoot, freeTables, type FreedTables } from './walk'

const ZAP_BATCH = COUNTER_INDEX.zapBatch
const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss

/** Clears the entries of `[start, end)`, which lies inside one VMA, and flushes at its end. */
function unmapRange(world: World, mm: Mm, start: number, end: number, gather: MmuGather): void {
  const entries = world.geometry.tableEntries
  for (let vpn = start; vpn < end;) {
    const next = Math.min(vpn - (vpn % entries) + entries, end)
    const slot = findSlot(world, mm, vpn)
    if (slot === 0) {
      vpn = next
      continue
    }
    vpn += zapSection(world, mm, vpn, slot, next - vpn, gather)
  }
  gather.flushTlb()
}

/**
 * One section under the page-table lock: clears up to `nr` entries of one table and answers how many
 * it got through before the gather was full.
 */
function zapSection(world: World, mm: Mm, vpn: number, slot: number, nr: number, gather: MmuGather): number {
  const { ops, tables, folios } = world
  let done = 0
  let full = false
  let pages = 0
  let batches = 0
  while (done < nr && !full) {
    const entry = ops.ptepGetPresence(mm, slot + done)
    if (isPresent(entry)) {
      const pfn = tables.pfn(slot + done)
      ops.ptepGetAndClearFull(mm, slot + done, gather.fullmm)
      gather.cleared(vpn + done)
      batches++
      if ((entry & SPECIAL) === 0) {
        folios.addWord(pfn, -1)
        pages++
        full = gather.queue(pfn)
      }
    }
    done++
  }
  mm.anonPages -= pages
  mm.count(ZAP_BATCH, batches)
  mm.count(MAPCOUNT, pages)
  mm.count(RSS, pages)
  if (full) {
    gather.flushTlb()
    gather.freePages()
  }
  return done
}

function forEachVmaPart(
  mm: Mm,
  start: number,
  end: number,
  visit: (vma: Vma, start: number, end: number) => void
): boolean {
  let covered = start
  let whole = true
  for (let i = mm.vmaIndex(start); i < mm.vmas.length && mm.vmas[i].start < end; i++) {
    const vma = mm.vmas[i]
    if (vma.start > covered) whole = false
    covered = vma.end
    visit(vma, Math.max(vma.start, start), Math.min(vma.end, end))
  }
  return whole && covered >= end
}

/** MADV_DONTNEED on `[start, end)`: false where part of it was not mapped (the rest is done). */
export function dontneed(world: World, mm: Mm, start: number, end: number): boolean {
  return forEachVmaPart(mm, start, end, (_vma, from, to) => {
    const gather = new MmuGather(world, mm, false)
    unmapRange(world, mm, from, to, gather)
    gather.finish(noTables(world))
  })
}

/** munmap of `[start, end)`: VMAs go, entries are cleared, tables without a VMA are freed. */
export function munmapRange(world: World, mm: Mm, start: number, end: number): void {
  splitVmaAt(world, mm, start)
  splitVmaAt(world, mm, end)
  const first = mm.vmaIndex(start)
  let last = first
  while (last < mm.vmas.length && mm.vmas[last].start < end) last++
  if (first === last) return
  const removed = mm.vmas.splice(first, last - first)
  const floor = first === 0 ? 0 : mm.vmas[first - 1].end
  const ceiling = first === mm.vmas.length ? Infinity : mm.vmas[first].start
  const gather = new MmuGather(world, mm, false)
  for (const vma of removed) unmapRange(world, mm, vma.start, vma.end, gather)
  const from = removed[0].start
  const to = removed[removed.length - 1].end
  gather.finish(freeTables(world, mm, from, to, floor, ceiling))
}

/** exit_mmap: everything goes under one gather for the whole mm. */
export function exitMm(world: World, mm: Mm): void {
  world.tlbs?.retire(mm)
  const gather = new MmuGather(world, mm, true)
  for (const vma of mm.vmas) unmapRange(world, mm, vma.start, vma.end, gather)
  const last = mm.vmas.at(-1)
  const freed =
    last === undefined ? noTables(world) : freeTables(world, mm, mm.vmas[0].start, last.end, 0, Infinity)
  // The root goes with the mm: the ASID is invalidated even where nothing was ever mapped.
  freed.byDepth[world.geometry.levels - 1]++
  gather.finish(freed)
  freeRoot(world, mm)
  mm.vmas.length = 0
  world.mms.splice(world.mms.indexOf(mm), 1)
}

function noTables(world: World): FreedTables {
  return { byDepth: new Array<number>(world.geometry.levels).fill(0), start: Infinity, end: 0 }
}
