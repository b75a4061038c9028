/**
 * TLBs that only look on: what the TLB of the acting CPU would take up when an access completes. They
 * do to themselves what `arch/translate.ts` does, and nothing to the tables.
 */
import { CONT, RDONLY } from '../arch/descriptor'
import { contiguousLeaves } from '../arch/granule'
import type { Tlbs } from '../arch/tlb'
import type { Mm } from '../mm/mm'
import { findLeaf, findSlot, leafPages } from '../mm/walk'
import type { World } from '../world'

/** The access of `vpn` completed by a walk of the tables as they are now. */
export function translateShadow(world: World, tlbs: Tlbs, mm: Mm, vpn: number, write: boolean): void {
  const { tables, geometry } = world
  tlbs.acting = world.currentCpu % tlbs.agents
  const hit = tlbs.lookup(mm.pid, vpn)
  // A store through a clean or read-only entry walks again.
  if (hit >= 0 && (!write || (tlbs.attr[hit] & RDONLY) === 0)) return
  if (hit >= 0) tlbs.evict(hit)
  let slot = findSlot(world, mm, vpn)
  let pages = 1
  if (slot === 0) {
    slot = findLeaf(world, mm, vpn)
    if (slot === 0) return
    pages = leafPages(world, mm, vpn)
  } else tlbs.installWalk(mm.pid, vpn - (vpn % geometry.tableEntries), slot >>> geometry.tableShift)
  const attr = tables.attr(slot)
  const pfn = tables.pfn(slot)
  if (pages > 1) {
    const run = (attr & CONT) !== 0 ? contiguousLeaves(geometry) * pages : pages
    const first = vpn % run
    tlbs.install(mm.pid, vpn - first, run, pfn + (vpn % pages) - first, attr)
    return
  }
  const offset = slot & (geometry.contPtes - 1)
  if ((attr & CONT) !== 0) tlbs.install(mm.pid, vpn - offset, geometry.contPtes, pfn - offset, attr)
  else tlbs.install(mm.pid, vpn, 1, pfn, attr)
}
