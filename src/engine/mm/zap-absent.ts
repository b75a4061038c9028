/**
 * Clearing entries that are neither present nor empty: swap entries give their slots back, migration
 * entries their share of the resident set, markers nothing. None of them can be in a TLB, so none
 * widens the hull. Source: reference `teardown.md` section 3.
 */
import { ANON } from './folio'
import { MIGRATION, SWAP } from '../arch/descriptor'
import type { World } from '../world'
import type { Mm } from './mm'

/** Clears the entry of `slot`, and the run of swap entries it begins where the kernel batches them; answers how many. */
export function zapAbsent(world: World, mm: Mm, slot: number, entry: number, limit: number): number {
  const { ops, tables, folios } = world
  let nr = 1
  if ((entry & SWAP) !== 0) {
    nr = swapRun(world, mm, slot, entry, limit)
    mm.swapEntries -= nr
  } else if ((entry & MIGRATION) !== 0) {
    if ((folios.word(tables.pfn(slot)) & ANON) !== 0) mm.anonPages--
    else mm.filePages--
  }
  for (let i = 0; i < nr; i++) ops.pteClear(mm, slot + i)
  return nr
}

/** `swap_pte_batch` (6.10+): how many entries from `slot` on hold consecutive slots of one area and are alike else. */
function swapRun(world: World, mm: Mm, slot: number, entry: number, limit: number): number {
  const { ops, tables, kernel } = world
  if (kernel.madvise !== 'batch') return 1
  const offset = tables.pfn(slot)
  let nr = 1
  while (nr < limit) {
    const next = ops.ptepGetPresence(mm, slot + nr)
    if (next !== entry || tables.pfn(slot + nr) !== offset + nr) break
    nr++
  }
  return nr
}
