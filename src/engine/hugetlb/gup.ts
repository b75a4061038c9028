/**
 * GUP of HugeTLB mappings in kernels that have a loop of its own for them; 6.12 walks them like any other.
 * Source: linux-6.1 mm/hugetlb.c (`follow_hugetlb_page`).
 */
import { WRITE } from '../arch/descriptor'
import { isModern } from '../kernel/names'
import { FAULT_UNSHARE, FAULT_WRITE } from '../mm/fault-flags'
import { ANON } from '../mm/folio'
import type { Mm, Vma } from '../mm/mm'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { poolOf } from './alloc'
import { findHugeEntry, hugePte } from './entry'
import { hugetlbFault } from './fault'
import { isHugetlb } from './vma'

/** Whether the kernel has that loop. */
export function hasOwnLoop(world: World, vma: Vma): boolean {
  return isHugetlb(vma) && !isModern(world)
}

/**
 * Gets pages `[vpn, end)` of one VMA, a HugeTLB page at a time, and answers the page after the last one;
 * faults are not counted as such. `pinned` is told of each piece where pages are pinned. Throws as
 * `hugetlbFault`; pieces before it stay.
 */
export function followHugetlb(
  world: World,
  mm: Mm,
  vma: Vma,
  vpn: number,
  end: number,
  write: boolean,
  pinned?: (first: number, pages: number) => void
): number {
  const { size } = poolOf(world, vma)
  let at = vpn
  while (at < end) {
    const head = at - (at % size.pages)
    const slot = findHugeEntry(world, mm, size, head)
    const entry = slot === 0 ? 0 : hugePte(world, mm, slot, size)
    const pfn = slot === 0 ? -1 : world.tables.pfn(slot)
    const unshare = pinned !== undefined && !write && mustUnshare(world, entry, pfn)
    if (entry === 0 || (write && (entry & WRITE) === 0) || unshare) {
      hugetlbFault(world, mm, vma, at, write ? FAULT_WRITE : unshare ? FAULT_UNSHARE : 0)
      continue
    }
    const pages = Math.min(end, head + size.pages) - at
    if (pinned !== undefined) {
      world.calls[FN.try_grab_folio]++
      world.folios.addPins(pfn, pages)
      pinned(pfn + (at - head), pages)
    }
    at += pages
  }
  return at
}

function mustUnshare(world: World, entry: number, pfn: number): boolean {
  if (entry === 0 || (entry & WRITE) !== 0 || !world.kernel.anonExclusive) return false
  return (world.folios.word(pfn) & ANON) !== 0 && !world.folios.isExclusive(pfn)
}
