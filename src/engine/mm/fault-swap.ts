/**
 * Faults in entries that are neither present nor none: what was swapped out comes back.
 * Source: linux-6.12 and linux-6.1 mm/memory.c (`do_swap_page`, `alloc_swap_folio`,
 * `can_swapin_thp`); reference `swap-reclaim.md` section 4. The device is synchronous (zram): entries
 * that nobody shares are read past the swap cache, others through it (`swap-readahead.ts`).
 */
import { MARKER, MIGRATION, SWAP_EXCLUSIVE, UFFD_WP, mkdirty, mkwrite } from '../arch/descriptor'
import { allowableOrders, dropHighest, highestOrder, orderFits } from '../thp/orders'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { writeProtectFault } from './cow'
import { allocAnonFolio, countNewAnon, isModern, outOfMemory, setFaultPtes } from './fault-anon'
import { FOLIO_LRU, FOLIO_MLOCKED, FOLIO_NEVER_MAPPED, FOLIO_SWAPCACHE } from './folio'
import { VM_LOCKED, VM_WRITE, type Mm, type Vma } from './mm'
import { pageProtection } from './protection'
import { addAnonRmapPtes, mlockMapped } from './rmap'
import { SLOT_CACHED, type SwapArea } from './swap'
import { swapArea } from './swap-entries'
import { noteCacheHit, readSlots, swapinReadahead } from './swap-readahead'
import { isUserfaultArmed } from './userfault'

const RSS = COUNTER_INDEX.rss

/** What a swap fault found or read. */
interface Found {
  /** The page that belongs to the entry that faulted. */
  readonly pfn: number
  /** Read by this fault, past the swap cache: nobody else can know it. */
  readonly fresh: boolean
  /** It was never mapped: no anon_vma owns it yet. */
  readonly read: boolean
}

/** Entries that one fault maps: how many, and how many of them lie before the one that faulted. */
interface Span {
  readonly nr: number
  readonly before: number
}

/** `do_swap_page`: `entry`, at `slot`, is neither present nor none. Throws `ENOMEM`. */
export function swapFault(
  world: World,
  mm: Mm,
  vma: Vma,
  vpn: number,
  slot: number,
  entry: number,
  write: boolean
): void {
  const { ops, folios, lru, calls } = world
  calls[FN.do_swap_page]++
  if ((entry & MIGRATION) !== 0) throw new Error(`page ${vpn} is being migrated by nobody`)
  if ((entry & MARKER) !== 0) {
    // Nothing is remembered but the mark: without it the next try finds the entry empty.
    ops.pteClear(mm, slot)
    return
  }
  const area = swapArea(world)
  const found = findOrRead(world, mm, vma, area, vpn, slot, entry)
  // `ksm_might_need_to_copy` looks at whom a page of the swap cache belongs to.
  if (!found.fresh) calls[FN.folio_anon_vma]++
  if (!found.fresh && write && (folios.flags(found.pfn) & FOLIO_LRU) === 0) lru.drain()
  ops.ptepGet(mm, slot)
  const span = spanOf(world, mm, vma, area, vpn, slot, entry, found)
  mapSwappedIn(world, mm, vma, area, slot, entry, write, found, span)
}

/** The folio in the swap cache, with a reference, or a new one that was read. */
function findOrRead(
  world: World,
  mm: Mm,
  vma: Vma,
  area: SwapArea,
  vpn: number,
  slot: number,
  entry: number
): Found {
  const { tables, folios, vm, lru } = world
  const swap = tables.pfn(slot)
  const cached = area.cache[swap]
  if (cached !== 0) {
    noteCacheHit(world, vma, vpn, cached)
    folios.addRefs(cached, 1)
    const pfn = cached + swap - area.slotOf(folios, cached)
    return { pfn, fresh: false, read: isNeverMapped(world, pfn) }
  }
  vm[VM.pgmajfault]++
  if (!area.synchronous || area.count(swap) > 1) {
    const pfn = swapinReadahead(world, mm, vma, area, vpn)
    return { pfn, fresh: false, read: isNeverMapped(world, pfn) }
  }
  const pfn = allocDownFrom(world, swapInOrder(world, mm, vma, area, vpn, slot, entry))
  const nr = 2 ** folios.order(pfn)
  lru.add(pfn)
  readSlots(world, area, swap - (vpn % nr), pfn, nr)
  return { pfn: pfn + (vpn % nr), fresh: true, read: true }
}

function isNeverMapped({ folios }: World, pfn: number): boolean {
  return (folios.flags(pfn) & FOLIO_NEVER_MAPPED) !== 0
}

/** Allocates for `order`, or without memory one page. */
function allocDownFrom(world: World, order: number): number {
  const large = order > 0 ? allocAnonFolio(world, order) : -1
  const pfn = large >= 0 ? large : allocAnonFolio(world, 0)
  if (pfn < 0) throw outOfMemory(world)
  return pfn
}

/**
 * `alloc_swap_folio`: the highest order whose aligned block of entries holds consecutive slots, aligned
 * like the addresses and none of them in the swap cache. 0 where the kernel reads pages one by one.
 */
