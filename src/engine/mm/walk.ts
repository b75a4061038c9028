/**
 * The radix tree from an mm's root to its last-level tables: finding, making and freeing tables.
 * Upper-level entries are table descriptors whose pfn lane is the number of the next table; reading
 * and writing them is not counted as descriptor traffic, `tableAlloc` and `tableFree` stand for it.
 */
import { TABLE, isPmdLeaf } from '../arch/descriptor'
import type { Geometry } from '../arch/granule'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { Mm } from './mm'

const TABLE_ALLOC = COUNTER_INDEX.tableAlloc
const TABLE_FREE = COUNTER_INDEX.tableFree

/** What a walk needs of a world. */
type WalkedWorld = Pick<World, 'tables' | 'geometry'>

/** The slot of the last-level entry of `vpn`, or 0 when its table does not exist. */
export function findSlot(world: WalkedWorld, mm: Pick<Mm, 'root'>, vpn: number): number {
  const { tables, geometry } = world
  const { tableEntries, tableShift, levels } = geometry
  let table = mm.root
  for (let depth = levels - 1; depth > 0; depth--) {
    const slot = (table << tableShift) + entryIndex(geometry, vpn, depth)
    if ((tables.attr(slot) & TABLE) !== TABLE) return 0
    table = tables.pfn(slot)
  }
  return (table << tableShift) + (vpn & (tableEntries - 1))
}

/**
 * The slot of the last-level entry of `vpn`; makes the tables that are missing on the way.
 * `installed`: a fault of a file allocated the last one beforehand, without `__pte_alloc`.
 */
export function makeSlot(world: World, mm: Mm, vpn: number, installed = false): number {
  const { tables, geometry } = world
  const { tableEntries, tableShift, levels } = geometry
  let table = mm.root
  for (let depth = levels - 1; depth > 0; depth--) {
    const slot = (table << tableShift) + entryIndex(geometry, vpn, depth)
    table =
      (tables.attr(slot) & TABLE) === TABLE
        ? tables.pfn(slot)
        : linkTable(world, mm, slot, vpn, depth, installed)
  }
  return (table << tableShift) + (vpn & (tableEntries - 1))
}

/**
 * `__pte_alloc`, `__pmd_alloc` and their like above: a new table below the entry at `slot`, which lies
 * `depth` levels above the last one and covers `vpn`. `installed`: allocated by a fault beforehand.
 */
export function linkTable(
  world: World,
  mm: Mm,
  slot: number,
  vpn: number,
  depth: number,
  installed = false
): number {
  const { tables, geometry, calls } = world
  const table = tables.alloc(tableBase(geometry, vpn, depth))
  mm.count(TABLE_ALLOC, 1)
  calls[FN.clear_page]++
  if (depth === 1 && !installed) calls[FN.__pte_alloc]++
  else if (depth === 2) calls[FN.__pmd_alloc]++
  tables.link(slot, table)
  return table
}

/** Index of the entry that covers `vpn` in its table `depth` levels above the last one. */
export function entryIndex(geometry: Geometry, vpn: number, depth: number): number {
  return Math.floor(vpn * geometry.entryScale[depth]) & (geometry.tableEntries - 1)
}

/** First page of the table below the entry of `vpn` that lies `depth` levels above the last one. */
function tableBase(geometry: Geometry, vpn: number, depth: number): number {
  const scale = geometry.entryScale[depth]
  return Math.floor(vpn * scale) / scale
}

/**
 * The slot of the PMD-level entry of `vpn` (a table descriptor, a PMD leaf, or nothing), or 0 when
 * the table that holds it does not exist. A PMD leaf is what `isPmdLeaf` says it is.
 */
export function findPmd(world: WalkedWorld, mm: Pick<Mm, 'root'>, vpn: number): number {
  const { tables, geometry } = world
  let table = mm.root
  for (let depth = geometry.levels - 1; depth > 1; depth--) {
    const slot = (table << geometry.tableShift) + entryIndex(geometry, vpn, depth)
    if ((tables.attr(slot) & TABLE) !== TABLE) return 0
    table = tables.pfn(slot)
  }
  return (table << geometry.tableShift) + entryIndex(geometry, vpn, 1)
}

