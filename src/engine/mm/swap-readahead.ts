/**
 * Reading swapped pages ahead: a fault on an entry that others share too reads its neighbours in the
 * page table with it, as many as the last window's hits earn.
 * Source: Linux 6.1 and 6.12, mm/swap_state.c (`swap_vma_readahead`, `__swapin_nr_pages`,
 * `swap_cache_get_folio`, `__read_swap_cache_async`); reference `swap-reclaim.md` section 4.2.
 */
import { SWAP } from '../arch/descriptor'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { isModern, outOfMemory } from './fault-anon'
import { FOLIO_NEVER_MAPPED, FOLIO_READAHEAD } from './folio'
import type { Mm, SwapWindow, Vma } from './mm'
import type { SwapArea } from './swap'
import { findSlot } from './walk'

/** `page_cluster` at its default: up to 2^3 pages a window. */
const MAX_WINDOW = 8
/** `swap_readahead_info` of a VMA that never read ahead: four hits, far from anywhere. */
const FRESH: SwapWindow = { vpn: 0, pages: 0, hits: 4 }
/** What the six bits of the hits hold. */
const MAX_HITS = 63
/** The smallest window that hits earn. */
const LEAST_EARNED = 4

/** `__swapin_nr_pages`: how many pages to read, after `last`, for a fault at `vpn`. */
export function windowSize(last: SwapWindow, vpn: number): number {
  const earned = last.hits + 2
  let pages = LEAST_EARNED
  if (earned === 2) pages = Math.abs(vpn - last.vpn) === 1 ? 2 : 1
  else while (pages < earned) pages *= 2
  return Math.max(Math.min(pages, MAX_WINDOW), Math.floor(last.pages / 2))
}

/** Where the window lies: behind the fault, before it, or around it, as faults come. */
function windowAt(last: SwapWindow, vpn: number, pages: number): number {
  if (vpn === last.vpn + 1) return vpn
  if (last.vpn === vpn + 1) return vpn - pages + 1
  return vpn - Math.floor((pages - 1) / 2)
}

/**
 * `swapin_readahead` on a device that does not rotate: reads the window around `vpn` into the swap
 * cache, then the page itself, which it answers with a reference. Throws `ENOMEM`.
 */
export function swapinReadahead(world: World, mm: Mm, vma: Vma, area: SwapArea, vpn: number): number {
  const { geometry, tables, folios, ops, lru, vm } = world
  const last = vma.swapWindow ?? FRESH
  const pages = windowSize(last, vpn)
  vma.swapWindow = { vpn, pages, hits: 0 }
  const own = tables.pfn(findSlot(world, mm, vpn))
  if (pages > 1) {
    const table = vpn - (vpn % geometry.tableEntries)
    const from = windowAt(last, vpn, pages)
    const start = Math.max(from, vma.start, table)
    const end = Math.min(from + pages, vma.end, table + geometry.tableEntries)
    for (let at = start; at < end; at++) {
      const pte = findSlot(world, mm, at)
      if ((ops.ptepGetLockless(mm, pte) & SWAP) === 0) continue
      const slot = tables.pfn(pte)
      if (area.cache[slot] !== 0) continue
      const pfn = readIntoCache(world, area, slot)
      if (pfn < 0) continue
      if (at !== vpn) {
        folios.setFlags(pfn, FOLIO_READAHEAD)
        vm[VM.swap_ra]++
      }
      folios.put(pfn)
    }
    lru.drain()
  }
  const cached = area.cache[own]
  if (cached !== 0) {
    folios.addRefs(cached, 1)
    return cached + own - area.slotOf(folios, cached)
  }
  const pfn = readIntoCache(world, area, own)
  if (pfn < 0) throw outOfMemory(world)
  return pfn
}

/** `__read_swap_cache_async`: a new page of the swap cache, read, with a reference; -1 without memory. */
function readIntoCache(world: World, area: SwapArea, slot: number): number {
  const { folios, lru, calls } = world
  if (isModern(world)) calls[FN.folio_alloc_mpol_noprof]++
  else {
    calls[FN.vma_alloc_folio]++
    calls[FN.__folio_alloc]++
  }
  const pfn = folios.alloc(0)
  if (pfn < 0) return -1
  area.addCache(folios, pfn, slot)
  folios.setFlags(pfn, FOLIO_NEVER_MAPPED)
  lru.add(pfn)
  readSlots(world, area, slot, pfn, 1)
  return pfn
}

/** `swap_read_folio`: what `nr` slots hold comes into the pages from `pfn` on. */
export function readSlots(world: World, area: SwapArea, slot: number, pfn: number, nr: number): void {
  const { folios, vm } = world
  for (let i = 0; i < nr; i++) {
    const value = area.contents[slot + i]
    if (value !== 0) folios.setContent(pfn + i, value)
  }
  // The zero map answers without the device.
  vm[area.zeroes[slot] !== 0 ? VM.swpin_zero : VM.pswpin] += nr
}

/** `swap_cache_get_folio` found a page of order 0: a hit, if it had been read ahead. */
export function noteCacheHit(world: World, vma: Vma, vpn: number, pfn: number): void {
  const { folios, vm } = world
  if (folios.order(pfn) > 0) return
  const hit = (folios.flags(pfn) & FOLIO_READAHEAD) !== 0
  const { pages, hits } = vma.swapWindow ?? FRESH
  vma.swapWindow = { vpn, pages, hits: hit ? Math.min(hits + 1, MAX_HITS) : hits }
  if (!hit) return
  folios.setFlags(pfn, 0, FOLIO_READAHEAD)
  vm[VM.swap_ra_hit]++
}
