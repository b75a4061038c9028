/**
 * Changing and removing whole blocks in the loops of OnePlus 5.15: zap (design D6), mprotect and what
 * must have single entries. Source: reference `oneplus.md` section 7, `teardown.md` section 4.
 */
import { CONT } from '../../arch/descriptor'
import { isBlockEntry } from '../../contpte/exposed'
import { COUNTER_INDEX } from '../../trace/counters'
import type { World } from '../../world'
import type { MmuGather } from '../gather'
import type { Mm } from '../mm'
import { modifyProtection } from '../protection'
import { blockOps, countBlock, isHugeZero, removeBlockRmap } from './block'
import { splitBlock } from './split'

const ZAP_BATCH = COUNTER_INDEX.zapBatch

/** Whether fewer than all entries of the block of `slot` are among the `limit` entries from there on. */
function isCut(world: World, slot: number, limit: number): boolean {
  const { c, mask } = blockOps(world)
  return (slot & mask) !== 0 || limit < c
}

/**
 * Zaps the block of `slot`, an entry the caller has just read. Whole: cleared without a flush, one
 * gather slot of 64K, one rmap, one update of the resident set; answers how many entries that is. Cut
 * by the range: split, and 0, so that the caller looks at the same entry again. A gather that is full
 * is flushed and emptied at once, under the lock. Nothing of young or dirty reaches the folio here.
 */
export function zapBlockOrSplit(
  world: World,
  mm: Mm,
  slot: number,
  limit: number,
  gather: MmuGather
): number {
  if (isCut(world, slot, limit)) {
    splitBlock(world, mm, slot)
    return 0
  }
  const ops = blockOps(world)
  const vpn = world.tables.vpn(slot)
  const pfn = world.tables.pfn(slot)
  ops.blockGetAndClear(mm, slot)
  gather.cleared(vpn, ops.c)
  mm.count(ZAP_BATCH, 1)
  world.trace?.note('zap-batch', mm.pid, slot)
  world.probe?.('entries cleared', isHugeZero(world, pfn) ? undefined : pfn)
  if (isHugeZero(world, pfn)) return ops.c
  countBlock(world, mm, -1)
  removeBlockRmap(world, mm, pfn)
  gather.queueHuge(pfn)
  return ops.c
}

/**
 * mprotect of the block of `slot`, an entry the caller has just read: cleared, and set under
 * `protection`, which flushes it; so the range needs no flush on its account. Answers how many
 * entries that is, or 0 after a split where the range cuts the block.
 */
export function protectBlockOrSplit(
  world: World,
  mm: Mm,
  slot: number,
  limit: number,
  protection: number
): number {
  if (isCut(world, slot, limit)) {
    splitBlock(world, mm, slot)
    return 0
  }
  const ops = blockOps(world)
  const pfn = world.tables.pfn(slot)
  const old = ops.blockGetAndClear(mm, slot)
  ops.blockSet(mm, slot, pfn, modifyProtection(old, protection) | CONT)
  return ops.c
}

/** Splits every block with an entry among the `nr` from `slot` on: before mremap moves entries. */
export function splitBlocks(world: World, mm: Mm, slot: number, nr: number): void {
  if (world.kernel.pteOps !== 'exposed') return
  for (let at = slot; at < slot + nr; at++) {
    if (isBlockEntry(world.tables.attr(at))) splitBlock(world, mm, at)
  }
}
