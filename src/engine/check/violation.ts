import { VALID } from '../arch/descriptor'
import type { Mm } from '../mm/mm'
import type { World } from '../world'

/** A broken invariant: which rule, of what, and what was found. */
export interface Violation {
  readonly rule: string
  readonly object: string
  readonly found: string
}

/** A pure look at a world between two operations. */
export type Check = (world: World) => Violation | undefined

/** Calls `visit` for every last-level table of an mm, with the page number of its first entry. */
export function forEachTable(world: World, mm: Mm, visit: (slot: number, vpn: number) => void): void {
  const { tables, geometry } = world
  const descend = (table: number, vpn: number, depth: number): void => {
    if (depth === 0) {
      visit(table * geometry.tableEntries, vpn)
      return
    }
    for (let index = 0; index < geometry.tableEntries; index++) {
      const slot = table * geometry.tableEntries + index
      if ((tables.attr(slot) & VALID) === 0) continue
      descend(tables.pfn(slot), vpn + index * 2 ** (geometry.tableShift * depth), depth - 1)
    }
  }
  descend(mm.root, 0, geometry.levels - 1)
}

/** Calls `visit` for every entry of an mm that is not empty. */
export function forEachEntry(
  world: World,
  mm: Mm,
  visit: (vpn: number, attr: number, pfn: number) => void
): void {
  const { tables, geometry } = world
  forEachTable(world, mm, (slot, vpn) => {
    for (let index = 0; index < geometry.tableEntries; index++) {
      const attr = tables.attr(slot + index)
      if (attr !== 0) visit(vpn + index, attr, tables.pfn(slot + index))
    }
  })
}

/** How a page of an mm is named in messages. */
export function pageName(world: World, mm: Mm, vpn: number): string {
  return `mm ${mm.pid}, address 0x${(vpn * world.geometry.pageSize).toString(16)}`
}
