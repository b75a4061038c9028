/**
 * First touches of private anonymous memory.
 * Source: linux-6.12 and linux-6.1 mm/memory.c (`do_anonymous_page`, `alloc_anon_folio`); reference
 * `thp-sysfs.md` section 6.2; recorded counts.
 */
import { SPECIAL, mkdirty, mkwrite } from '../arch/descriptor'
import { EngineError } from '../error'
import { isModern } from '../kernel/names'
import { anonFaultOrders, dropHighest, highestOrder, rangeIsNone } from '../thp/orders'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { VM_LOCKED, VM_MTE, VM_WRITE, type Mm, type Vma } from './mm'
import { allocFolio, faultEffort, type Effort } from './pressure'
import { pageProtection } from './protection'
import { prepareAnonVma } from './vma'
import { makeSlot } from './walk'

export { isModern } from '../kernel/names'

const PAGE_CLEAR = COUNTER_INDEX.pageClear
const FOLIO_REF = COUNTER_INDEX.folioRef
const RSS = COUNTER_INDEX.rss

/** `do_anonymous_page`: nothing is there yet. A load maps the shared page of zeroes. */
export function anonymousFault(world: World, mm: Mm, vma: Vma, vpn: number, write: boolean): void {
  const { calls } = world
  if (isModern(world)) calls[FN.do_anonymous_page]++
  const slot = makeSlot(world, mm, vpn)
  if (!write) {
    recheckEmpty(world, mm, slot)
    setFaultPtes(world, mm, slot, world.zeroPfn, pageProtection(vma.flags) | SPECIAL, 1)
    return
  }
  prepareAnonVma(world, mm, vma)
  for (let orders = anonFaultOrders(world, mm, vma, vpn, slot); orders !== 0; orders = dropHighest(orders)) {
    const order = highestOrder(orders)
    const pfn = allocAnonFolio(world, order, faultEffort(world.thp, vma.flags))
    if (pfn < 0) {
      world.thpStats.add(order, 'anon_fault_fallback')
      continue
    }
    calls[FN.folio_zero_user]++
    const first = slot - (vpn % 2 ** order)
    // Under the lock: all entries must still be empty.
    if (!rangeIsNone(world, mm, first, 2 ** order)) throw new Error('entries of one fault changed')
    mapNewAnonFolio(world, mm, vma, first, pfn, order)
    return
  }
  const pfn = allocZeroedPage(world, vma)
  recheckEmpty(world, mm, slot)
  mapNewAnonFolio(world, mm, vma, slot, pfn, 0)
}

/** `vmf_pte_changed`, or its like in 6.1: the entry is read again under the lock. */
function recheckEmpty(world: World, mm: Mm, slot: number): void {
  if (isModern(world)) world.calls[FN.vmf_pte_changed]++
  world.ops.ptepGet(mm, slot)
}

/**
 * `vma_alloc_folio`: a folio for anonymous memory, its pages still to be cleared; -1 where none is found
 * with that effort. Single pages are worth all of it.
 */
export function allocAnonFolio(world: World, order: number, effort: Effort = 'direct'): number {
  const { calls } = world
  if (isModern(world)) {
    calls[FN.vma_alloc_folio_noprof]++
    calls[FN.folio_alloc_mpol_noprof]++
  } else {
    calls[FN.vma_alloc_folio]++
    calls[FN.__folio_alloc]++
  }
  return allocFolio(world, order, effort)
}

/** `vma_alloc_zeroed_movable_folio`: one page of zeroes, whose tags are cleared with it. Throws `ENOMEM`. */
export function allocZeroedPage(world: World, vma: Vma): number {
  if (isModern(world)) world.calls[FN.vma_alloc_zeroed_movable_folio]++
  const pfn = allocAnonFolio(world, 0)
  if (pfn < 0) throw outOfMemory(world)
  if ((vma.flags & VM_MTE) !== 0) world.mte?.zeroNewPage(pfn)
  return pfn
}

/** What a fault throws that finds no memory. */
export function outOfMemory(world: World): EngineError {
  const { buddy } = world.folios
  const bytes = buddy.pages * world.geometry.pageSize
  return new EngineError('ENOMEM', `Out of memory: no page of the machine's ${bytes} bytes is free.`)
}

/**
 * Maps a folio just allocated over 2^order empty entries: cleared, exclusive, one mapping a page,
 * young, and writable and dirty where the VMA may be written.
 */
export function mapNewAnonFolio(
  world: World,
  mm: Mm,
  vma: Vma,
  slot: number,
  pfn: number,
  order: number
): void {
  const nr = 2 ** order
  clearPages(world, mm, nr)
  if (nr > 1) mm.count(FOLIO_REF, 1)
  world.folios.addRefs(pfn, nr - 1)
  world.probe?.('references of a new folio')
  mm.anonPages += nr
  mm.count(RSS, 1)
  world.thpStats.add(order, 'anon_fault_alloc')
  addNewAnonRmap(world, pfn, order)
  world.folios.setAnonVma(pfn, vma.anonVma)
  world.lru.addVma(pfn, (vma.flags & VM_LOCKED) !== 0)
  setFaultPtes(world, mm, slot, pfn, newAnonEntry(vma), nr)
  world.probe?.('new folio mapped')
}

/** `set_ptes` of a fault; 6.1 enters `__set_pte_at` for it. */
export function setFaultPtes(
  world: World,
  mm: Mm,
  slot: number,
  pfn: number,
  attr: number,
  nr: number
): void {
  if (!isModern(world)) world.calls[FN.__set_pte_at]++
  world.ops.setPtes(mm, slot, pfn, attr, nr)
}

/** Pages of user memory cleared. */
export function clearPages(world: World, mm: Mm, nr: number): void {
  mm.count(PAGE_CLEAR, nr)
  world.trace?.note('clear', mm.pid, 0, 0, 0, nr)
  world.calls[FN.clear_page] += nr
}

/**
 * `folio_add_new_anon_rmap`: one mapping a page, each exclusive. These are plain stores: `mapcount`,
 * which counts atomic updates, does not count them.
 */
export function addNewAnonRmap(world: World, pfn: number, order: number): void {
  const { folios } = world
  for (let i = 0; i < 2 ** order; i++) folios.addWord(pfn + i, world.exclusive + 1)
  countNewAnon(world, order)
}

/** What every new anonymous mapping counts. */
export function countNewAnon(world: World, order: number): void {
  const { calls, thpStats } = world
  if (isModern(world)) {
    calls[FN.folio_add_new_anon_rmap]++
    calls[FN.__folio_mod_stat]++
  } else {
    calls[FN.page_add_new_anon_rmap]++
    calls[FN.__page_set_anon_rmap]++
  }
  thpStats.add(order, 'nr_anon')
}

/** The entry of a new anonymous page. */
export function newAnonEntry(vma: Vma): number {
  const attr = pageProtection(vma.flags)
  return (vma.flags & VM_WRITE) === 0 ? attr : mkwrite(mkdirty(attr))
}