function swapInOrder(
  world: World,
  mm: Mm,
  vma: Vma,
  area: SwapArea,
  vpn: number,
  slot: number,
  entry: number
): number {
  if (world.kernel.swapIn !== 'folio' || isUserfaultArmed(vma)) return 0
  const swap = world.tables.pfn(slot)
  let orders = allowableOrders(world, mm, vma, 2 ** world.geometry.pmdOrder - 1)
  while (orders !== 0 && !orderFits(vma, vpn, highestOrder(orders))) orders = dropHighest(orders)
  while (orders !== 0 && vpn % (1 << highestOrder(orders)) !== swap % (1 << highestOrder(orders))) {
    orders = dropHighest(orders)
  }
  for (; orders !== 0; orders = dropHighest(orders)) {
    const order = highestOrder(orders)
    const nr = 2 ** order
    const before = vpn % nr
    if (!isRun(world, mm, slot - before, entry, swap - before, nr)) continue
    let cached = false
    let alike = true
    for (let i = swap - before; i < swap - before + nr; i++) {
      if ((area.map[i] & SLOT_CACHED) !== 0) cached = true
      if (area.zeroes[i] !== area.zeroes[swap]) alike = false
    }
    if (!cached && alike) return order
  }
  return 0
}

/** Whether `nr` entries from `slot` on are alike and name consecutive slots from `swap` on. */
function isRun(world: World, mm: Mm, slot: number, entry: number, swap: number, nr: number): boolean {
  const { ops, tables } = world
  for (let i = 0; i < nr; i++) {
    if (ops.ptepGet(mm, slot + i) !== entry || tables.pfn(slot + i) !== swap + i) return false
  }
  return true
}

/** Which entries the folio is mapped by: all of its own where they are as they were (6.11+), else the one. */
function spanOf(
  world: World,
  mm: Mm,
  vma: Vma,
  area: SwapArea,
  vpn: number,
  slot: number,
  entry: number,
  found: Found
): Span {
  const { folios, geometry, tables, kernel } = world
  const nr = 2 ** folios.order(found.pfn)
  const one: Span = { nr: 1, before: 0 }
  if (nr === 1 || kernel.swapIn === 'page') return one
  const before = found.pfn - folios.head(found.pfn)
  const table = vpn - (vpn % geometry.tableEntries)
  const first = vpn - before
  if (first < Math.max(table, vma.start)) return one
  if (first + nr > Math.min(table + geometry.tableEntries, vma.end)) return one
  const swap = found.fresh ? tables.pfn(slot) - before : area.slotOf(folios, found.pfn)
  return isRun(world, mm, slot - before, entry, swap, nr) ? { nr, before } : one
}

/** The swap entries go, the mappings come; a store that may not write yet goes on as copy-on-write. */
function mapSwappedIn(
  world: World,
  mm: Mm,
  vma: Vma,
  area: SwapArea,
  slot: number,
  entry: number,
  write: boolean,
  found: Found,
  { nr, before }: Span
): void {
  const { folios, tables, kernel, calls } = world
  const page = found.pfn - before
  const swap = tables.pfn(slot) - before
  const exclusiveEntry = found.fresh || (entry & SWAP_EXCLUSIVE) !== 0
  // Tags come back while the entries still hold the slots, and so the tags saved for them.
  if (isModern(world)) calls[FN.arch_swap_restore]++
  const head = folios.head(found.pfn)
  const index = found.pfn - head
  const folioPages = 1 << folios.order(head)
  const restore = () =>
    world.mte?.swapRestore(head, folioPages, swap + before - index, index, index - before, nr)
  if (!world.restoresTagsLate) restore()
  for (let i = 0; i < nr; i++) area.drop(swap + i)
  if (world.restoresTagsLate) restore()
  if (triesToFreeSwap(world, area, vma, page, write)) area.freeFolio(folios, page)
  mm.anonPages += nr
  mm.swapEntries -= nr
  mm.count(RSS, 2)
  const marked = (entry & UFFD_WP) !== 0
  let attr = pageProtection(vma.flags) | (entry & UFFD_WP)
  let pending = write
  const exclusive = exclusiveEntry || folios.refcount(page) === 1
  if (exclusive && (vma.flags & VM_WRITE) !== 0 && !marked && (write || kernel.swapIn !== 'page')) {
    attr = mkwrite(write ? mkdirty(attr) : attr)
    pending = false
  }
  folios.addRefs(page, nr - 1)
  addAnonRmapPtes(world, mm, page, nr, exclusive && kernel.anonExclusive)
  folios.setFlags(page, 0, FOLIO_NEVER_MAPPED)
  if (isModern(world)) {
    if (found.read) countNewAnon(world, folios.order(page))
    else calls[FN.folio_add_anon_rmap_ptes]++
  } else {
    calls[FN.page_add_anon_rmap]++
    // The page's first mapping sets its anon_vma, whether it was just read or waited in the cache.
    if (folios.mapcount(page) === 1) calls[FN.__page_set_anon_rmap]++
  }
  if (!found.read) mlockMapped(world, vma.flags, page)
  setFaultPtes(world, mm, slot - before, page, attr, nr)
  world.probe?.('swapped-in pages mapped')
  if (pending) writeProtectFault(world, mm, vma, slot, world.tables.attr(slot), false)
}

/** `should_try_to_free_swap`: swap runs short, the page is locked, or only the cache keeps it from reuse. */
function triesToFreeSwap(world: World, area: SwapArea, vma: Vma, pfn: number, write: boolean): boolean {
  const { folios } = world
  const flags = folios.flags(pfn)
  if ((flags & FOLIO_SWAPCACHE) === 0) return false
  if (area.nearlyFull || (vma.flags & VM_LOCKED) !== 0 || (flags & FOLIO_MLOCKED) !== 0) return true
  return write && folios.refcount(pfn) === 1 + 2 ** folios.order(pfn)
}