/**
 * The slot of the entry above the last level that maps `vpn` by itself, 0 where none does: a PMD leaf, or
 * a PUD leaf of a HugeTLB page.
 */
export function findLeaf(world: WalkedWorld, mm: Pick<Mm, 'root'>, vpn: number): number {
  const { tables, geometry } = world
  let table = mm.root
  for (let depth = geometry.levels - 1; depth > 0; depth--) {
    const slot = (table << geometry.tableShift) + entryIndex(geometry, vpn, depth)
    const attr = tables.attr(slot)
    if ((attr & TABLE) !== TABLE) return isPmdLeaf(attr) ? slot : 0
    table = tables.pfn(slot)
  }
  return 0
}

/**
 * Base pages that the leaf at `slot` maps for `vpn`, which `findLeaf` found: those of a PMD, or of a PUD
 * where the PMD level has no table.
 */
export function leafPages(world: WalkedWorld, mm: Pick<Mm, 'root'>, vpn: number): number {
  const { tableEntries } = world.geometry
  return findPmd(world, mm, vpn) === 0 ? tableEntries * tableEntries : tableEntries
}

/** The same, but makes the tables that are missing above. */
export function makePmd(world: World, mm: Mm, vpn: number): number {
  const { tables, geometry } = world
  let table = mm.root
  for (let depth = geometry.levels - 1; depth > 1; depth--) {
    const slot = (table << geometry.tableShift) + entryIndex(geometry, vpn, depth)
    table = (tables.attr(slot) & TABLE) === TABLE ? tables.pfn(slot) : linkTable(world, mm, slot, vpn, depth)
  }
  return (table << geometry.tableShift) + entryIndex(geometry, vpn, 1)
}

/** `pgtable_trans_huge_deposit`: keeps a table back for a PMD leaf about to be set. */
export function depositTable(world: World, mm: Mm): void {
  mm.deposited++
  mm.count(TABLE_ALLOC, 1)
  world.calls[FN.clear_page]++
  world.calls[FN.pgtable_trans_huge_deposit]++
}

/** The same with a table that was in use till now, empty: a leaf takes its place. */
export function depositUsedTable(world: World, mm: Mm, table: number): void {
  world.tables.free(table)
  mm.deposited++
  world.calls[FN.pgtable_trans_huge_deposit]++
}

/** `pgtable_trans_huge_withdraw` for a split: the kept table, empty, for the 2 MiB of `vpn`. */
export function withdrawTable(world: World, mm: Mm, vpn: number): number {
  takeDeposit(world, mm)
  return world.tables.alloc(vpn - (vpn % world.geometry.tableEntries))
}

/** `zap_deposited_table`: the leaf is gone, and its table with it. */
export function freeDeposit(world: World, mm: Mm): void {
  takeDeposit(world, mm)
  mm.count(TABLE_FREE, 1)
}

function takeDeposit(world: World, mm: Mm): void {
  if (mm.deposited === 0) throw new Error(`mm ${mm.pid}: a PMD leaf without a deposited table`)
  mm.deposited--
  world.calls[FN.pgtable_trans_huge_withdraw]++
}

/**
 * Frees the root, the last table of an mm. Upper tables may be left below it that no VMA of the model
 * covered any more: the program itself, which always has some, lies there until it exits.
 */
export function freeRoot(world: World, mm: Mm): void {
  freeAllBelow(world, mm, mm.root, world.geometry.levels - 1)
}

function freeAllBelow(world: World, mm: Mm, table: number, depth: number): void {
  const { tables, geometry } = world
  for (let index = 0; depth > 0 && index < geometry.tableEntries; index++) {
    const slot = (table << geometry.tableShift) + index
    if ((tables.attr(slot) & TABLE) !== TABLE) continue
    freeAllBelow(world, mm, tables.pfn(slot), depth - 1)
    tables.unlink(slot)
  }
  tables.free(table)
  mm.count(TABLE_FREE, 1)
}
