/** How often a folio is mapped, in the approximations the kernel makes. Source: include/linux/mm.h of 6.1 and 6.12. */
import type { World } from '../world'
import { FOLIO_DOUBLE_MAP } from './folio'

/** `page_mapcount` (up to 6.10): mappings of one page, by entries and with the whole folio. */
export function pageMapcount(world: World, pfn: number): number {
  const { folios } = world
  const doubled = folios.order(pfn) > 0 && (folios.flags(pfn) & FOLIO_DOUBLE_MAP) !== 0 ? 1 : 0
  return folios.mapcount(pfn) + folios.entireMapcount(pfn) - doubled
}

/**
 * `folio_likely_mapped_shared` (6.9+): a folio of one page by its mapcount; a large one by its mappings in
 * all, and where these could belong to one process, by its first page.
 */
export function likelyMappedShared(world: World, pfn: number): boolean {
  const { folios } = world
  const order = folios.order(pfn)
  if (order === 0) return folios.mapcount(pfn) > 1
  const total = folios.totalMapcount(pfn)
  if (total <= 1) return false
  if (folios.entireMapcount(pfn) > 0 || total > 1 << order) return true
  return folios.mapcount(folios.head(pfn)) > 1
}

/** `folio_mapcount`. */
export function folioMapcount(world: World, pfn: number): number {
  return world.folios.order(pfn) === 0 ? world.folios.mapcount(pfn) : world.folios.totalMapcount(pfn)
}
