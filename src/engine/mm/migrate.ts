/**
 * Migration entries: what a page's entry is while nobody may use the page, and back. The lane keeps
 * what the entry was (write, young, dirty, exclusive), as the kernel keeps it in the entry's type and
 * offset. Source: Linux 6.1 and 6.12, mm/rmap.c (`try_to_migrate_one`), mm/migrate.c
 * (`remove_migration_pte`), mm/page_vma_mapped.c; reference `swap-reclaim.md` section 2.4.
 */
import {
  AF,
  DIRTY,
  MIGRATION,
  SPECIAL,
  SWAP_EXCLUSIVE,
  UFFD_WP,
  VALID,
  WRITE,
  isDirty,
  isPresent,
  mkdirty,
  mkwrite
} from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { splitBlockOf } from './exposed/split'
import { EXCLUSIVE, FOLIO_DIRTY, FOLIO_MLOCKED } from './folio'
import { VM_LOCKED, type Mm } from './mm'
import { migrationEntry } from './migration-entry'
import { pageProtection } from './protection'
import { addAnonRmapPtes, mlockMapped, munlockUnmapped, removeRmapPtes } from './rmap'
import type { FolioPlace } from './rmap-walk'
import { freezePmd } from './split-pmd'
import { findSlot } from './walk'

const FOLIO_REF = COUNTER_INDEX.folioRef
const RSS = COUNTER_INDEX.rss

/**
 * `try_to_migrate_one`: every page of the folio at `head` that the VMA maps becomes a migration entry.
 * True if invalidations were left to a later DSB (`unmapFlush` of the kernel).
 */
export function unmapPlace(world: World, place: FolioPlace, head: number): boolean {
  const { ops, tables, folios, geometry, calls } = world
  const { mm, first } = place
  if (folios.order(head) >= geometry.pmdOrder) splitLeaf(world, place, head)
  splitBlockOf(world, mm, place.vpn)
  let deferred = false
  let reads = 1
  for (let i = 0; i < place.nr; i++) {
    const slot = findSlot(world, mm, place.vpn + i)
    if (slot === 0) continue
    // Behind the first entry, one more read passes over those that are empty.
    if (reads++ > 1 && ops.ptepGetPresence(mm, slot) === 0) continue
    const entry = ops.ptepGetPresence(mm, slot)
    if (!isPresent(entry) || (entry & SPECIAL) !== 0 || tables.pfn(slot) !== head + first + i) continue
    calls[FN.page_vma_mapped_walk]++
    ops.ptepGetPresence(mm, slot)
    if (unmapPage(world, place, place.vpn + i, slot, head + first + i)) deferred = true
  }
  calls[FN.page_vma_mapped_walk]++
  return deferred
}

/** `TTU_SPLIT_HUGE_PMD`: a leaf that maps the folio goes first. */
function splitLeaf(world: World, { mm, vpn }: FolioPlace, head: number): void {
  world.calls[FN.split_huge_pmd_address]++
  world.calls[FN.mm_find_pmd]++
  freezePmd(world, mm, vpn, head)
}

function unmapPage(world: World, { mm, vma }: FolioPlace, vpn: number, slot: number, pfn: number): boolean {
  const { ops, folios, kernel, tlbi, lru } = world
  let entry: number
  let deferred = false
  if (kernel.unmapFlush === 'batched') {
    entry = ops.ptepGetAndClear(mm, slot)
    // What hardware cannot hold needs no invalidation.
    deferred = (entry & VALID) !== 0
    if (deferred) {
      tlbi.pageNosync(mm, vpn)
      mm.tlbFlushBatched = true
    }
  } else entry = ops.ptepClearFlush(mm, slot)
  if (isDirty(entry)) folios.setFlags(pfn, FOLIO_DIRTY)
  const exclusive = folios.isExclusive(pfn)
  if (exclusive) folios.addWord(pfn, -EXCLUSIVE)
  setEntry(world, mm, slot, pfn, migrationEntry(entry, exclusive))
  world.probe?.('migration entry set', pfn)
  removeRmapPtes(world, mm, pfn, 1)
  munlockUnmapped(world, vma.flags, pfn)
  if ((vma.flags & VM_LOCKED) !== 0) lru.drainMlocked()
  mm.count(FOLIO_REF, 1)
  folios.addRefs(pfn, -1)
  return deferred
}

