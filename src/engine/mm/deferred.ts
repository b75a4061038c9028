/**
 * The deferred-split list: large anonymous folios that lost part of their mappings, oldest first. Under
 * memory pressure `shrink.ts` goes through it.
 * Source: reference `thp-sysfs.md` sections 7 and 8.
 */
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { FOLIO_DEFERRED, FOLIO_PARTIALLY_MAPPED, FOLIO_SWAPCACHE } from './folio'

/**
 * `deferred_split_folio` (6.10+) or `deferred_split_huge_page` (before): queues the folio of `pfn`.
 * `partially` is false only for a PMD-sized folio just faulted in or collapsed (6.12, while `shrink_underused` is 1).
 * Folios of order 1 and in the swap cache are never queued.
 */
export function deferSplit(world: World, pfn: number, partially = true): void {
  const { folios, kernel, calls, vm, geometry, thpStats, thp } = world
  const modern = kernel.deferredSplit === 'partially-mapped'
  calls[kernel.functionNames === 'linux-6.12' ? FN.deferred_split_folio : FN.deferred_split_huge_page]++
  const order = folios.order(pfn)
  const flags = folios.flags(pfn)
  if (order <= 1 || (flags & FOLIO_SWAPCACHE) !== 0) return
  if (!partially && thp.shrinkUnderused === 0) return
  if (!modern) {
    if ((flags & FOLIO_DEFERRED) === 0) vm[VM.thp_deferred_split_page]++
    folios.setFlags(pfn, FOLIO_DEFERRED)
    world.deferred.add(folios.head(pfn))
    return
  }
  if (partially && (flags & FOLIO_PARTIALLY_MAPPED) === 0) {
    if (order >= geometry.pmdOrder) vm[VM.thp_deferred_split_page]++
    thpStats.add(order, 'split_deferred')
    thpStats.add(order, 'nr_anon_partially_mapped')
  }
  world.deferred.add(folios.head(pfn))
  folios.setFlags(pfn, partially ? FOLIO_DEFERRED | FOLIO_PARTIALLY_MAPPED : FOLIO_DEFERRED)
}

/** Takes the folio off the list, where it is on it: before it is split or freed. Counts no function. */
export function unqueueDeferred(world: World, pfn: number): boolean {
  const { folios, thpStats } = world
  const flags = folios.flags(pfn)
  if ((flags & FOLIO_DEFERRED) === 0) return false
  if ((flags & FOLIO_PARTIALLY_MAPPED) !== 0) thpStats.add(folios.order(pfn), 'nr_anon_partially_mapped', -1)
  folios.setFlags(pfn, 0, FOLIO_DEFERRED | FOLIO_PARTIALLY_MAPPED)
  world.deferred.delete(folios.head(pfn))
  return true
}
