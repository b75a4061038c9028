/**
 * `try_to_unmap`: every mapping of a folio in the swap cache becomes a swap entry, entry by entry; a
 * lazyfree folio is dropped instead. Source: Linux 6.1 and 6.12, mm/rmap.c (`try_to_unmap_one`);
 * reference `swap-reclaim.md` section 2.1.
 */
import { VALID, isDirty, isPmdLeaf, isPresent } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { EXCLUSIVE, FOLIO_DIRTY, FOLIO_LAZYFREE, FOLIO_SWAPCACHE } from './folio'
import { folioMapcount } from './mapcount'
import { VM_LOCKED, type Mm, type Vma } from './mm'
import { removeRmapPtes } from './rmap'
import { folioPlaces, type FolioPlace } from './rmap-walk'
import { splitPmd } from './split'
import { splitPmdAddress } from './split-address'
import { swapArea, swapEntry } from './swap-entries'
import { findPmd, findSlot } from './walk'

const RSS = COUNTER_INDEX.rss

/** What reclaim has put off: the DSB that ends its invalidations. */
export class UnmapFlush {
  #mm: Mm | undefined
  /** One of the entries was dirty: the flush must come before the page is written out. */
  #dirty = false

  constructor(readonly world: World) {}

  /** `set_tlb_ubc_flush_pending`: the page is invalidated now, complete only later. */
  add(mm: Mm, vpn: number, attr: number): void {
    if ((attr & VALID) === 0) return
    this.world.tlbi.pageNosync(mm, vpn)
    this.#mm = mm
    this.#dirty ||= isDirty(attr)
    mm.tlbFlushBatched = true
  }

