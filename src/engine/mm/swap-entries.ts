/**
 * Swap entries as core-mm handles them: made by reclaim, duplicated by fork, given back by zap and
 * MADV_FREE, read back by faults. An entry is `SWAP` in the attr lane, its slot in the pfn lane.
 * Source: reference `swap-reclaim.md` sections 2.1, 4 and 5; Linux 6.1 and 6.12, mm/swapfile.c.
 */
import { SWAP, SWAP_EXCLUSIVE } from '../arch/descriptor'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { FOLIO_LOCKED, FOLIO_SWAPCACHE } from './folio'
import type { Mm } from './mm'
import { SLOT_CACHED, type SwapArea } from './swap'

/** The area entries name. */
export function swapArea(world: World): SwapArea {
  if (world.swap === undefined) throw new Error('a swap entry without a swap area')
  return world.swap
}

/** The attr lane of an entry of the (only) area; `exclusive` remembers PG_anon_exclusive. */
export function swapEntry(exclusive: boolean): number {
  return exclusive ? SWAP | SWAP_EXCLUSIVE : SWAP
}

/** `swap_duplicate`: fork copied an entry. */
export function swapDuplicate(world: World, slot: number): void {
  swapArea(world).duplicate(slot)
}

/**
 * `free_swap_and_cache` (`_nr` from 6.10): `nr` entries that name consecutive slots are gone. A folio
 * that only the swap cache still knows goes with the last of them.
 */
export function freeSwapAndCache(world: World, slot: number, nr: number): void {
  const area = swapArea(world)
  area.dropRun(slot, nr)
  for (let at = slot; at < slot + nr; at++) {
    if (area.map[at] === SLOT_CACHED && area.cache[at] !== 0) reclaimCache(world, area, at)
  }
}

/** `__try_to_reclaim_swap` with TTRS_UNMAPPED | TTRS_FULL. */
function reclaimCache(world: World, area: SwapArea, slot: number): void {
  const { folios } = world
  const head = area.cache[slot]
  if (head === 0) return
  if (folios.totalMapcount(head) === 0 || area.nearlyFull) area.freeFolio(folios, head)
}

/**
 * How many entries from `pte` on, the first of them `entry`, hold consecutive slots and are alike else
 * (`swap_pte_batch`, 6.10+; before: one).
 */
export function swapRun(world: World, mm: Mm, pte: number, entry: number, limit: number): number {
  const { ops, tables, kernel } = world
  if (kernel.madvise !== 'batch') return 1
  const slot = tables.pfn(pte)
  let nr = 1
  while (nr < limit) {
    if (ops.ptepGetPresence(mm, pte + nr) !== entry || tables.pfn(pte + nr) !== slot + nr) break
    nr++
  }
  return nr
}

/**
 * MADV_FREE and DONTNEED of swap entries: clears the run that begins at `pte` and gives its slots back;
 * answers how long it was.
 */
export function freeSwapEntries(world: World, mm: Mm, pte: number, entry: number, limit: number): number {
  const nr = swapRun(world, mm, pte, entry, limit)
  const slot = world.tables.pfn(pte)
  mm.swapEntries -= nr
  freeSwapAndCache(world, slot, nr)
  for (let i = 0; i < nr; i++) world.ops.pteClear(mm, pte + i)
  return nr
}

/** `folio_free_swap`: see `SwapArea.freeFolio`. */
export function freeFolioSwap(world: World, pfn: number): boolean {
  return swapArea(world).freeFolio(world.folios, pfn)
}

/**
 * `free_swap_cache`: a folio that lost a mapping, to a zap or a copy, leaves the swap cache if nothing
 * maps it any more and no entry names its slots. Without the page's lock it stays.
 */
export function freeSwapCache(world: World, pfn: number): void {
  const { folios, swap, kernel, calls } = world
  if (swap === undefined || (folios.flags(pfn) & FOLIO_SWAPCACHE) === 0) return
  if (kernel.functionNames === 'linux-6.1') calls[FN.folio_mapped]++
  if ((folios.flags(pfn) & FOLIO_LOCKED) !== 0) return
  if (folios.totalMapcount(pfn) === 0) swap.freeFolio(folios, pfn)
}
