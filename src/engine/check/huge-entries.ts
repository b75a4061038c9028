/** The entries of HugeTLB mappings, page by page. */
import { AF, CONT, DIRTY, RDONLY, WRITE, isPresent } from '../arch/descriptor'
import { findHugeEntry } from '../hugetlb/entry'
import { hugeSize, type HugeSize } from '../hugetlb/sizes'
import { EXCLUSIVE, HUGETLB } from '../mm/folio'
import { isCowMapping, type Mm, type Vma } from '../mm/mm'
import type { World } from '../world'
import { mayBeWritable } from './rmap'
import { pageName, type Check, type Violation } from './violation'

/** Every mapping of HugeTLB pages: see `checkHugeVma`. */
export const checkHugeEntries: Check = (world) => {
  for (const mm of world.mms) {
    for (const vma of mm.vmas) {
      const violation = vma.huge === undefined ? undefined : checkHugeVma(world, mm, vma)
      if (violation !== undefined) return violation
    }
  }
  return undefined
}

/**
 * A HugeTLB page is mapped by one leaf, or by a run of entries that all have the contiguous bit and
 * follow each other; to a folio of its pool, mapped as a whole; writable only where it is the process's own.
 */
export function checkHugeVma(world: World, mm: Mm, vma: Vma): Violation | undefined {
  if (vma.huge === undefined) return undefined
  const size = hugeSize(world.geometry, vma.huge.order)
  const { folios, tables } = world
  for (let vpn = vma.start; vpn < vma.end; vpn += size.pages) {
    const slot = findHugeEntry(world, mm, size, vpn)
    if (slot === 0) continue
    const of = (rule: string, found: string) => ({ rule, object: pageName(world, mm, vpn), found })
    const attr = tables.attr(slot)
    const differs = firstDifferent(world, slot, size)
    if (differs >= 0) return of('block-consistent', `entry ${differs} of the HugeTLB page does not belong`)
    if (!isPresent(attr)) continue
    const pfn = tables.pfn(slot)
    const word = folios.word(pfn)
    if ((word & HUGETLB) === 0 || folios.order(pfn) !== size.order || folios.head(pfn) !== pfn)
      return of('mapped-free-page', `page frame ${pfn} begins no folio of the pool`)
    const mappings = folios.entireMapcount(pfn)
    if (mappings === 0) return of('mapcount', `folio ${pfn} is mapped whole with entire mapcount 0`)
    if (isCowMapping(vma) && (attr & WRITE) !== 0 && !mayBeWritable(world, pfn))
      return of('writable-not-exclusive', `folio ${pfn} is not exclusive`)
    if ((word & EXCLUSIVE) !== 0 && mappings > 1)
      return of('exclusive-shared', `folio ${pfn} has ${mappings} mappings`)
  }
  return undefined
}

/** Index of the first entry of the page that does not continue its first one, -1 where all do. */
function firstDifferent({ tables }: World, slot: number, size: HugeSize): number {
  // What hardware may record in one entry alone.
  const kept = ~(AF | DIRTY | RDONLY)
  const attr = tables.attr(slot)
  if (attr !== 0 && ((attr & CONT) !== 0) !== size.entries > 1) return 0
  for (let i = 1; i < size.entries; i++) {
    const other = tables.attr(slot + i)
    if (((other ^ attr) & kept) !== 0) return i
    if (attr !== 0 && tables.pfn(slot + i) !== tables.pfn(slot) + i * size.step) return i
  }
  return -1
}