  /** `try_to_unmap_flush_dirty`. */
  beforeWrite(): void {
    if (this.#dirty) this.#complete()
  }

  /** `try_to_unmap_flush`: there is none where nothing is put off. */
  finish(): void {
    if (this.world.kernel.unmapFlush === 'batched') this.world.calls[FN.try_to_unmap_flush]++
    this.#complete()
  }

  #complete(): void {
    if (this.#mm !== undefined) this.world.tlbi.finish(this.#mm)
    this.#mm = undefined
    this.#dirty = false
  }
}

/** Unmaps the folio everywhere, as far as it goes: it may stay mapped where it is locked or pinned. */
export function tryToUnmap(world: World, pfn: number, flush: UnmapFlush): void {
  const { folios, calls } = world
  const head = folios.head(pfn)
  const old = isOld(world)
  calls[FN.rmap_walk_anon]++
  if (old) calls[FN.folio_mapped] += LOCKING
  for (const place of folioPlaces(world, head, 1 << folios.order(pfn))) {
    if (!unmapFrom(world, place, head, flush)) return
    calls[old ? FN.folio_mapped : FN.folio_not_mapped]++
    if (folios.totalMapcount(head) === 0) return
  }
}

/** How often `folio_lock_anon_vma_read` asks whether the folio is mapped: a function of its own in 6.1. */
const LOCKING = 2

function isOld({ kernel }: World): boolean {
  return kernel.functionNames === 'linux-6.1'
}

/**
 * `folio_referenced`, which MADV_PAGEOUT up to 6.9 asks before it unmaps: who used the folio lately. The
 * advice has just cleared all marks, so the answer is nobody.
 */
export function askReferenced(world: World, pfn: number): void {
  const { folios, calls } = world
  const head = folios.head(pfn)
  if (isOld(world)) {
    calls[FN.folio_mapcount]++
    calls[FN.folio_mapped] += LOCKING
  }
  calls[FN.rmap_walk_anon]++
  let left = folioMapcount(world, head)
  for (const place of folioPlaces(world, head, 1 << folios.order(pfn))) {
    left -= walkMappings(world, place, head)
    if (left === 0) return
  }
}

/** Walks what one VMA maps of the folio, a leaf as one; answers how many mappings that is. */
function walkMappings(world: World, { mm, vpn, first, nr }: FolioPlace, head: number): number {
  const { tables, ops, calls } = world
  const pmd = findPmd(world, mm, vpn)
  let found = 0
  if (pmd !== 0 && isPmdLeaf(tables.attr(pmd)) && tables.pfn(pmd) === head) found = 1
  else {
    for (let i = 0; i < nr; i++) {
      const slot = findSlot(world, mm, vpn + i)
      if (slot === 0) continue
      if (isPresent(ops.ptepGetPresence(mm, slot)) && tables.pfn(slot) === head + first + i) found++
    }
  }
  calls[FN.page_vma_mapped_walk] += found + 1
  return found
}

/** `try_to_unmap_one`: one VMA's mappings; false when the walk must end. */
function unmapFrom(world: World, place: FolioPlace, head: number, flush: UnmapFlush): boolean {
  const { tables, ops, calls, folios, geometry } = world
  const { mm, vma, first, nr } = place
  const huge = folios.order(head) >= geometry.pmdOrder
  if (huge && isOld(world)) {
    calls[FN.split_huge_pmd_address]++
    splitPmdAddress(world, mm, place.vpn)
  }
  let reads = 0
  for (let i = 0; i < nr; i++) {
    const vpn = place.vpn + i
    const pmd = findPmd(world, mm, vpn)
    if (huge && pmd !== 0 && isPmdLeaf(tables.attr(pmd)) && tables.pfn(pmd) === head) {
      calls[FN.page_vma_mapped_walk]++
      if (!mayUnmap(world, vma, head)) return false
      splitPmd(world, mm, vpn, true)
    }
    const slot = findSlot(world, mm, vpn)
    if (slot === 0) continue
    // Behind the first entry, one more read passes over those that are empty.
    if (reads++ > 0 && ops.ptepGetPresence(mm, slot) === 0) continue
    const entry = ops.ptepGetPresence(mm, slot)
    if (!isPresent(entry) || tables.pfn(slot) !== head + first + i) continue
    calls[FN.page_vma_mapped_walk]++
    if (!mayUnmap(world, vma, head)) return false
    if (!unmapEntry(world, mm, slot, vpn, head + first + i, flush)) return false
  }
  calls[FN.page_vma_mapped_walk]++
  return true
}

/** A locked VMA keeps its pages. */
function mayUnmap(world: World, vma: Vma, head: number): boolean {
  if ((vma.flags & VM_LOCKED) === 0) return true
  if (world.folios.order(head) === 0) world.lru.mlock(head)
  return false
}

/** One entry: false where it had to be put back. */
function unmapEntry(
  world: World,
  mm: Mm,
  slot: number,
  vpn: number,
  pfn: number,
  flush: UnmapFlush
): boolean {
  const { ops, folios, kernel } = world
  ops.ptepGet(mm, slot)
  let entry: number
  if (kernel.unmapFlush === 'batched') {
    entry = ops.ptepGetAndClear(mm, slot)
    flush.add(mm, vpn, entry)
  } else entry = ops.ptepClearFlush(mm, slot)
  world.probe?.('entry taken out', pfn)
  if (isDirty(entry)) folios.setFlags(pfn, FOLIO_DIRTY)
  const flags = folios.flags(pfn)
  if ((flags & (FOLIO_LAZYFREE | FOLIO_SWAPCACHE)) === FOLIO_LAZYFREE) {
    if (isOld(world)) world.calls[FN.folio_mapcount]++
    const references = 1 + folios.totalMapcount(pfn)
    if (folios.refcount(pfn) !== references || (flags & FOLIO_DIRTY) !== 0) {
      ops.setPtes(mm, slot, pfn, entry, 1)
      folios.setFlags(pfn, 0, FOLIO_LAZYFREE)
      return false
    }
  } else if (!swapOutEntry(world, mm, slot, pfn, entry)) return false
  mm.anonPages--
  mm.count(RSS, 1)
  removeRmapPtes(world, mm, pfn, 1)
  folios.put(pfn)
  return true
}

/** The page's swap entry takes the place of the entry; a pinned page of this process stays mapped. */
function swapOutEntry(world: World, mm: Mm, slot: number, pfn: number, entry: number): boolean {
  const { ops, folios } = world
  const area = swapArea(world)
  const target = area.slotOf(folios, pfn) + (pfn - folios.head(pfn))
  const exclusive = folios.isExclusive(pfn)
  if (exclusive && folios.pincount(pfn) > 0) {
    ops.setPtes(mm, slot, pfn, entry, 1)
    return false
  }
  area.duplicate(target)
  if (exclusive) folios.addWord(pfn, -EXCLUSIVE)
  mm.swapEntries++
  mm.count(RSS, 1)
  ops.setPtes(mm, slot, target, swapEntry(exclusive), 1)
  return true
}
