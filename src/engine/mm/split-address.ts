/** Splits by address, as VMA changes ask for them. Source: Linux 6.1 and 6.12, mm/huge_memory.c. */
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { Mm } from './mm'
import { splitPmd } from './split'
import { findPmd } from './walk'

/** `split_huge_pmd_address`: splits the PMD leaf that maps `vpn`, if one does. */
export function splitPmdAddress(world: World, mm: Mm, vpn: number): void {
  world.calls[FN.mm_find_pmd]++
  if (findPmd(world, mm, vpn) !== 0) splitPmd(world, mm, vpn)
}
