/**
 * Stores to pages that may not be written: reuse the page where it is ours alone, else copy it.
 * Source: linux-6.12 and linux-6.1 mm/memory.c (`do_wp_page`, `wp_can_reuse_anon_folio`,
 * `wp_page_copy`); reference `contpte.md` section 5; recorded counts.
 */
import { AF, SPECIAL, UFFD_WP, mkdirty, mkwrite } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import {
  addNewAnonRmap,
  allocAnonFolio,
  allocZeroedPage,
  clearPages,
  isModern,
  newAnonEntry,
  outOfMemory,
  setFaultPtes
} from './fault-anon'
import { ANON, FOLIO_LRU, FOLIO_SWAPCACHE } from './folio'
import { VM_LOCKED, VM_SHARED, VM_WRITE, type Mm, type Vma } from './mm'
import { pageProtection } from './protection'
import { munlockUnmapped, removeRmapPtes } from './rmap'
import { freeFolioSwap, freeSwapCache } from './swap-entries'
import { dropUserfaultMark } from './userfault'
import { prepareAnonVma } from './vma'

const COW_REUSE = COUNTER_INDEX.cowReuse
const COW_COPY = COUNTER_INDEX.cowCopy
const PAGE_COPY = COUNTER_INDEX.pageCopy
const FOLIO_REF = COUNTER_INDEX.folioRef
const RSS = COUNTER_INDEX.rss

/** Above so many references nobody hopes that draining the LRU batches helps. */
const HOPELESS_REFERENCES = 3

/**
 * `do_wp_page`: `entry`, at `slot`, is present and not writable. `unshare`: GUP wants a page it may
 * read from for long, so that no later store of another process shows in it.
 */
export function writeProtectFault(
  world: World,
  mm: Mm,
  vma: Vma,
  slot: number,
  faulted: number,
  unshare: boolean
): void {
  const { ops, folios, tables, calls } = world
  calls[FN.do_wp_page]++
  let entry = faulted
  if (!unshare) {
    // The userfaultfd test reads the entry, whether or not anybody registered.
    const now = ops.ptepGet(mm, slot)
    if ((now & UFFD_WP) !== 0) entry = dropUserfaultMark(world, mm, slot)
  }
  calls[FN.vm_normal_page]++
  const pfn = tables.pfn(slot)
  const zero = (entry & SPECIAL) !== 0
  if ((vma.flags & VM_SHARED) !== 0) {
    reusePage(world, mm, vma, slot, entry, !zero)
    return
  }
  if (!zero && (folios.word(pfn) & ANON) !== 0 && (folios.isExclusive(pfn) || canReuse(world, pfn))) {
    if (!folios.isExclusive(pfn)) folios.addWord(pfn, world.exclusive)
    if (!unshare) reusePage(world, mm, vma, slot, entry, true)
    return
  }
  if (zero && unshare && !isModern(world)) return
  copyPage(world, mm, vma, slot, entry, unshare)
}

/**
 * Whether nobody but this mapping holds the folio of an anonymous page that is not exclusive: 6.12
 * asks only for order-0 folios, 6.1 for any. A reference of an LRU batch of this CPU is got rid of.
 */
function canReuse(world: World, pfn: number): boolean {
  const { folios, kernel, lru } = world
  // 5.15: nobody else has the folio or the page, not even a batch or the swap cache.
  if (kernel.reuse === 'sole-reference') return folios.refcount(pfn) === 1
  if (kernel.reuse === 'order-0' && folios.order(pfn) > 0) return false
  if (folios.refcount(pfn) > HOPELESS_REFERENCES) return false
  if ((folios.flags(pfn) & FOLIO_LRU) === 0) lru.drain()
  const cached = (folios.flags(pfn) & FOLIO_SWAPCACHE) !== 0
  if (folios.refcount(pfn) > (cached ? 2 : 1)) return false
  if (cached) freeFolioSwap(world, pfn)
  if (folios.refcount(pfn) !== 1) return false
  countMovedRmap(world)
  return true
}

/** `folio_move_anon_rmap`: the page belongs to this VMA's anon_vma from now on. */
export function countMovedRmap(world: World): void {
  world.calls[isModern(world) ? FN.folio_move_anon_rmap : FN.page_move_anon_rmap]++
}

/** `wp_page_reuse`: the entry becomes young, dirty and, where the VMA may be written, writable. */
function reusePage(world: World, mm: Mm, vma: Vma, slot: number, entry: number, folio: boolean): void {
  const { calls } = world
  calls[FN.wp_page_reuse]++
  if (folio && isModern(world)) calls[FN.folio_xchg_last_cpupid]++
  mm.count(COW_REUSE, 1)
  world.vm[VM.pgreuse]++
  const dirty = mkdirty(entry | AF)
  world.ops.ptepSetAccessFlags(mm, slot, (vma.flags & VM_WRITE) === 0 ? dirty : mkwrite(dirty), true)
}

/** `wp_page_copy`: this index gets an order-0 folio of its own. */
function copyPage(world: World, mm: Mm, vma: Vma, slot: number, entry: number, unshare: boolean): void {
  const { ops, folios, tables, calls } = world
  const zero = (entry & SPECIAL) !== 0
  const old = tables.pfn(slot)
  if (!zero) {
    folios.addRefs(old, 1)
    mm.count(FOLIO_REF, 1)
  }
  if (!isModern(world)) calls[FN.wp_page_copy]++
  prepareAnonVma(world, mm, vma)
  const pfn = zero ? allocZeroedPage(world, vma) : allocAnonFolio(world, 0)
  if (pfn < 0) {
    if (!zero) folios.put(old)
    throw outOfMemory(world)
  }
  if (zero) clearPages(world, mm, 1)
  else copyUserPage(world, mm, old, pfn)
  // The lock was dropped meanwhile: the entry is read again.
  ops.ptepGet(mm, slot)
  const anon = !zero && (folios.word(old) & ANON) !== 0
  if (!anon) {
    if (!zero) mm.filePages--
    mm.anonPages++
    mm.count(RSS, zero ? 1 : 2)
  }
  ops.ptepClearFlush(mm, slot)
  world.probe?.('entry cleared for a copy')
  addNewAnonRmap(world, pfn, 0)
  world.lru.addVma(pfn, (vma.flags & VM_LOCKED) !== 0)
  setFaultPtes(
    world,
    mm,
    slot,
    pfn,
    unshare ? pageProtection(vma.flags) | (entry & UFFD_WP) : newAnonEntry(vma),
    1
  )
  world.probe?.('copy mapped')
  if (zero) return
  mm.count(COW_COPY, 1)
  removeRmapPtes(world, mm, old, 1)
  munlockUnmapped(world, vma.flags, old)
  // The reference of the mapping, then the one held over the copy.
  mm.count(FOLIO_REF, 2)
  folios.put(old)
  freeSwapCache(world, old)
  folios.put(old)
}

/** The data of one page goes to another. */
export function copyUserPage(world: World, mm: Mm, from: number, to: number): void {
  const { calls, folios } = world
  calls[FN.copy_user_highpage]++
  calls[FN.copy_highpage]++
  calls[FN.copy_page]++
  mm.count(PAGE_COPY, 1)
  world.trace?.note('copy', mm.pid, to, from, 0, 1)
  folios.copyContent(from, to)
  world.mte?.copyPage(from, to)
}
