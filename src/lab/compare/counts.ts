/** Which recorded function names are compared, and which are not, each with its reason. */
import { FUNCTION_NAMES } from '../../engine/trace/functions'
import type { World } from '../../engine/world'

/** Names that are not compared. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  clear_page: 'also counts page tables, kernel stacks and slabs of the whole machine'
}

export type CountsTaken = Float64Array

/** The counters as they are now. */
export function takeCounts(world: World): CountsTaken {
  return world.calls.slice()
}

/** What was counted between, by the kernel's names, without the zeroes. */
export function countsBetween(
  _world: World,
  before: CountsTaken,
  after: CountsTaken
): Record<string, number> {
  const counts: Record<string, number> = {}
  FUNCTION_NAMES.forEach((name, k) => {
    const n = after[k] - before[k]
    if (n !== 0 && isCompared(name)) counts[name] = n
  })
  return counts
}

const NAMES: ReadonlySet<string> = new Set(FUNCTION_NAMES)

/** Whether a function's count is compared. */
export function isCompared(name: string): boolean {
  return NAMES.has(name) && !(name in LEFT_OUT)
}
