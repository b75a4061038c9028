/**
 * Splitting a large anonymous folio into pages: every mapping becomes a migration entry, the folio is
 * taken apart, and every entry is restored to its page.
 * Source: reference `swap-reclaim.md` section 2.4 (recorded, 6.12.117), `thp-sysfs.md` section 7;
 * Linux 6.1 and 6.12, mm/huge_memory.c, mm/rmap.c, mm/migrate.c.
 */
import { EngineError } from '../error'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { unqueueDeferred } from './deferred'
import { FOLIO_DOUBLE_MAP, FOLIO_FILE, FOLIO_SWAPCACHE } from './folio'
import { restorePage, unmapPlace } from './migrate'
import { freeSwapCache } from './swap-entries'
import { folioPlaces, type Address, type FolioPlace } from './rmap-walk'

/**
 * `split_huge_page_to_list` (`_to_order` from 6.9) to order 0: splits the folio of page `pfn`, on which
 * the caller holds `held` references; they stay on that page. False, with nothing changed, where
 * anybody else holds one: pins, LRU batches, another walk. `near` is a page that maps it, if known.
 * Pages that nothing maps are freed.
 */
export function splitFolio(world: World, pfn: number, held = 0, near?: Address): boolean {
  const { folios, calls, vm, geometry, thpStats, kernel } = world
  const modern = kernel.functionNames === 'linux-6.12'
  calls[modern ? FN.split_huge_page_to_list_to_order : FN.split_huge_page_to_list]++
  const head = folios.head(pfn)
  const order = folios.order(pfn)
  if (folios.word(pfn) === 0 || order === 0) return false
  if ((folios.flags(pfn) & FOLIO_FILE) !== 0) {
    throw new EngineError('not-modelled', 'Splitting a large folio of a file')
  }
  calls[FN.folio_get_anon_vma]++
  if (!modern) calls[FN.folio_mapped] += 2
  const done = canSplit(world, pfn, held) && splitAnon(world, pfn, head, order, held, near)
  // Only of the PMD size from 6.10 on (Baolin Wang, 22 April 2024).
  const counted = kernel.deferredSplit === 'each-unmap' || order === geometry.pmdOrder
  if (counted) vm[done ? VM.thp_split_page : VM.thp_split_page_failed]++
  thpStats.add(order, done ? 'split' : 'split_failed')
  return done
}

/** `can_split_folio`: every reference is a mapping's or the caller's. */
function canSplit(world: World, pfn: number, held: number): boolean {
  const { folios, calls, kernel } = world
  const total = folios.totalMapcount(pfn)
  const doubled = (folios.flags(pfn) & FOLIO_DOUBLE_MAP) === 0 ? 0 : 1 << folios.order(pfn)
  if (total === 0) return false
  calls[FN.can_split_folio]++
  if (kernel.functionNames === 'linux-6.1') calls[FN.folio_mapcount]++
  const cached = (folios.flags(pfn) & FOLIO_SWAPCACHE) === 0 ? 0 : 1 << folios.order(pfn)
  return folios.refcount(pfn) === total - doubled + held + cached
}

function splitAnon(
  world: World,
  pfn: number,
  head: number,
  order: number,
  held: number,
  near: Address | undefined
): boolean {
  const { folios, calls, thpStats, kernel } = world
  const nr = 1 << order
  const places = folioPlaces(world, head, nr, near)
  unmapFolio(world, head, places)
  unqueueDeferred(world, head)
  thpStats.add(order, 'nr_anon', -1)
  const cached = (folios.flags(head) & FOLIO_SWAPCACHE) !== 0
  folios.takeApart(head)
  world.mte?.split(head, nr)
  if (cached) {
    world.swap?.split(head, nr)
    for (let page = head; page < head + nr; page++) folios.addRefs(page, 1)
  }
  if (held > 1) folios.addRefs(pfn, held - 1)
  if (kernel.functionNames === 'linux-6.12') calls[FN.folio_xchg_last_cpupid] += nr - 1
  world.probe?.('folio taken apart', head)
  for (let page = 0; page < nr; page++) {
    calls[FN.remove_migration_ptes]++
    calls[FN.rmap_walk_locked]++
    walkOnce(world)
    for (const place of places) {
      if (page >= place.first && page < place.first + place.nr) restorePage(world, place, head, page)
    }
  }
  for (let page = head; page < head + nr; page++) {
    if (page === pfn && held > 0) continue
    if (cached) freeSwapCache(world, page)
    folios.put(page)
  }
  return true
}

/** `unmap_folio`: migration entries everywhere; the walk ends once nothing maps the folio. */
function unmapFolio(world: World, head: number, places: readonly FolioPlace[]): void {
  const { folios, calls, kernel } = world
  const modern = kernel.functionNames === 'linux-6.12'
  calls[FN.try_to_migrate]++
  walkOnce(world)
  const deferred: FolioPlace[] = []
  for (const place of places) {
    calls[FN.try_to_migrate_one]++
    if (unmapPlace(world, place, head)) deferred.push(place)
    calls[modern ? FN.folio_not_mapped : FN.folio_mapped]++
    if (folios.totalMapcount(head) === 0) break
  }
  if (!modern) return
  calls[FN.try_to_unmap_flush]++
  // One DSB completes what was invalidated page by page, in whatever address spaces.
  const last = deferred.at(-1)
  if (last !== undefined) world.tlbi.finish(last.mm)
}

/** One `rmap_walk_anon`. */
function walkOnce({ calls }: World): void {
  calls[FN.rmap_walk_anon]++
  calls[FN.folio_anon_vma]++
}
