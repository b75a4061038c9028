/**
 * `try_to_unmap`: every mapping of a folio in the swap cache becomes a swap entry, entry by entry; a
 * lazyfree folio is dropped instead. Source: Linux 6.1 and 6.12, mm/rmap.c (`try_to_unmap_one`);
 * reference `swap-reclaim.md` section 2.1.
 */
import { VALID, isDirty, isPmdLeaf, isPresent } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import type { World } from '../world'
import { EXCLUSIVE, FOLIO_DIRTY, FOLIO_LAZYFREE, FOLIO_SWAPCACHE } from './folio'
import { VM_LOCKED, type Mm, type Vma } from './mm'
import { removeRmapPtes } from './rmap'
import { folioPlaces, type FolioPlace } from './rmap-walk'
import { splitPmd } from './split'
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
    if (this.#dirty) this.finish()
  }

  /** `try_to_unmap_flush`. */
  finish(): void {
    if (this.#mm !== undefined) this.world.tlbi.finish(this.#mm)
    this.#mm = undefined
    this.#dirty = false
  }
}

/** Unmaps the folio everywhere, as far as it goes: it may stay mapped where it is locked or pinned. */
export function tryToUnmap(world: World, pfn: number, flush: UnmapFlush): void {
  const { folios } = world
  const head = folios.head(pfn)
  for (const place of folioPlaces(world, head, 1 << folios.order(pfn))) {
    if (!unmapFrom(world, place, head, flush)) return
    if (folios.totalMapcount(head) === 0) return
  }
}

/** `try_to_unmap_one`: one VMA's mappings; false when the walk must end. */
function unmapFrom(world: World, place: FolioPlace, head: number, flush: UnmapFlush): boolean {
  const { tables } = world
  const { mm, vma, first, nr } = place
  let leafSeen = false
  for (let i = 0; i < nr; i++) {
    const vpn = place.vpn + i
    const pmd = findPmd(world, mm, vpn)
    if (!leafSeen && pmd !== 0 && isPmdLeaf(tables.attr(pmd)) && tables.pfn(pmd) === head) {
      leafSeen = true
      if (!mayUnmap(world, vma, head)) return false
      splitPmd(world, mm, vpn)
    }
    const slot = findSlot(world, mm, vpn)
    if (slot === 0 || tables.pfn(slot) !== head + first + i || !isPresent(tables.attr(slot))) continue
    if (!mayUnmap(world, vma, head)) return false
    if (!unmapEntry(world, mm, slot, vpn, head + first + i, flush)) return false
  }
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
