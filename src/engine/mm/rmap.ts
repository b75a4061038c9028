/**
 * Reverse-map accounting: what adding and removing mappings does to mapcounts, and what a removal
 * queues for deferred splitting. Page words hold the mappings by last-level entries; mappings of a
 * whole folio by a PMD leaf count in `Folios.entire`.
 * Source: linux-6.12 and linux-6.1 mm/rmap.c as described in reference `thp-sysfs.md` section 8 and
 * `teardown.md` section 3.
 */
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { deferSplit } from './deferred'
import { ANON, EXCLUSIVE, FOLIO_DOUBLE_MAP, FOLIO_PARTIALLY_MAPPED, MAPCOUNT_MASK } from './folio'
import { VM_LOCKED, type Mm } from './mm'

const MAPCOUNT = COUNTER_INDEX.mapcount

/**
 * `folio_remove_rmap_ptes` (6.8+), or `page_remove_rmap` page by page: `nr` pages of one folio from
 * `pfn` on lose one mapping each.
 */
export function removeRmapPtes(world: World, mm: Mm, pfn: number, nr: number): void {
  const { folios, kernel, calls } = world
  const order = folios.order(pfn)
  let last = 0
  if (world.trace === undefined) {
    const { states } = folios
    for (let at = pfn; at < pfn + nr; at++) if ((states.addWord(at, -1) & MAPCOUNT_MASK) === 0) last++
    mm.count(MAPCOUNT, nr)
  } else {
    for (let i = 0; i < nr; i++) {
      mm.count(MAPCOUNT, 1)
      if ((folios.addWord(pfn + i, -1) & MAPCOUNT_MASK) === 0) last++
    }
  }
  if (kernel.functionNames === 'linux-6.12') calls[FN.folio_remove_rmap_ptes]++
  else calls[FN.page_remove_rmap] += nr
  world.probe?.('rmap removed', pfn)
  if (order === 0) return
  const modern = kernel.deferredSplit === 'partially-mapped'
  // From 6.10 a large folio also counts its mappings in all.
  if (modern) mm.count(MAPCOUNT, 1)
  if (last === 0 || (folios.word(pfn) & ANON) === 0) return
  // Mapped by PMD elsewhere: no page of it became unmapped. Up to 6.1 the doubled mapcount says so.
  if (folios.entireMapcount(pfn) > 0) return
  if (!modern) {
    for (let i = 0; i < last; i++) deferSplit(world, pfn)
    return
  }
  if ((folios.flags(pfn) & FOLIO_PARTIALLY_MAPPED) !== 0) return
  const partially = nr === 1 << order ? last < nr : stillMapped(world, pfn, order)
  if (partially) deferSplit(world, pfn)
}

/** Whether any page of the folio has a mapping left. Unmapping mostly goes upwards: looks from the end. */
function stillMapped({ folios }: World, pfn: number, order: number): boolean {
  const head = pfn & (-1 << order)
  for (let at = head + (1 << order) - 1; at >= head; at--) {
    if (folios.mapcount(at) !== 0) return true
  }
  return false
}

/** `folio_remove_rmap_pmd` (6.8+), or `page_remove_rmap` of a compound page: one mapping of the whole folio goes. */
export function removeRmapPmd(world: World, mm: Mm, pfn: number): void {
  const { folios, kernel, calls } = world
  const order = folios.order(pfn)
  const left = folios.addEntire(pfn, -1)
  mm.count(MAPCOUNT, kernel.deferredSplit === 'partially-mapped' ? 2 : 1)
  if (kernel.functionNames === 'linux-6.12') {
    calls[FN.folio_remove_rmap_pmd]++
    calls[FN.__folio_mod_stat]++
  } else calls[FN.page_remove_rmap]++
  world.probe?.('rmap removed', pfn)
  if (left > 0 || (folios.word(pfn) & ANON) === 0) return
  if (kernel.doubleMap) {
    const unmapped = dropDoubleMap(world, mm, pfn)
    if (unmapped > 0 && unmapped < 1 << order) deferSplit(world, pfn)
    return
  }
  if ((folios.flags(pfn) & FOLIO_PARTIALLY_MAPPED) !== 0) return
  const head = folios.head(pfn)
  let mapped = 0
  for (let i = 0; i < 1 << order; i++) if (folios.mapcount(head + i) > 0) mapped++
  if (mapped > 0 && mapped < 1 << order) deferSplit(world, pfn)
}

/**
 * The last PMD mapping is gone: where PTE mappings exist beside it, every page loses the extra count
 * (up to 6.1). Answers how many pages have no mapping any more, 0 where there was no double mapping.
 */
export function dropDoubleMap(world: World, mm: Mm, pfn: number): number {
  const { folios } = world
  if ((folios.flags(pfn) & FOLIO_DOUBLE_MAP) === 0) return 0
  folios.setFlags(pfn, 0, FOLIO_DOUBLE_MAP)
  const head = folios.head(pfn)
  const nr = 1 << folios.order(pfn)
  let unmapped = 0
  for (let i = 0; i < nr; i++) if ((folios.addWord(head + i, -1) & MAPCOUNT_MASK) === 0) unmapped++
  mm.count(MAPCOUNT, nr)
  return unmapped
}

/**
 * `munlock_vma_folio`: a VMA with `vmaFlags` lost a mapping of the folio at `pfn`. From 6.5 any mapping
 * of a locked VMA counts; before, that of a large folio only where a PMD maps it `whole`.
 */
export function munlockUnmapped(world: World, vmaFlags: number, pfn: number, whole = false): void {
  if ((vmaFlags & VM_LOCKED) === 0) return
  const any = world.kernel.functionNames === 'linux-6.12'
  if (any || whole || world.folios.order(pfn) === 0) world.lru.munlock(pfn)
}

/** `mlock_vma_folio`: a VMA with `vmaFlags` maps the order-0 folio at `pfn` again. */
export function mlockMapped(world: World, vmaFlags: number, pfn: number): void {
  if ((vmaFlags & VM_LOCKED) !== 0 && world.folios.order(pfn) === 0) world.lru.mlock(pfn)
}

/** `folio_add_anon_rmap_ptes`: `nr` pages of one anonymous folio get one mapping each. */
export function addAnonRmapPtes(world: World, mm: Mm, pfn: number, nr: number, exclusive: boolean): void {
  const { folios, kernel } = world
  for (let i = 0; i < nr; i++) {
    folios.addWord(pfn + i, exclusive && !folios.isExclusive(pfn + i) ? EXCLUSIVE + 1 : 1)
  }
  mm.count(MAPCOUNT, nr)
  if (kernel.deferredSplit === 'partially-mapped' && folios.order(pfn) > 0) mm.count(MAPCOUNT, 1)
  // A leaf being split counts beside its entries until its own mapping goes, in Linux too.
  world.probe?.('rmap added', folios.entireMapcount(pfn) > 0 ? undefined : pfn)
}
