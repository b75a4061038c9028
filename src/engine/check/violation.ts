import { TABLE, isPmdLeaf } from '../arch/descriptor'
import type { Mm } from '../mm/mm'
import type { World } from '../world'
import type { Census } from './census'

/** A broken invariant: which rule, of what, and what was found. */
export interface Violation {
  readonly rule: string
  readonly object: string
  readonly found: string
}

/** A pure look at a world between two operations, and at what its tables hold in all. */
export type Check = (world: World, census: Census) => Violation | undefined

/** What a walk over an mm's tables meets; `vpn` is the first page that the entry or table covers. */
export interface TableVisitor {
  /** A table above the last level. */
  upper?(slot: number, vpn: number): void
  /** A last-level table, by the slot of its first entry. */
  table?(slot: number, vpn: number): void
  /** An entry above the last level that maps `pages` pages by itself: a PMD leaf, or a PUD leaf of a HugeTLB page. */
  leaf?(slot: number, vpn: number, pages: number): void
  /** A PMD-level entry that is neither empty, nor a table, nor present. */
  other?(slot: number, vpn: number): void
}

/** Walks every table of an mm in address order. */
export function walkTables(world: World, mm: Mm, visitor: TableVisitor): void {
  const { tables, geometry } = world
  const descend = (table: number, vpn: number, depth: number): void => {
    if (depth === 0) {
      visitor.table?.(table * geometry.tableEntries, vpn)
      return
    }
    visitor.upper?.(table * geometry.tableEntries, vpn)
    for (let index = 0; index < geometry.tableEntries; index++) {
      const slot = table * geometry.tableEntries + index
      const attr = tables.attr(slot)
      if (attr === 0) continue
      const first = vpn + index * 2 ** (geometry.tableShift * depth)
      if ((attr & TABLE) === TABLE) descend(tables.pfn(slot), first, depth - 1)
      else if (isPmdLeaf(attr)) visitor.leaf?.(slot, first, 2 ** (geometry.tableShift * depth))
      else visitor.other?.(slot, first)
    }
  }
  descend(mm.root, 0, geometry.levels - 1)
}

/** Calls `visit` for every last-level table of an mm, with the page number of its first entry. */
export function forEachTable(world: World, mm: Mm, visit: (slot: number, vpn: number) => void): void {
  walkTables(world, mm, { table: visit })
}

/**
 * Calls `visit` for every entry of an mm that is not empty. `pages` is 1, or what a leaf above maps.
 */
export function forEachEntry(
  world: World,
  mm: Mm,
  visit: (vpn: number, attr: number, pfn: number, pages: number) => void
): void {
  const { tables, geometry } = world
  walkTables(world, mm, {
    table: (slot, vpn) => {
      for (let index = 0; index < geometry.tableEntries; index++) {
        const attr = tables.attr(slot + index)
        if (attr !== 0) visit(vpn + index, attr, tables.pfn(slot + index), 1)
      }
    },
    leaf: (slot, vpn, pages) => visit(vpn, tables.attr(slot), tables.pfn(slot), pages)
  })
}

/** How a page of an mm is named in messages. */
export function pageName(world: World, mm: Mm, vpn: number): string {
  return `mm ${mm.pid}, address 0x${(vpn * world.geometry.pageSize).toString(16)}`
}
