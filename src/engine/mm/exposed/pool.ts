/**
 * The part of OnePlus' pool of 64K blocks that comes from the page allocator: blocks taken ahead, so that
 * large folios are to be had when free memory lies in pieces. Source: reference `oneplus.md` section 9
 * (cont_pte_hugepage.c); docs/oneplus-pool.md says what of the pool is modelled, and what cannot be known.
 */
import type { World } from '../../world'
import { EngineError } from '../../error'

/** What the thread fills up to, in bytes; it is woken below half of it. */
export const REFILL_BYTES = 32 * 2 ** 20

/** Readings of the pool, in blocks. */
export interface BlockPoolInfo {
  /** Taken from the page allocator, and not in use yet. */
  readonly ready: number
  readonly inUse: number
  /** Most that may be in use; Infinity unless somebody set it. */
  readonly limit: number
}

/** Throws `not-modelled` on kernels that have no such pool. */
function poolOf(world: World): World['folios']['blocks'] {
  if (world.kernel.faultOrders === 'exposed') return world.folios.blocks
  throw new EngineError(
    'not-modelled',
    `${world.kernel.name} has no pool of blocks: only oneplus-5.15 has one.`
  )
}

/** The pool as it is. */
export function readBlockPool(world: World): BlockPoolInfo {
  const { ready, inUse, limit } = poolOf(world)
  return { ready: ready.length, inUse, limit }
}

/**
 * One wake-up of the thread that refills the pool (`khpage_poold`), which never runs by itself: where less
 * than half of the target is ready it takes blocks from free lists, without reclaim, until the target is
 * reached or there is none. Answers how many it took.
 */
export function refillBlocks(world: World): number {
  const { folios, geometry, compaction } = world
  const { ready } = poolOf(world)
  const target = REFILL_BYTES / geometry.pageSize / geometry.contPtes
  if (ready.length >= target / 2) return 0
  const before = ready.length
  while (ready.length < target) {
    const pfn = folios.buddy.alloc(geometry.contShift)
    if (pfn < 0) break
    ready.push(pfn)
    compaction.others += geometry.contPtes
  }
  return ready.length - before
}

/** From now on blocks in use may hold `bytes`; what is beyond stays until it is freed. */
export function limitBlocks(world: World, bytes: number): void {
  const { geometry } = world
  poolOf(world).limit = Math.floor(bytes / geometry.pageSize / geometry.contPtes)
}

/** Frames for a block: of those that are ready, else of the free lists without reclaim; -1 without any. */
export function takeBlock({ folios, geometry, compaction }: World): number {
  const pfn = folios.blocks.ready.pop()
  if (pfn === undefined) return folios.buddy.alloc(geometry.contShift)
  compaction.others -= geometry.contPtes
  return pfn
}
