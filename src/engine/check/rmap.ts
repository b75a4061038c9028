import { SPECIAL, WRITE, isPresent } from '../arch/descriptor'
import { FOLIO_CHUNK_SHIFT, IN_USE } from '../mm/folio'
import { isCowMapping } from '../mm/mm'
import type { World } from '../world'
import { forEachEntry, pageName, type Check, type Violation } from './violation'

/** How many entries map each page, over all address spaces. */
function mappings(world: World): Map<number, number> {
  const found = new Map<number, number>()
  for (const mm of world.mms) {
    forEachEntry(world, mm, (_vpn, attr, pfn) => {
      if (isPresent(attr) && (attr & SPECIAL) === 0) found.set(pfn, (found.get(pfn) ?? 0) + 1)
    })
  }
  return found
}

/** Calls `visit` for the pages of every folio that somebody holds. */
function forEachPage(world: World, visit: (pfn: number) => void): void {
  world.folios.words.forEach((words, chunk) => {
    words?.forEach((word, at) => {
      if ((word & IN_USE) !== 0) visit((chunk << FOLIO_CHUNK_SHIFT) + at)
    })
  })
}

/** The mapcount of every page is the number of entries that map it, and only held pages are mapped. */
export const checkMapcounts: Check = (world) => {
  const found = mappings(world)
  let violation: Violation | undefined
  forEachPage(world, (pfn) => {
    const entries = found.get(pfn) ?? 0
    found.delete(pfn)
    if (entries === world.folios.mapcount(pfn)) return
    violation ??= {
      rule: 'mapcount',
      object: `page frame ${pfn}`,
      found: `mapcount ${world.folios.mapcount(pfn)}, but ${entries} entries map it`
    }
  })
  for (const [pfn, entries] of found) {
    violation ??= {
      rule: 'mapped-free-page',
      object: `page frame ${pfn}`,
      found: `${entries} entries map it, but nobody holds it`
    }
  }
  return violation
}

/**
 * The refcount of every folio is at least its mappings; between operations nobody else holds one, so
 * it is exactly that, and a folio without mappings is a leak.
 */
export const checkRefcounts: Check = (world) => {
  const { folios } = world
  const mapped = new Map<number, number>()
  forEachPage(world, (pfn) => {
    const head = folios.head(pfn)
    mapped.set(head, (mapped.get(head) ?? 0) + folios.mapcount(pfn))
  })
  for (const [head, mapcount] of mapped) {
    const refcount = folios.refcount(head)
    if (refcount === mapcount && mapcount > 0) continue
    return {
      rule: refcount < mapcount ? 'refcount-below-mapcount' : 'leaked-reference',
      object: `folio ${head} of order ${folios.order(head)}`,
      found: `refcount ${refcount}, mapcounts ${mapcount}`
    }
  }
  return undefined
}

/** An exclusive page has one mapping; a writable private entry maps an exclusive page. */
export const checkExclusive: Check = (world) => {
  const { folios } = world
  let violation: Violation | undefined
  forEachPage(world, (pfn) => {
    if (!folios.isExclusive(pfn) || folios.mapcount(pfn) <= 1) return
    violation ??= {
      rule: 'exclusive-shared',
      object: `page frame ${pfn}`,
      found: `anon-exclusive with mapcount ${folios.mapcount(pfn)}`
    }
  })
  for (const mm of world.mms) {
    forEachEntry(world, mm, (vpn, attr, pfn) => {
      const vma = mm.vmaAt(vpn)
      if ((attr & WRITE) === 0 || vma === undefined || !isCowMapping(vma)) return
      if ((attr & SPECIAL) === 0 && folios.isExclusive(pfn)) return
      violation ??= {
        rule: 'writable-not-exclusive',
        object: pageName(world, mm, vpn),
        found: `a writable entry maps page frame ${pfn}, which is not exclusive`
      }
    })
  }
  return violation
}
