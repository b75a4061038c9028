import type { World } from '../world'
import { checkMemory, checkResident, checkVmas } from './accounting'
import { takeCensus } from './census'
import { checkContiguity } from './contiguity'
import { checkHugeEntries } from './huge-entries'
import { checkPools } from './pools'
import { checkExclusive, checkMapcounts, checkRefcounts } from './rmap'
import { checkSwapSlots } from './swap-slots'
import { checkTranslations } from './translations'
import type { Check, Violation } from './violation'

export type { Check, Violation } from './violation'

/** Every invariant that must hold between two operations, cheapest first. */
export const CHECKS: readonly Check[] = [
  checkVmas,
  checkTranslations,
  checkContiguity,
  checkHugeEntries,
  checkResident,
  checkMapcounts,
  checkRefcounts,
  checkExclusive,
  checkSwapSlots,
  checkPools,
  checkMemory
]

/** The first broken invariant, if any. Looks at everything; counts and changes nothing. */
export function checkWorld(world: World): Violation | undefined {
  const census = takeCensus(world)
  for (const check of CHECKS) {
    const violation = check(world, census)
    if (violation !== undefined) return violation
  }
  return undefined
}
