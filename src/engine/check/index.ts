import type { World } from '../world'
import { checkMemory, checkResident, checkVmas } from './accounting'
import { checkContiguity } from './contiguity'
import { checkExclusive, checkMapcounts, checkRefcounts } from './rmap'
import type { Check, Violation } from './violation'

export type { Check, Violation } from './violation'

/** Every invariant that must hold between two operations, cheapest first. */
export const CHECKS: readonly Check[] = [
  checkVmas,
  checkContiguity,
  checkResident,
  checkMapcounts,
  checkRefcounts,
  checkExclusive,
  checkMemory
]

/** The first broken invariant, if any. Looks at everything; counts and changes nothing. */
export function checkWorld(world: World): Violation | undefined {
  for (const check of CHECKS) {
    const violation = check(world)
    if (violation !== undefined) return violation
  }
  return undefined
}
