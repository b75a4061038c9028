import { AF, SPECIAL, WRITE, mkclean, wrprotect } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import type { CopySection } from './fork-section'
import { duplicateAnonRmap } from './fork-rmap'

const FOLIO_REF = COUNTER_INDEX.folioRef

/**
 * The batched copy of v2 01/14 and 13/14 (15 Nov 2023). A batch is a run of present entries that map
 * consecutive pages of one large folio with equal write bit and equal other attributes; young and
 * dirty are ignored. Everything is taken from the first entry: that "any dirty" only ever means the
 * first one is v2's own mistake, kept here. Mappings are added before the references, as posted, so
 * that mapcount exceeds refcount for a moment (found in review).
 * Source: reference `fork.md` sections 3 (column V2), 4 and 5.
 */
export function copyBatchV2(
  section: CopySection,
  slot: number,
  childSlot: number,
  _entry: number,
  limit: number
): number {
  const { world, parent, child, cow, shared } = section
  const { ops, tables, folios } = world
  const entry = ops.ptepGet(parent, slot)
  const pfn = tables.pfn(slot)
  let nr = 1
  if ((entry & SPECIAL) === 0) {
    const order = folios.order(pfn)
    if (order > 0) {
      const left = (1 << order) - (pfn & ((1 << order) - 1))
      nr += ops.matchRun(parent, slot, Math.min(limit, left) - 1)
    }
    duplicateAnonRmap(section, pfn, nr)
    folios.addRefs(pfn, nr)
    child.count(FOLIO_REF, 1)
  }
  let copy = entry
  if (cow && (entry & WRITE) !== 0) {
    ops.wrprotectPtes(parent, slot, nr)
    copy = wrprotect(entry)
  }
  if (shared) copy = mkclean(copy)
  ops.setPtes(child, childSlot, pfn, copy & ~AF, nr)
  return nr
}
