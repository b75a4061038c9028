import { CONT, RDONLY, SPECIAL, VALID, WRITE, isDirty } from '../arch/descriptor'
import { contiguousLeaves } from '../arch/granule'
import type { Tlbs } from '../arch/tlb'
import type { Mm } from '../mm/mm'
import { findLeaf, findSlot, leafPages } from '../mm/walk'
import type { World } from '../world'
import type { Check, Violation } from './violation'

/**
 * Between two operations every flush that the kernel owes is complete. So what a TLB still holds must
 * be what the tables say, or less: the same frame, no permission that was taken away, and no licence
 * to store without recording dirty. Permission given since, and an access flag cleared since, may be
 * missing. Also reports what went wrong in an access or a free. Reference `architecture.md` section 8.
 */
export const checkTranslations: Check = (world) => {
  const { tlbs } = world
  if (tlbs === undefined) return undefined
  if (tlbs.violations.length > 0) return tlbs.violations[0]
  for (const mm of world.mms) {
    const violation = staleTranslation(world, tlbs, mm)
    if (violation !== undefined) return violation
  }
  return undefined
}

/** The same for one address space. */
export function staleTranslation(world: World, tlbs: Tlbs, mm: Mm): Violation | undefined {
  for (let at = 0; at < tlbs.pid.length; at++) {
    const violation = tlbs.pid[at] === mm.pid ? staleEntry(world, tlbs, mm, at) : undefined
    if (violation !== undefined) return violation
  }
  for (let at = 0; at < tlbs.walkPid.length; at++) {
    if (tlbs.walkPid[at] !== mm.pid) continue
    const slot = findSlot(world, mm, tlbs.walkVpn[at])
    if (slot >>> world.geometry.tableShift === tlbs.walkTable[at]) continue
    return {
      rule: 'stale-walk',
      object: `mm ${mm.pid}, page ${tlbs.walkVpn[at]}`,
      found: 'a walk cache remembers a table that is gone'
    }
  }
  return undefined
}

/** What is wrong with TLB entry `at`, which translates pages of `mm`. */
export function staleEntry(world: World, tlbs: Tlbs, mm: Mm, at: number): Violation | undefined {
  for (let i = 0; i < tlbs.pages[at]; i++) {
    const found = compare(world, mm, tlbs.vpn[at] + i, tlbs.pfn[at] + i, tlbs.attr[at])
    if (found === undefined) continue
    return {
      rule: 'stale-translation',
      object: `CPU ${Math.floor(at / tlbs.entries)}, mm ${mm.pid}, page ${tlbs.vpn[at] + i}`,
      found
    }
  }
  return undefined
}

/** What is wrong with a translation of `vpn` to `pfn` with the permissions of `cached`. */
function compare(world: World, mm: Mm, vpn: number, pfn: number, cached: number): string | undefined {
  const { tables, geometry } = world
  let slot = findSlot(world, mm, vpn)
  let offset = 0
  let run = geometry.contPtes
  if (slot === 0) {
    slot = findLeaf(world, mm, vpn)
    offset = vpn % leafPages(world, mm, vpn)
    run = contiguousLeaves(geometry)
  }
  const attr = slot === 0 ? 0 : tables.attr(slot)
  if ((attr & VALID) === 0) return 'a translation of an entry that is not valid'
  if (tables.pfn(slot) + offset !== pfn)
    return `a translation to frame ${pfn}, not ${tables.pfn(slot) + offset}`
  if ((cached & RDONLY) !== 0 && (cached & WRITE) === 0) return undefined
  if ((attr & WRITE) === 0) return 'stores still pass, but the entry is not writable'
  if ((cached & RDONLY) !== 0 || dirtyWith(world, slot, attr, run)) return undefined
  return (attr & SPECIAL) !== 0 ? undefined : 'stores pass unrecorded, but the entry is clean'
}

/** Dirty, of the entry or of any other of the `run` that has the contiguous bit with it: by default its contpte block. */
export function dirtyWith(world: World, slot: number, attr: number, run = world.geometry.contPtes): boolean {
  if (isDirty(attr)) return true
  if ((attr & (VALID | CONT)) !== (VALID | CONT)) return false
  const { tables } = world
  const block = slot & -run
  for (let i = 0; i < run; i++) if (isDirty(tables.attr(block + i))) return true
  return false
}
