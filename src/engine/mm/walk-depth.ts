/** Entries at any depth of the radix tree, for moves of whole tables. */
import { TABLE } from '../arch/descriptor'
import type { World } from '../world'
import type { Mm } from './mm'
import { entryIndex, linkTable } from './walk'

/**
 * The slot of the entry of `vpn` that lies `depth` levels above the last one (1: PMD level, 2: PUD
 * level), or 0 when the table that holds it does not exist.
 */
export function findEntry(world: World, mm: Mm, vpn: number, depth: number): number {
  const { tables, geometry } = world
  let table = mm.root
  for (let at = geometry.levels - 1; at > depth; at--) {
    const slot = (table << geometry.tableShift) + entryIndex(geometry, vpn, at)
    if ((tables.attr(slot) & TABLE) !== TABLE) return 0
    table = tables.pfn(slot)
  }
  return (table << geometry.tableShift) + entryIndex(geometry, vpn, depth)
}

/** The same, but makes the tables that are missing above. */
export function makeEntry(world: World, mm: Mm, vpn: number, depth: number): number {
  const { tables, geometry } = world
  let table = mm.root
  for (let at = geometry.levels - 1; at > depth; at--) {
    const slot = (table << geometry.tableShift) + entryIndex(geometry, vpn, at)
    table = (tables.attr(slot) & TABLE) === TABLE ? tables.pfn(slot) : linkTable(world, mm, slot, vpn, at)
  }
  return (table << geometry.tableShift) + entryIndex(geometry, vpn, depth)
}
