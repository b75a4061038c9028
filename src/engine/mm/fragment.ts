/**
 * Memory of others: pages that whatever else runs on the machine holds, so that free memory lies in pieces.
 * What they are does not matter here; whether compaction may move them does.
 */
import { Seeded } from '../arch/seeded'
import { EngineError } from '../error'
import type { World } from '../world'

/** How memory is to be fragmented. */
export interface Fragmentation {
  /** No free block is larger than this afterwards: 0 to the allocator's largest less one. */
  readonly order: number
  /** Share of the pages held that compaction can move, 0 to 1. Default 1. */
  readonly movable?: number
  /** Where in its block each page lies, and which can be moved. Default 1. */
  readonly seed?: number
}

/**
 * Holds one page in every block of 2^(order+1) pages that is free as a whole; answers how many.
 * Throws `bad-argument`.
 */
export function fragment(world: World, { order, movable = 1, seed = 1 }: Fragmentation): number {
  const { folios, geometry, compaction } = world
  const { buddy } = folios
  if (!Number.isInteger(order) || order < 0 || order >= geometry.maxOrder) {
    const most = geometry.maxOrder - 1
    throw new EngineError('bad-argument', `fragment: order must be 0 to ${most}, not ${order}.`)
  }
  if (!(movable >= 0 && movable <= 1)) {
    throw new EngineError('bad-argument', `fragment: movable must be a share from 0 to 1, not ${movable}.`)
  }
  const random = new Seeded(seed)
  const nr = 2 ** (order + 1)
  let held = 0
  for (let base = 0; base + nr <= buddy.pages; base += nr) {
    if (!buddy.isFreeBlock(base, order + 1)) continue
    const pfn = base + random.below(nr)
    buddy.take(pfn)
    if (random.next() < movable * 2 ** 32) compaction.movable.add(pfn)
    held++
  }
  compaction.others += held
  return held
}
