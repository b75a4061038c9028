/**
 * How hard an allocation tries once the free lists have nothing: `defrag` for huge pages, everything for
 * single pages. Source: reference `thp-sysfs.md` section 6.3; linux-6.12 mm/page_alloc.c
 * (`__alloc_pages_slowpath`), mm/huge_memory.c (`vma_thp_gfp_mask`), mm/compaction.c (`defer_compaction`,
 * `compaction_deferred`). Not modelled: watermarks, and reclaim of LRU lists.
 */
import type { ThpSettings } from '../thp/settings'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { canCompact, compact } from './compact'
import { VM_HUGEPAGE } from './mm'
import { shrinkDeferred } from './shrink'

/** Free lists only; these, and wake the daemons; or reclaim and compact before it gives up. */
export type Effort = 'none' | 'wake' | 'direct'

/** Above this order compaction is tried before reclaim (PAGE_ALLOC_COSTLY_ORDER). */
const COSTLY_ORDER = 3
/** A deferral never skips more than 2^6 attempts (COMPACT_MAX_DEFER_SHIFT). */
const MAX_DEFER_SHIFT = 6
/** Pages that direct reclaim wants to have freed (SWAP_CLUSTER_MAX). */
const RECLAIM_PAGES = 32

/** What `defrag` lets a fault for a large folio do, in a VMA with these flags. */
export function faultEffort({ defrag }: ThpSettings, vmaFlags: number): Effort {
  const advised = (vmaFlags & VM_HUGEPAGE) !== 0
  if (defrag === 'always') return 'direct'
  if (defrag === 'defer') return 'wake'
  if (defrag === 'defer+madvise') return advised ? 'direct' : 'wake'
  return defrag === 'madvise' && advised ? 'direct' : 'none'
}

/** A folio of `order`, or -1 where that effort finds no memory. */
export function allocFolio(world: World, order: number, effort: Effort): number {
  const pfn = world.folios.alloc(order)
  if (pfn >= 0 || effort === 'none') return pfn
  if (effort === 'wake') {
    world.compaction.wanted = Math.max(world.compaction.wanted, order)
    return -1
  }
  return allocDirect(world, order)
}

function allocDirect(world: World, order: number): number {
  if (order > COSTLY_ORDER && tryCompact(world, order)) {
    const pfn = world.folios.alloc(order)
    if (pfn >= 0) return pfn
  }
  world.vm[VM.allocstall_movable]++
  shrinkDeferred(world, Math.max(RECLAIM_PAGES, 2 ** order))
  const pfn = world.folios.alloc(order)
  if (pfn >= 0 || order === 0) return pfn
  return tryCompact(world, order) ? world.folios.alloc(order) : -1
}

/**
 * Whether direct compaction would give a folio of `order` that the free lists do not have: it is not put off,
 * and there is a block to empty. Changes and counts nothing. What reclaim frees on the way is not foreseen.
 */
export function compactionWouldGive(world: World, order: number): boolean {
  const { failedOrder, considered, shift } = world.compaction
  const deferred = order >= failedOrder && considered + 1 < 2 ** shift
  return !deferred && canCompact(world, order)
}

/** Direct compaction, unless it failed lately. */
function tryCompact(world: World, order: number): boolean {
  const { compaction, vm } = world
  if (isDeferred(world, order)) return false
  vm[VM.compact_stall]++
  const made = compact(world, order)
  vm[made ? VM.compact_success : VM.compact_fail]++
  if (made) {
    compaction.shift = 0
    compaction.considered = 0
    if (order >= compaction.failedOrder) compaction.failedOrder = order + 1
  } else {
    compaction.considered = 0
    compaction.shift = Math.min(compaction.shift + 1, MAX_DEFER_SHIFT)
    compaction.failedOrder = Math.min(compaction.failedOrder, order)
  }
  return made
}

function isDeferred({ compaction }: World, order: number): boolean {
  if (order < compaction.failedOrder) return false
  compaction.considered++
  if (compaction.considered < 2 ** compaction.shift) return true
  compaction.considered = 2 ** compaction.shift
  return false
}

/** What the daemons do once the fault that woke them is over: kswapd reclaims, kcompactd makes one block. */
export function runBackground(world: World): void {
  const { compaction, vm, folios } = world
  const order = compaction.wanted
  compaction.wanted = 0
  vm[VM.compact_daemon_wake]++
  shrinkDeferred(world, Math.max(RECLAIM_PAGES, 2 ** order))
  if (folios.buddy.largestFree < order) compact(world, order)
}
