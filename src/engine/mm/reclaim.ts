/**
 * Reclaim of isolated anonymous folios, as MADV_PAGEOUT asks for it: swap slots, unmapping, write-out
 * to a synchronous device, and the end of the folio. Source: Linux 6.1 and 6.12, mm/vmscan.c
 * (`shrink_folio_list`), mm/page_io.c; reference `swap-reclaim.md` section 2.
 */
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import {
  ANON,
  FOLIO_ACTIVE,
  FOLIO_DIRTY,
  FOLIO_LAZYFREE,
  FOLIO_LRU,
  FOLIO_PARTIALLY_MAPPED,
  FOLIO_SWAPCACHE,
  FOLIO_UNEVICTABLE
} from './folio'
import { splitFolio } from './split'
import { askReferenced, tryToUnmap, UnmapFlush } from './unmap-folio'

/** What became of a folio. */
type Fate = 'freed' | 'keep' | 'activate'

/** `folio_isolate_lru` for reclaim: false for a folio that is on no list, or not evictable. */
export function isolateForReclaim(world: World, pfn: number): boolean {
  const { folios } = world
  world.calls[FN.folio_isolate_lru]++
  const flags = folios.flags(pfn)
  if ((flags & FOLIO_LRU) === 0) return false
  if ((flags & FOLIO_UNEVICTABLE) !== 0) return false
  folios.addRefs(pfn, 1)
  folios.setFlags(pfn, 0, FOLIO_LRU | FOLIO_ACTIVE)
  return true
}

/** `reclaim_pages`: takes the isolated folios one after the other; what stays goes back to its list. */
export function reclaimPages(world: World, heads: readonly number[]): void {
  const { folios, lru, vm } = world
  if (heads.length === 0) return
  const flush = new UnmapFlush(world)
  const list = [...heads].reverse()
  const back: number[] = []
  const freed: number[] = []
  const free = () => {
    // What a TLB may still hold is not freed.
    flush.finish()
    for (const pfn of freed.splice(0)) folios.put(pfn)
  }
  for (let pfn = list.pop(); pfn !== undefined; pfn = list.pop()) {
    const fate = shrinkFolio(world, pfn, list, flush)
    if (fate === 'freed') {
      freed.push(pfn)
      if (freed.length === world.kernel.lruBatch) free()
      continue
    }
    if (fate === 'activate') {
      folios.setFlags(pfn, FOLIO_ACTIVE)
      vm[VM.pgactivate] += 1 << folios.order(pfn)
    }
    back.push(pfn)
  }
  free()
  for (const pfn of back) {
    world.calls[FN.folio_putback_lru]++
    lru.add(pfn)
    folios.put(pfn)
  }
}

function shrinkFolio(world: World, pfn: number, list: number[], flush: UnmapFlush): Fate {
  const { folios } = world
  if ((folios.word(pfn) & ANON) === 0) return 'keep'
  // Up to 6.9 reclaim looks for marks of use even where it was told to reclaim.
  if (world.kernel.madvise === 'split') askReferenced(world, pfn)
  const swapBacked = (folios.flags(pfn) & FOLIO_LAZYFREE) === 0
  if (swapBacked && (folios.flags(pfn) & FOLIO_SWAPCACHE) === 0) {
    const fate = giveSlots(world, pfn, list)
    if (fate !== undefined) return fate
  }
  if (isMapped(world, pfn)) {
    tryToUnmap(world, pfn, flush)
    if (isMapped(world, pfn)) return 'activate'
  }
  if (folios.pincount(pfn) > 0) return 'activate'
  if ((folios.flags(pfn) & FOLIO_DIRTY) !== 0) {
    flush.beforeWrite()
    if (!writeOut(world, pfn)) return 'keep'
    // Written back later: a later pass frees it.
    if (world.swap?.synchronous === false) return 'keep'
  }
  return removeMapping(world, pfn)
}

/**
 * A later pass over folios of the swap cache that nothing maps and that are written: they are freed,
 * and their slots belong to the entries alone. Answers how many there were. What kswapd does when a
 * device has finished; with a synchronous one there is nothing left to do, but for folios that somebody
 * held meanwhile.
 */
export function reclaimSwapCache(world: World): number {
  const { folios, swap, lru } = world
  if (swap === undefined) return 0
  lru.drainAll()
  let freed = 0
  for (const head of swap.cached()) {
    if (folios.totalMapcount(head) > 0 || !isolateForReclaim(world, head)) continue
    reclaimPages(world, [head])
    if ((folios.flags(head) & FOLIO_SWAPCACHE) === 0) freed++
  }
  return freed
}

/** `folio_mapped`, a function of its own in 6.1. */
function isMapped({ folios, kernel, calls }: World, pfn: number): boolean {
  if (kernel.functionNames === 'linux-6.1') calls[FN.folio_mapped]++
  return folios.totalMapcount(pfn) > 0
}

