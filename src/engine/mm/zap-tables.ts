/**
 * Freeing page tables after an unmap: `free_pgtables` and below. A table goes when no VMA is left in
 * what it maps: `floor` is where the VMA before ends, `ceiling` where the one after begins.
 * Source: reference `teardown.md` section 2 (recorded, 6.12.117).
 */
import { TABLE } from '../arch/descriptor'
import { isHugetlb } from '../hugetlb/vma'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { MmuGather } from './gather'
import type { Mm, Vma } from './mm'

const TABLE_FREE = COUNTER_INDEX.tableFree

/** What is being freed: pages `[floor, ceiling)` have no VMA, `ceiling` Infinity at the top. */
interface Clearing {
  readonly world: World
  readonly mm: Mm
  readonly gather: MmuGather
  readonly floor: number
  readonly ceiling: number
}

/** `free_pgtables` for the VMAs just unmapped, in order; neighbours within 2 MiB take one walk, HugeTLB mappings one each. */
export function freePgtables(
  world: World,
  mm: Mm,
  gather: MmuGather,
  vmas: readonly Vma[],
  floor: number,
  ceiling: number
): void {
  world.calls[FN.free_pgtables]++
  const near = world.geometry.tableEntries
  for (let i = 0; i < vmas.length;) {
    const addr = vmas[i].start
    const alone = isHugetlb(vmas[i])
    while (
      !alone &&
      i + 1 < vmas.length &&
      vmas[i + 1].start <= vmas[i].end + near &&
      !isHugetlb(vmas[i + 1])
    )
      i++
    const next = i + 1 < vmas.length ? vmas[i + 1].start : ceiling
    freePgdRange({ world, mm, gather, floor, ceiling: next }, addr, vmas[i].end)
    i++
  }
}

/** `free_pgd_range` for one stretch of addresses. */
export function freePgdRange(clearing: Clearing, addr: number, end: number): void {
  const { world, mm, floor } = clearing
  const { geometry, calls } = world
  calls[FN.free_pgd_range]++
  const span = geometry.tableEntries
  let first = addr - (addr % span)
  if (first < floor) first += span
  const ceiling = roundDown(clearing.ceiling, span)
  if (ceiling === 0) return
  const last = end > ceiling ? end - span : end
  if (first >= last) return
  freeBelow({ ...clearing, ceiling }, mm.root, 0, geometry.levels - 1, first, last)
}

/**
 * Frees the tables that the entries of `table` for `[addr, end)` point to; then the table itself may
 * have nothing left to map: true, and where the flush for it begins, if so.
 */
function freeBelow(
  clearing: Clearing,
  table: number,
  slotOfTable: number,
  depth: number,
  addr: number,
  end: number
): void {
  const { world, mm, gather, floor } = clearing
  const { tables, geometry } = world
  const span = 2 ** (geometry.tableShift * depth)
  for (let at = addr; at < end;) {
    const next = Math.min(at - (at % span) + span, end)
    const slot = (table << geometry.tableShift) + (Math.floor(at / span) & (geometry.tableEntries - 1))
    if ((tables.attr(slot) & TABLE) === TABLE) {
      const child = tables.pfn(slot)
      if (depth > 1) freeBelow(clearing, child, slot, depth - 1, at, next)
      else freeTable(world, mm, gather, slot, child, at, 0)
    }
    at = next
  }
  if (slotOfTable === 0) return
  const upper = span * geometry.tableEntries
  const start = addr - (addr % upper)
  const ceiling = roundDown(clearing.ceiling, upper)
  if (start < floor || ceiling === 0 || end > ceiling) return
  freeTable(world, mm, gather, slotOfTable, table, start, depth)
}

function freeTable(
  world: World,
  mm: Mm,
  gather: MmuGather,
  slot: number,
  table: number,
  vpn: number,
  depth: number
): void {
  world.tables.unlink(slot)
  world.tables.free(table)
  mm.count(TABLE_FREE, 1)
  gather.freedTable(vpn, depth)
}

function roundDown(page: number, span: number): number {
  return page === Infinity ? Infinity : page - (page % span)
}
