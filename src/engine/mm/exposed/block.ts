/**
 * What OnePlus 5.15 knows of blocks and their folios: which VMAs may have them, the pool they come
 * from, and how whole mappings are counted. Source: reference `oneplus.md` sections 2, 5 and 9.
 */
import { ExposedPteOps } from '../../contpte/exposed'
import { COUNTER_INDEX } from '../../trace/counters'
import type { World } from '../../world'
import { FOLIO_CONT, FOLIO_DOUBLE_MAP } from '../folio'
import type { Mm, Vma } from '../mm'
import { takeBlock } from './pool'
import { dropDoubleMap, removeRmapPmd } from '../rmap'

const RSS = COUNTER_INDEX.rss

/** The VMA is marked for blocks: its name, given by prctl, is one the kernel looks for. */
export const VM_CHP = 1 << 28

/**
 * The first page of the block around `vpn`, or -1 where no block may be: the VMA is not marked, or
 * the block does not lie inside it.
 */
export function suitableBlock(
  world: Pick<World, 'geometry'>,
  vma: Pick<Vma, 'start' | 'end' | 'flags'>,
  vpn: number
): number {
  if ((vma.flags & VM_CHP) === 0) return -1
  const first = vpn - (vpn % world.geometry.contPtes)
  return first >= vma.start && first + world.geometry.contPtes <= vma.end ? first : -1
}

/** The operations, for code that only runs where core-mm knows blocks. */
export function blockOps(world: World): ExposedPteOps {
  if (world.ops instanceof ExposedPteOps) return world.ops
  throw new Error(`kernel ${world.kernel.name} has no block operations`)
}

/** Whether a block's frame is of the huge zero page: no folio, no mapcount, no resident set. */
export function isHugeZero(world: World, pfn: number): boolean {
  return world.hugeZeroPfn >= 0 && pfn - (pfn % 2 ** world.geometry.pmdOrder) === world.hugeZeroPfn
}

/**
 * A folio for a block out of the pool, or -1 where the pool is empty and so base pages must do. The
 * pool lets at most `Folios.blocks.limit` folios be in use at a time; see `pool.ts`.
 */
export function allocBlockFolio(world: World): number {
  const { folios } = world
  if (folios.blocks.inUse >= folios.blocks.limit) return -1
  const pfn = folios.alloc(world.geometry.contShift, takeBlock(world))
  if (pfn < 0) return -1
  folios.blocks.inUse++
  folios.setFlags(pfn, FOLIO_CONT)
  world.thpStats.add(world.geometry.contShift, 'nr_anon')
  return pfn
}

/** A new folio is mapped whole, for the first time: a plain store, not an atomic. */
export function addNewBlockRmap(world: World, mm: Mm, pfn: number): void {
  world.folios.addEntire(pfn, 1)
  mm.anonPages += world.geometry.contPtes
  mm.count(RSS, 1)
}

/** `page_remove_rmap(compound)`: one whole mapping less; the last one ends the double map. */
export function removeBlockRmap(world: World, mm: Mm, pfn: number): void {
  endDoubleMap(world, pfn)
  removeRmapPmd(world, mm, pfn)
}

/** The same inside a split, whose entries have the mapping now. */
export function dropWholeMapping(world: World, mm: Mm, pfn: number): void {
  endDoubleMap(world, pfn)
  if (world.folios.addEntire(pfn, -1) === 0) dropDoubleMap(world, mm, pfn)
}

/** The global number of folios mapped both ways, before one whole mapping goes. */
function endDoubleMap({ folios }: World, pfn: number): void {
  if (folios.entireMapcount(pfn) > 1 || (folios.flags(pfn) & FOLIO_DOUBLE_MAP) === 0) return
  folios.blocks.doubleMapped--
}

/** Resident set after a whole block came (`sign` 1) or went (-1): one update. */
export function countBlock(world: World, mm: Mm, sign: 1 | -1): void {
  mm.anonPages += sign * world.geometry.contPtes
  mm.count(RSS, 1)
}
