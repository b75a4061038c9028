import { SPECIAL, VALID, isPresent } from '../arch/descriptor'
import { IN_USE } from '../mm/folio'
import type { Mm } from '../mm/mm'
import type { World } from '../world'
import { forEachEntry, pageName, type Check, type Violation } from './violation'

/** The resident set of every mm equals its tables, and no entry lies outside its VMAs. */
export const checkResident: Check = (world) => {
  let violation: Violation | undefined
  for (const mm of world.mms) {
    let resident = 0
    forEachEntry(world, mm, (vpn, attr) => {
      if (isPresent(attr) && (attr & SPECIAL) === 0) resident++
      if (mm.vmaAt(vpn) !== undefined) return
      violation ??= {
        rule: 'entry-outside-vma',
        object: pageName(world, mm, vpn),
        found: 'an entry without a VMA'
      }
    })
    if (resident === mm.anonPages) continue
    violation ??= {
      rule: 'resident-set',
      object: `mm ${mm.pid}`,
      found: `${mm.anonPages} anonymous pages accounted, ${resident} mapped`
    }
  }
  return violation
}

/** VMAs are sorted, not empty and do not overlap. */
export const checkVmas: Check = (world) => {
  for (const mm of world.mms) {
    for (const [i, vma] of mm.vmas.entries()) {
      if (vma.start < vma.end && (i === 0 || mm.vmas[i - 1].end <= vma.start)) continue
      return {
        rule: 'vma-order',
        object: `mm ${mm.pid}, VMA ${i}`,
        found: `pages ${vma.start} to ${vma.end}`
      }
    }
  }
  return undefined
}

/** Every page is free or in a folio, and every table in use belongs to one mm. */
export const checkMemory: Check = (world) => {
  const { buddy } = world.folios
  let held = 0
  for (const words of world.folios.words) words?.forEach((word) => (held += (word & IN_USE) === 0 ? 0 : 1))
  const usable = buddy.pages - 2 ** buddy.maxOrder
  if (buddy.freePages + held !== usable) {
    return {
      rule: 'page-accounting',
      object: 'memory',
      found: `${buddy.freePages} free + ${held} held of ${usable} pages`
    }
  }
  const reachable = world.mms.reduce((sum, mm) => sum + countTables(world, mm), 0)
  if (reachable === world.tables.state[2]) return undefined
  return {
    rule: 'table-accounting',
    object: 'page tables',
    found: `${world.tables.state[2]} in use, ${reachable} reachable`
  }
}

/** Tables below and including the root; one that holds nothing any more still belongs to its mm. */
function countTables(world: World, mm: Mm): number {
  const { tables, geometry } = world
  const count = (table: number, depth: number): number => {
    let found = 1
    for (let index = 0; depth > 0 && index < geometry.tableEntries; index++) {
      const slot = table * geometry.tableEntries + index
      if ((tables.attr(slot) & VALID) !== 0) found += count(tables.pfn(slot), depth - 1)
    }
    return found
  }
  return count(mm.root, geometry.levels - 1)
}