/** `add_to_swap`, after splitting what must not be swapped whole. Answers a fate where it ends here. */
function giveSlots(world: World, pfn: number, list: number[]): Fate | undefined {
  const { folios, swap, geometry, kernel, vm, thpStats, calls } = world
  const old = kernel.functionNames === 'linux-6.1'
  if (folios.pincount(pfn) > 0) return 'keep'
  const order = folios.order(pfn)
  if (order > 0) {
    calls[FN.can_split_folio]++
    if (old) calls[FN.folio_mapcount]++
    if (folios.refcount(pfn) !== folios.totalMapcount(pfn) + 1) return 'activate'
    const first =
      kernel.swapOut === 'whole'
        ? (folios.flags(pfn) & FOLIO_PARTIALLY_MAPPED) !== 0
        : folios.entireMapcount(pfn) === 0
    if (first && !splitToList(world, pfn, list)) return 'activate'
  }
  if (addToSwap(world, pfn)) return undefined
  if (folios.order(pfn) === 0) return 'activate'
  if (!splitToList(world, pfn, list)) return 'activate'
  if (order >= geometry.pmdOrder) vm[VM.thp_swpout_fallback]++
  if (kernel.swapOut === 'whole') thpStats.add(order, 'swpout_fallback')
  return swap !== undefined && addToSwap(world, pfn) ? undefined : 'activate'
}

/** Slots for the whole folio; whole large folios only with 4K pages (arm64 selects THP_SWAP there). */
function addToSwap(world: World, pfn: number): boolean {
  const { folios, swap, geometry, mte } = world
  const order = folios.order(pfn)
  if (swap === undefined) return false
  // `arch_thp_swp_supported` up to 6.9: not where tags must be kept.
  if (order > 0 && (geometry.name !== '4K' || mte?.design.splitsFirst === true)) return false
  const slot = swap.alloc(order)
  if (slot === 0) return false
  swap.addCache(folios, pfn, slot)
  folios.setFlags(pfn, FOLIO_DIRTY)
  return true
}

/** `split_folio_to_list`: the pages behind the first one are reclaimed next, in order. */
function splitToList(world: World, pfn: number, list: number[]): boolean {
  const { folios, calls, kernel } = world
  const head = folios.head(pfn)
  const nr = 1 << folios.order(pfn)
  if (kernel.functionNames === 'linux-6.12') calls[FN.split_folio_to_list]++
  if (!splitFolio(world, pfn, 1)) return false
  folios.setFlags(head, 0, FOLIO_LRU)
  for (let i = nr - 1; i > 0; i--) {
    if (folios.word(head + i) === 0) continue
    folios.addRefs(head + i, 1)
    folios.setFlags(head + i, 0, FOLIO_LRU)
    list.push(head + i)
  }
  return true
}

/** `swap_writepage` to a synchronous device. False when no entry needs it any more, or its tags cannot be kept. */
function writeOut(world: World, pfn: number): boolean {
  const { folios, kernel, geometry, vm, thpStats, calls, mte, swap } = world
  if (swap === undefined || (folios.flags(pfn) & FOLIO_SWAPCACHE) === 0) return false
  folios.setFlags(pfn, 0, FOLIO_DIRTY)
  if (swap.freeFolio(folios, pfn)) return false
  const head = folios.head(pfn)
  const order = folios.order(pfn)
  const slot = swap.slotOf(folios, pfn)
  if (kernel.functionNames !== 'linux-6.1') calls[FN.arch_prepare_to_swap]++
  if (mte !== undefined && !mte.prepareToSwap(head, 1 << order, slot)) {
    folios.setFlags(pfn, FOLIO_DIRTY)
    return false
  }
  const nr = 1 << order
  let zero = kernel.swapZeroMap
  for (let i = 0; i < nr && zero; i++) zero = folios.content(head + i) === 0
  if (kernel.swapZeroMap) swap.noteZeroes(slot, nr, zero)
  if (!zero) for (let i = 0; i < nr; i++) swap.write(slot + i, folios.content(head + i))
  if (zero) {
    vm[VM.swpout_zero] += 1 << order
    return true
  }
  vm[VM.pswpout] += 1 << order
  if (order >= geometry.pmdOrder) vm[VM.thp_swpout]++
  if (kernel.swapOut === 'whole') thpStats.add(order, 'swpout')
  return true
}

/** `__remove_mapping`: the folio may go if nobody but the swap cache and this list holds it. */
function removeMapping(world: World, pfn: number): Fate {
  const { folios, swap, vm } = world
  const nr = 1 << folios.order(pfn)
  const flags = folios.flags(pfn)
  if ((flags & FOLIO_DIRTY) !== 0) return 'keep'
  if ((flags & FOLIO_SWAPCACHE) !== 0) {
    if (swap === undefined || folios.refcount(pfn) !== 1 + nr) return 'keep'
    swap.deleteCache(folios, pfn)
  } else {
    if (folios.refcount(pfn) !== 1) return 'keep'
    vm[VM.pglazyfreed] += nr
  }
  return 'freed'
}