/**
 * `remove_migration_pte`: where the VMA has a migration entry for page `page` of the folio that began
 * at `head`, it maps that page again, or after a split (`dropsZeroes`) the page of zeroes if all its
 * bytes are zero (6.12). After a migration the page is the one of the folio that begins at `to`.
 */
export function restorePage(
  world: World,
  place: FolioPlace,
  head: number,
  page: number,
  dropsZeroes = true,
  to = head
): void {
  const { ops, tables, folios, calls, lru } = world
  const { mm, vma } = place
  calls[FN.remove_migration_pte]++
  calls[FN.page_vma_mapped_walk]++
  const slot = findSlot(world, mm, place.vpn + page - place.first)
  if (slot === 0) return
  const pfn = to + page
  const entry = ops.ptepGetPresence(mm, slot)
  if ((entry & MIGRATION) === 0 || tables.pfn(slot) !== head + page) return
  ops.ptepGetPresence(mm, slot)
  calls[FN.page_vma_mapped_walk]++
  const prot = pageProtection(vma.flags)
  if (dropsZeroes && mapsZeroInstead(world, pfn, vma.flags)) {
    setEntry(world, mm, slot, world.zeroPfn, prot | SPECIAL | (entry & UFFD_WP))
    mm.anonPages--
    mm.count(RSS, 1)
    return
  }
  mm.count(FOLIO_REF, 1)
  folios.addRefs(pfn, 1)
  addAnonRmapPtes(world, mm, pfn, 1, (entry & SWAP_EXCLUSIVE) !== 0)
  if (world.kernel.functionNames === 'linux-6.12') calls[FN.folio_add_anon_rmap_ptes]++
  else {
    calls[FN.page_add_anon_rmap]++
    calls[FN.__page_set_anon_rmap]++
  }
  mlockMapped(world, vma.flags, pfn)
  setEntry(world, mm, slot, pfn, restoredEntry(world, prot, entry))
  if ((vma.flags & VM_LOCKED) !== 0) lru.drainMlocked()
  world.probe?.('migration entry restored', pfn)
}

function restoredEntry(world: World, prot: number, entry: number): number {
  let attr = (prot & ~AF) | (keepsYoung(world) ? entry & AF : 0)
  if ((entry & DIRTY) !== 0) attr = mkdirty(attr)
  if ((entry & WRITE) !== 0) attr = mkwrite(attr)
  return attr | (entry & UFFD_WP)
}

/**
 * With 52-bit physical addresses and 4K pages the young bit of a migration entry lies where a
 * descriptor has its contiguous bit, which every setter strips: all pages come out old.
 */
function keepsYoung({ layout, geometry }: World): boolean {
  return !(layout.lpa2 && geometry.name === '4K')
}

/** `try_to_map_unused_to_zeropage`. */
function mapsZeroInstead(world: World, pfn: number, vmaFlags: number): boolean {
  if (!world.kernel.splitDropsZeroes || (vmaFlags & VM_LOCKED) !== 0) return false
  // `pages_identical` knows that a tagged page is like no other.
  if (world.kernel.splitKeepsTags && world.mte?.isTagged(pfn) === true) return false
  return (world.folios.flags(pfn) & FOLIO_MLOCKED) === 0 && world.folios.content(pfn) === 0
}

/** `set_pte_at`, which is a function of its own only in the newer kernels. */
function setEntry(world: World, mm: Mm, slot: number, pfn: number, attr: number): void {
  if (world.kernel.functionNames === 'linux-6.12') world.ops.setPtes(mm, slot, pfn, attr, 1)
  else world.ops.setPteInline(mm, slot, pfn, attr)
}
