/**
 * Memory as a machine's owner sees it: free blocks by size, folios by size, what large folios hold without
 * anybody mapping it. Plain copies; looking never counts.
 * Source: /proc/buddyinfo; linux-6.12 mm/vmstat.c (`unusable_free_index`).
 */
import { VM_EVENT_NAMES } from './trace/vmstat'
import type { World } from './world'

/** Readings of a machine's memory, in pages unless said otherwise. */
export interface MemoryInfo {
  readonly total: number
  readonly free: number
  /** The kernel's own, page tables apart: the lowest block. */
  readonly reserved: number
  /** Pages of folios that somebody holds. */
  readonly inUse: number
  /** Pages held by others, see `fragment`; the huge zero page and the ready blocks of OnePlus' pool among them. */
  readonly others: number
  /** Free blocks of each order. */
  readonly freeBlocks: readonly number[]
  /** By order, how much of the free memory lies in blocks that are too small: 0 none to 1 all of it. */
  readonly unusable: readonly number[]
  /** Folios of each order that somebody holds. */
  readonly folios: readonly number[]
  /** Folios on the deferred-split list, and pages of them that nothing maps: freed only by a split. */
  readonly deferred: { readonly folios: number; readonly unmapped: number }
}

export function readMemory(world: World): MemoryInfo {
  const { folios, geometry } = world
  const { buddy } = folios
  const reserved = 2 ** geometry.maxOrder
  const freeBlocks = buddy.blocks()
  const live = [...folios.live.subarray(0, geometry.maxOrder + 1)]
  // Gigantic pages of HugeTLB pools are larger than any block.
  const inUse = folios.live.reduce((sum, count, order) => sum + count * 2 ** order, 0)
  return {
    // Frames of the vmemmap that optimised HugeTLB folios gave back count as memory then.
    total: buddy.pages + Math.max(0, -world.hugetlb.vmemmap.held),
    free: buddy.freePages,
    reserved,
    inUse,
    others:
      world.compaction.others +
      Math.max(0, world.hugetlb.vmemmap.held) +
      (world.hugeZeroPfn < 0 ? 0 : 2 ** geometry.pmdOrder),
    freeBlocks,
    unusable: freeBlocks.map((_, order) => unusableIndex(freeBlocks, order)),
    folios: live,
    deferred: { folios: world.deferred.size, unmapped: unmappedPages(world) }
  }
}

/** `unusable_free_index`: 0 none to 1 all, the share of free pages in blocks below `order`. */
export function unusableIndex(blocks: readonly number[], order: number): number {
  const pages = (from: number) =>
    blocks.reduce((sum, count, at) => (at < from ? sum : sum + count * 2 ** at), 0)
  const free = pages(0)
  return free === 0 ? 1 : (free - pages(order)) / free
}

/** Pages of folios on the deferred-split list that no entry and no leaf maps. */
function unmappedPages({ folios, deferred }: World): number {
  let unmapped = 0
  for (const head of deferred) {
    if (folios.entireMapcount(head) > 0) continue
    const nr = 1 << folios.order(head)
    for (let i = 0; i < nr; i++) if (folios.mapcount(head + i) === 0) unmapped++
  }
  return unmapped
}

/** The events of /proc/vmstat that the model counts, by name. */
export function vmEvents({ vm }: World): Record<string, number> {
  return Object.fromEntries(VM_EVENT_NAMES.map((name, at) => [name, vm[at]]))
}
