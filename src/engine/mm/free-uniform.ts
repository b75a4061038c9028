/**
 * The hot loop of freeing: neighbouring folios of one size that lose their last references go back to
 * the allocator together, with the effect and the counts that freeing one after the other has.
 */
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import {
  ANON,
  FOLIO_CHUNK_MASK,
  FOLIO_CHUNK_SHIFT,
  FOLIO_DEFERRED,
  FOLIO_PARTIALLY_MAPPED,
  HUGETLB,
  ORDER_SHIFT
} from './folio'
import type { StateLane } from './page-states'
import { freeSwapCache } from './swap-entries'

const FOLIO_FREE = COUNTER_INDEX.folioFree
const PAGE_FREE = COUNTER_INDEX.pageFree

/**
 * Drops one reference for each `unit` pages of the `pages` pages from `pfn` on, which are whole folios.
 */
export function putAlike(world: World, pfn: number, pages: number, unit: number): void {
  const { folios } = world
  for (let at = pfn; at < pfn + pages;) {
    const freed = freeAlike(world, at, pfn + pages)
    at += freed
    if (freed > 0) continue
    // Somebody else holds this one, or wants to hear of it. The next may be of another size.
    const drops = (1 << folios.order(at)) / unit
    for (let i = 0; i < drops; i++, at += unit) {
      freeSwapCache(world, at)
      folios.put(at, unit)
    }
  }
}

/** Frees as many folios from `pfn` on, below `end`, as have no references but one a page. Answers how many pages that were. */
function freeAlike(world: World, pfn: number, end: number): number {
  const { folios, swap, fastPaths, counters } = world
  if (!fastPaths || folios.observer !== undefined || swap !== undefined || folios.blocks.inUse > 0) return 0
  const chunk = pfn >>> FOLIO_CHUNK_SHIFT
  const { states } = folios
  const lane = states.lanes[chunk] as StateLane
  const refs = folios.largeRefs[chunk]
  if (refs === undefined) return 0
  const flags = folios.largeFlags[chunk]
  const first = pfn & FOLIO_CHUNK_MASK
  const state = lane[first]
  const word = states.word(pfn)
  if ((word & HUGETLB) !== 0) return 0
  const order = word >>> ORDER_SHIFT
  const nr = 1 << order
  const last = Math.min(first + end - pfn, FOLIO_CHUNK_MASK + 1)
  let at = first
  let queued = 0
  let partially = 0
  while (at < last && lane[at] === state && refs[at >> 2] === nr) {
    refs[at >> 2] = 0
    if (flags !== undefined && (flags[at >> 2] & FOLIO_DEFERRED) !== 0) {
      if ((flags[at >> 2] & FOLIO_PARTIALLY_MAPPED) !== 0) partially++
      flags[at >> 2] &= ~(FOLIO_DEFERRED | FOLIO_PARTIALLY_MAPPED)
      world.deferred.delete(pfn - first + at)
      queued++
    }
    at += nr
  }
  const pages = at - first
  if (pages === 0) return 0
  counters.values[FOLIO_FREE] += pages / nr
  counters.values[PAGE_FREE] += pages
  account(world, word, pages / nr, queued, partially)
  folios.live[order] -= pages / nr
  states.fill(pfn, pages, 0)
  folios.buddy.releaseRun(pfn, order, pages / nr)
  return pages
}

/** What `FolioAccounts.freed` says of each of `count` folios, `queued` of them on the deferred-split list. */
function account(world: World, word: number, count: number, queued: number, partially: number): void {
  const { calls, kernel, thpStats } = world
  const order = word >>> ORDER_SHIFT
  if (kernel.functionNames === 'linux-6.1') calls[FN.destroy_large_folio] += count
  else calls[FN.__folio_unqueue_deferred_split] += queued
  if (partially > 0) thpStats.add(order, 'nr_anon_partially_mapped', -partially)
  if ((word & ANON) !== 0) thpStats.add(order, 'nr_anon', -count)
}
