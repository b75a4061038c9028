/**
 * Splitting a block of OnePlus 5.15: the one way from a contiguous mapping to single entries. Every
 * caller that would change part of a block comes here first. Source: reference `oneplus.md` section 6.
 */
import { CONT, PAGE_READONLY, SPECIAL } from '../../arch/descriptor'
import type { ExposedPteOps } from '../../contpte/exposed'
import { isBlockEntry } from '../../contpte/exposed'
import { COUNTER_INDEX } from '../../trace/counters'
import type { World } from '../../world'
import { FOLIO_DOUBLE_MAP, FOLIO_LOCKED } from '../folio'
import type { Mm, Vma } from '../mm'
import { findSlot } from '../walk'
import { blockOps, dropWholeMapping, isHugeZero } from './block'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const FOLIO_REF = COUNTER_INDEX.folioRef
const MAPCOUNT = COUNTER_INDEX.mapcount
const LOCK_BREAK = COUNTER_INDEX.lockBreak
const UNFOLD = COUNTER_INDEX.unfold

/**
 * `__split_huge_cont_pte`: the block of `slot` becomes single entries of the same folio (the huge zero
 * page: 16 entries of the zero page). Answers whether it did: nothing happens where the first entry is
 * none of a block, also not if it ceased to be one while the page lock was waited for.
 *
 * The values written back are those read before the block is cleared, so an access flag or a dirty
 * state that hardware sets in between is lost (our reading; the probe marks the window).
 */
export function splitBlock(world: World, mm: Mm, slot: number): boolean {
  const ops = blockOps(world)
  const { tables } = world
  const block = ops.block(slot)
  mm.count(READ, 1)
  if (!isBlockEntry(tables.attr(block))) return false
  const pfn = tables.pfn(block)
  if (isHugeZero(world, pfn)) {
    mm.count(UNFOLD, 1)
    world.trace?.note('unfold', mm.pid, block, 0, 0, pfn)
    splitHugeZero(world, mm, ops, block)
    return true
  }
  if (!lockPage(world, mm, block, pfn)) return false
  mm.count(UNFOLD, 1)
  world.trace?.note('unfold', mm.pid, block, world.folios.order(pfn), 0, pfn)
  splitAnon(world, mm, ops, block, pfn)
  return true
}

/**
 * `vma_adjust_cont_pte_trans_huge`: a VMA is about to begin or end at `vpn`, inside `vma`. A block that
 * the border would cut is split at once, for no block may lie in two VMAs.
 */
export function splitBlockAcross(world: World, mm: Mm, vma: Vma, vpn: number): void {
  if (world.kernel.pteOps !== 'exposed') return
  const first = vpn - (vpn % world.geometry.contPtes)
  if (first === vpn || first < vma.start || first + world.geometry.contPtes > vma.end) return
  const slot = findSlot(world, mm, vpn)
  if (slot !== 0) splitBlock(world, mm, slot)
}

/**
 * Reclaim and migration want single entries (the split flag of try_to_unmap): the block that maps
 * `vpn`, if one does, is split.
 */
export function splitBlockOf(world: World, mm: Mm, vpn: number): void {
  if (world.kernel.pteOps !== 'exposed') return
  const slot = findSlot(world, mm, vpn)
  if (slot !== 0 && isBlockEntry(world.tables.attr(slot))) splitBlock(world, mm, slot)
}

/**
 * The page lock comes after the page-table lock: where trying it fails, the page-table locks are
 * dropped, both of them in fork, the page is waited for, and the entry is looked at again. False where
 * it is no block any more. Whoever holds the lock lets go of it in the probe.
 */
function lockPage(world: World, mm: Mm, block: number, pfn: number): boolean {
  const { folios, tables } = world
  if ((folios.flags(pfn) & FOLIO_LOCKED) === 0) return true
  mm.count(LOCK_BREAK, 1)
  world.probe?.('page lock waited for')
  if ((folios.flags(pfn) & FOLIO_LOCKED) !== 0) throw new Error(`folio ${pfn}: nobody unlocks it`)
  mm.count(READ, 1)
  return isBlockEntry(tables.attr(block)) && tables.pfn(block) === pfn
}

function splitAnon(world: World, mm: Mm, ops: ExposedPteOps, block: number, pfn: number): void {
  const { tables, folios } = world
  const { c } = ops
  folios.addRefs(pfn, c - 1)
  mm.count(FOLIO_REF, 1)
  world.probe?.('split: references taken')
  const values = new Int32Array(c)
  for (let i = 0; i < c; i++) values[i] = tables.attr(block + i)
  mm.count(READ, c)
  world.probe?.('split: entries read')
  ops.blockClear(mm, block, true)
  for (let i = 0; i < c; i++) {
    tables.set(block + i, values[i] & ~CONT, pfn + i)
    folios.addWord(pfn + i, 1)
    world.probe?.('split: entry stored')
  }
  mm.count(PLAIN_WRITE, c)
  mm.count(MAPCOUNT, c)
  if (folios.entireMapcount(pfn) > 1 && (folios.flags(pfn) & FOLIO_DOUBLE_MAP) === 0) {
    folios.setFlags(pfn, FOLIO_DOUBLE_MAP)
    folios.blocks.doubleMapped++
    for (let i = 0; i < c; i++) folios.addWord(pfn + i, 1)
    mm.count(MAPCOUNT, c)
  }
  mm.count(MAPCOUNT, 1)
  dropWholeMapping(world, mm, pfn)
  world.probe?.('split: done')
}

function splitHugeZero(world: World, mm: Mm, ops: ExposedPteOps, block: number): void {
  const { tables } = world
  ops.blockClear(mm, block, true)
  for (let i = 0; i < ops.c; i++) tables.set(block + i, PAGE_READONLY | SPECIAL, world.zeroPfn)
  mm.count(PLAIN_WRITE, ops.c)
}
