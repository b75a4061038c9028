/**
 * Migration of one folio, in two halves: every mapping becomes a migration entry, and later every
 * entry is put back. The folio stays where it is, as when a migration gives up. Neither half takes an
 * mmap_lock: both may run while fork has dropped the page-table locks.
 * Source: linux-6.12 mm/migrate.c (`migrate_folio_unmap`, `migrate_folio_undo_src`), mm/rmap.c;
 * reference `fork.md` section 1 (F1).
 */
import { EngineError } from '../error'
import type { World } from '../world'
import { COUNTER_INDEX } from '../trace/counters'
import { deferSplit, unqueueDeferred } from './deferred'
import {
  FOLIO_ACTIVE,
  FOLIO_DIRTY,
  FOLIO_FILE,
  FOLIO_LAZYFREE,
  FOLIO_MLOCKED,
  FOLIO_PARTIALLY_MAPPED,
  FOLIO_REFERENCED,
  FOLIO_SWAPCACHE,
  HUGETLB
} from './folio'
import { restorePage, unmapPlace } from './migrate'
import { folioPlaces, type Address } from './rmap-walk'

const PAGE_COPY = COUNTER_INDEX.pageCopy

/**
 * `try_to_migrate`: turns every mapping of the folio of page `pfn` into a migration entry and answers
 * the folio's first page. The caller holds the folio until `undoMigration`. `EBUSY` where it is under
 * way already, `not-modelled` for folios of files, of the swap cache and of HugeTLB pools.
 */
export function beginMigration(world: World, pfn: number): number {
  const { folios, tlbi } = world
  const head = folios.head(pfn)
  if ((folios.flags(pfn) & (FOLIO_FILE | FOLIO_SWAPCACHE)) !== 0) {
    throw new EngineError(
      'not-modelled',
      'Migrating a folio of a file or of the swap cache is not simulated yet.'
    )
  }
  if ((folios.word(head) & HUGETLB) !== 0)
    throw new EngineError('not-modelled', 'Migrating a HugeTLB folio is not simulated yet.')
  if (world.migrating.includes(head)) throw new EngineError('EBUSY', 'EBUSY: the folio is being migrated.')
  folios.addRefs(head, 1)
  world.migrating.push(head)
  for (const place of folioPlaces(world, head, 1 << folios.order(head))) {
    if (unmapPlace(world, place, head)) tlbi.finish(place.mm)
  }
  return head
}

/**
 * `migrate_pages` of one anonymous folio that nobody holds but its mappings: everything of the folio at
 * `head` goes to the new one at `to`, of the same order, and the old one is freed. `near` maps it.
 */
export function moveFolio(world: World, head: number, to: number, near: Address): void {
  const { folios, tlbi, thpStats, trace, counters, lru } = world
  const order = folios.order(head)
  const nr = 1 << order
  folios.addRefs(head, 1)
  const places = folioPlaces(world, head, nr, near)
  for (const place of places) if (unmapPlace(world, place, head)) tlbi.finish(place.mm)
  for (let i = 0; i < nr; i++) {
    folios.copyContent(head + i, to + i)
    world.mte?.copyPage(head + i, to + i)
    world.mte?.copyPage(head + i, to + i)
  }
  counters.values[PAGE_COPY] += nr
  trace?.note('copy', near.mm.pid, to, head, 0, nr)
  const kept = FOLIO_DIRTY | FOLIO_LAZYFREE | FOLIO_REFERENCED | FOLIO_ACTIVE | FOLIO_MLOCKED
  folios.setFlags(to, folios.flags(head) & kept)
  folios.setAnonVma(to, folios.anonVma(head))
  thpStats.add(order, 'nr_anon')
  const partially = (folios.flags(head) & FOLIO_PARTIALLY_MAPPED) !== 0
  if (unqueueDeferred(world, head) && partially) deferSplit(world, to)
  for (const place of places) {
    for (let page = place.first; page < place.first + place.nr; page++) {
      restorePage(world, place, head, page, false, to)
    }
  }
  folios.put(head)
  lru.add(to)
  folios.put(to)
  lru.drain()
}

/** `remove_migration_ptes`: maps the folio's pages again wherever a migration entry stands for one, in children too. */
export function undoMigration(world: World, head: number): void {
  const { folios } = world
  const nr = 1 << folios.order(head)
  for (const place of folioPlaces(world, head, nr)) {
    for (let page = place.first; page < place.first + place.nr; page++) {
      restorePage(world, place, head, page, false)
    }
  }
  world.migrating.splice(world.migrating.indexOf(head), 1)
  folios.put(head)
}
