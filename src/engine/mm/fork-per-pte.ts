import { AF, SPECIAL, WRITE, mkclean, wrprotect } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import type { CopySection } from './fork-section'
import { duplicateAnonRmap } from './fork-rmap'

const FOLIO_REF = COUNTER_INDEX.folioRef

/**
 * The fork of 6.1-6.6, one entry at a time: reference +1, mapping +1, resident set +1, write-protect
 * the parent, write the child. Source: reference `fork.md` section 4, first row.
 */
export function copyPerPte(
  section: CopySection,
  slot: number,
  childSlot: number,
  _entry: number,
  _limit: number
): number {
  const { world, parent, child, cow, shared } = section
  const { ops, tables, folios } = world
  const entry = ops.ptepGet(parent, slot)
  const pfn = tables.pfn(slot)
  if ((entry & SPECIAL) === 0) {
    folios.addRefs(pfn, 1)
    child.count(FOLIO_REF, 1)
    duplicateAnonRmap(section, pfn, 1)
  }
  let copy = entry
  if (cow && (entry & WRITE) !== 0) {
    ops.wrprotectPtes(parent, slot, 1)
    copy = wrprotect(entry)
  }
  if (shared) copy = mkclean(copy)
  ops.setPtes(child, childSlot, pfn, copy & ~AF, 1)
  return 1
}
