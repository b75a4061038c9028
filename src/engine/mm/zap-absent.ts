/**
 * Clearing entries that are neither present nor empty: swap entries give their slots back, migration
 * entries their share of the resident set, markers nothing. None of them can be in a TLB, so none
 * widens the hull. Source: reference `teardown.md` section 3.
 */
import { MIGRATION, SWAP } from '../arch/descriptor'
import type { World } from '../world'
import { ANON } from './folio'
import type { Mm } from './mm'
import { freeSwapEntries } from './swap-entries'

/** Clears the entry of `slot`, and the run of swap entries it begins where the kernel batches them; answers how many. */
export function zapAbsent(world: World, mm: Mm, slot: number, entry: number, limit: number): number {
  if ((entry & SWAP) !== 0) return freeSwapEntries(world, mm, slot, entry, limit)
  if ((entry & MIGRATION) !== 0) {
    if ((world.folios.word(world.tables.pfn(slot)) & ANON) !== 0) mm.anonPages--
    else mm.filePages--
  }
  world.ops.pteClear(mm, slot)
  return 1
}
