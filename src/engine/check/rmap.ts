import { SPECIAL, WRITE } from '../arch/descriptor'
import { FOLIO_DOUBLE_MAP, FOLIO_FILE, FOLIO_SWAPCACHE, HUGETLB, PIN_BIAS } from '../mm/folio'
import { isCowMapping } from '../mm/mm'
import type { World } from '../world'
import { forEachPage } from './census'
import { filePages, poolReference } from './pools'
import { forEachEntry, pageName, type Check, type Violation } from './violation'

/**
 * The mapcount of every page is the number of entries that map it (one more a page while PG_double_map
 * is set), the folio's entire mapcount is the number of leaves, and only held pages are mapped.
 */
export const checkMapcounts: Check = (world, census) => {
  const { folios } = world
  const left = new Map(census.pages)
  const leaves = new Map(census.entire)
  let violation: Violation | undefined
  forEachPage(world, (pfn) => {
    const entries = left.get(pfn) ?? 0
    left.delete(pfn)
    const doubled = (folios.flags(pfn) & FOLIO_DOUBLE_MAP) === 0 ? 0 : 1
    if (entries + doubled !== folios.mapcount(pfn)) {
      violation ??= {
        rule: 'mapcount',
        object: `page frame ${pfn}`,
        found: `mapcount ${folios.mapcount(pfn)}, but ${entries} entries map it`
      }
    }
    if (folios.head(pfn) !== pfn) return
    const whole = leaves.get(pfn) ?? 0
    leaves.delete(pfn)
    if (whole === folios.entireMapcount(pfn)) return
    violation ??= {
      rule: 'mapcount',
      object: `folio ${pfn} of order ${folios.order(pfn)}`,
      found: `entire mapcount ${folios.entireMapcount(pfn)}, but ${whole} leaves map it`
    }
  })
  for (const [pfn, entries] of [...left, ...leaves]) {
    violation ??= {
      rule: 'mapped-free-page',
      object: `page frame ${pfn}`,
      found: `${entries} entries map it, but nobody holds it`
    }
  }
  return violation
}

/** Mappings of a folio that each hold a reference: those that a double map only counts are none. */
export function heldMappings(world: World, head: number): number {
  const { folios } = world
  const doubled = (folios.flags(head) & FOLIO_DOUBLE_MAP) === 0 ? 0 : 1 << folios.order(head)
  return folios.totalMapcount(head) - doubled
}

/**
 * The refcount of every folio is exactly what is known to hold it: its mappings, its pins, the LRU
 * batches it waits in, the swap cache or the page cache. So it is never below the mapcount, and a
 * folio that nothing holds is a leak.
 */
export const checkRefcounts: Check = (world) => {
  const { folios } = world
  const inFiles = filePages(world)
  let violation: Violation | undefined
  forEachPage(world, (head) => {
    if (violation !== undefined || folios.head(head) !== head) return
    const mappings = heldMappings(world, head)
    const refcount = folios.refcount(head)
    const flags = folios.flags(head)
    const nr = 1 << folios.order(head)
    const cached = (flags & (FOLIO_SWAPCACHE | FOLIO_FILE)) !== 0 ? nr : 0
    const pins = folios.pincount(head) * (nr >= 4 ? 1 : PIN_BIAS)
    const migrating = world.migrating.includes(head) ? 1 : 0
    const held = mappings + cached + pins + migrating + world.lru.references(head)
    if ((folios.word(head) & HUGETLB) !== 0) {
      violation = poolReference(world, head, held + (inFiles.has(head) ? 1 : 0))
      return
    }
    if (refcount === held && held > 0) return
    violation = {
      rule: refcount < mappings ? 'refcount-below-mapcount' : 'leaked-reference',
      object: `folio ${head} of order ${folios.order(head)}`,
      found: `refcount ${refcount}; ${mappings} mappings, ${held - mappings} others that hold it`
    }
  })
  return violation
}

/** Mappings of one page, single and whole, each counted once. */
export function pageMappings(world: World, pfn: number): number {
  const { folios } = world
  const doubled = (folios.flags(pfn) & FOLIO_DOUBLE_MAP) === 0 ? 0 : 1
  return folios.mapcount(pfn) + folios.entireMapcount(pfn) - doubled
}

/** Whether a process may store to the page it maps: it is anon-exclusive, or before 5.19 mapped once. */
export function mayBeWritable(world: World, pfn: number): boolean {
  return world.kernel.anonExclusive ? world.folios.isExclusive(pfn) : pageMappings(world, pfn) === 1
}

/** An exclusive page has one mapping; a writable private entry maps an exclusive page. */
export const checkExclusive: Check = (world) => {
  const { folios } = world
  let violation: Violation | undefined
  forEachPage(world, (pfn) => {
    if (!folios.isExclusive(pfn)) return
    const mappings = pageMappings(world, pfn)
    if (mappings <= 1) return
    violation ??= {
      rule: 'exclusive-shared',
      object: `page frame ${pfn}`,
      found: `anon-exclusive with ${mappings} mappings`
    }
  })
  for (const mm of world.mms) {
    forEachEntry(world, mm, (vpn, attr, pfn) => {
      const vma = mm.vmaAt(vpn)
      if ((attr & WRITE) === 0 || vma === undefined || !isCowMapping(vma)) return
      if ((attr & SPECIAL) === 0 && mayBeWritable(world, pfn)) return
      violation ??= {
        rule: 'writable-not-exclusive',
        object: pageName(world, mm, vpn),
        found: `a writable entry maps page frame ${pfn}, which is not exclusive`
      }
    })
  }
  return violation
}
