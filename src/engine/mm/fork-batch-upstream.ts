import { SPECIAL, WRITE, mkwrite } from '../arch/descriptor'
import { FN } from '../trace/functions'
import { childEntry, copyPinnedPage } from './fork-copy'
import { addFolioRefs, tryDupRmap } from './fork-rmap'
import { NEEDS_PAGE, NO_PAGE, type CopySection } from './fork-section'
import { ANY_WRITABLE, BATCH_NR, FPB_IGNORE_DIRTY, folioPteBatch } from './pte-batch'

/**
 * The batched copy of 6.9 and later: `folio_pte_batch` finds the run, references come before mappings,
 * and where any entry is writable all are treated so. A batch of which any page may be pinned fails as
 * a whole; with a page in hand only one entry is taken at a time.
 * Source: reference `fork.md` sections 3, 4 and 6 (P4, P5).
 */
export function copyBatchUpstream(
  section: CopySection,
  slot: number,
  childSlot: number,
  entry: number,
  limit: number
): number {
  const { world, parent, child, cow, shared } = section
  const { ops, tables, folios } = world
  const pfn = tables.pfn(slot)
  world.calls[FN.vm_normal_page]++
  let nr = 1
  let template = entry
  if ((entry & SPECIAL) === 0) {
    if (section.page === NO_PAGE && limit > 1 && folios.order(pfn) > 0) {
      const batch = folioPteBatch(world, parent, slot, entry, pfn, limit, shared ? FPB_IGNORE_DIRTY : 0)
      nr = batch & BATCH_NR
      addFolioRefs(section, pfn, nr)
      if (!tryDupRmap(section, pfn, nr)) {
        addFolioRefs(section, pfn, -nr)
        return NEEDS_PAGE
      }
      if ((batch & ANY_WRITABLE) !== 0) template = mkwrite(template)
    } else {
      addFolioRefs(section, pfn, 1)
      if (!tryDupRmap(section, pfn, 1)) {
        addFolioRefs(section, pfn, -1)
        return copyPinnedPage(section, slot, childSlot)
      }
    }
  }
  const protects = cow && (template & WRITE) !== 0
  if (protects) ops.wrprotectPtes(parent, slot, nr)
  ops.setPtes(child, childSlot, pfn, childEntry(section, template, protects), nr)
  return nr
}
