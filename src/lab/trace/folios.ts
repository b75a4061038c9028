/** Folios behind a range of pages, or by frame. */
import type { TraceFolio, TracePart } from '../results/trace'
import { isPresent } from '../../engine/arch/descriptor'
import * as flag from '../../engine/mm/folio'
import type { Replica } from '../../engine/trace/replica'
import { entryAt } from './entries'
import type { IndexedTrace } from './indexed'
import { replicaOf } from './machine-at'

const NAMES: readonly (readonly [number, string])[] = [
  [flag.FOLIO_DIRTY, 'PG_dirty'],
  [flag.FOLIO_LAZYFREE, 'not PG_swapbacked'],
  [flag.FOLIO_PARTIALLY_MAPPED, 'partially mapped'],
  [flag.FOLIO_SWAPCACHE, 'PG_swapcache'],
  [flag.FOLIO_LRU, 'PG_lru'],
  [flag.FOLIO_REFERENCED, 'PG_referenced'],
  [flag.FOLIO_ACTIVE, 'PG_active'],
  [flag.FOLIO_DOUBLE_MAP, 'PG_double_map'],
  [flag.FOLIO_FILE, 'page cache'],
  [flag.FOLIO_CONT, 'PG_cont'],
  [flag.FOLIO_UNEVICTABLE, 'PG_unevictable'],
  [flag.FOLIO_MLOCKED, 'PG_mlocked'],
  [flag.FOLIO_DEFERRED, 'on the deferred-split list'],
  [flag.FOLIO_LOCKED, 'PG_locked']
]

type Part = Extract<TracePart, { what: 'folios' }>

/** Every folio once, in the order in which the range meets them. */
export function foliosOf(trace: IndexedTrace, { machine, pid, address, pages }: Part): TraceFolio[] {
  const replica = replicaOf(trace, machine)
  const { folios, geometry } = replica
  const first = Math.floor(address / geometry.pageSize)
  const mm = pid === undefined ? undefined : replica.mms.get(pid)
  if (pid !== undefined && mm === undefined) return []
  const heads = new Set<number>()
  for (let i = 0; i < pages; i++) {
    let pfn = first + i
    if (mm !== undefined) {
      const entry = entryAt(replica, mm, first + i)
      if (!isPresent(entry.attr)) continue
      pfn = entry.pfn
    }
    if (folios.word(pfn) !== 0) heads.add(folios.head(pfn))
  }
  return [...heads].map((head) => folioAt(replica, machine, head))
}

function folioAt({ folios }: Replica, machine: number, head: number): TraceFolio {
  const order = folios.order(head)
  const pages = Array.from({ length: 2 ** order }, (_, i) => head + i)
  const flags = folios.flags(head)
  return {
    machine,
    pfn: head,
    order,
    refcount: folios.refcount(head),
    entire: folios.entireMapcount(head),
    pins: folios.pincount(head),
    mapcount: pages.map((pfn) => folios.mapcount(pfn)),
    exclusive: pages.map((pfn) => (folios.isExclusive(pfn) ? 1 : 0)),
    flags: NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name),
    anonVma: folios.anonVma(head)
  }
}
