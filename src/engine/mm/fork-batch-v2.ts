import { SPECIAL, WRITE } from '../arch/descriptor'
import { FN } from '../trace/functions'
import { childEntry, copyPinnedPage } from './fork-copy'
import { addFolioRefs, dupRmapOneByOne } from './fork-rmap'
import type { CopySection } from './fork-section'

/**
 * The batched copy of v2 01/14 and 13/14 (15 Nov 2023). A batch is a run of present entries that map
 * consecutive pages of one large folio with equal write bit and equal other attributes; young and
 * dirty are ignored. Everything is taken from the first entry: that "any dirty" only ever means the
 * first one is v2's own mistake, kept here. Mappings are added before the references, as posted, so
 * that mapcount exceeds refcount for a moment (found in review). A page that may be pinned ends the
 * batch before it; at the start of a batch it is copied.
 * Source: reference `fork.md` sections 3 (column V2), 4, 5 and 6.
 */
export function copyBatchV2(
  section: CopySection,
  slot: number,
  childSlot: number,
  _entry: number,
  limit: number
): number {
  const { world, parent, child, cow } = section
  const { ops, tables, folios } = world
  const entry = ops.ptepGet(parent, slot)
  const pfn = tables.pfn(slot)
  world.calls[FN.vm_normal_page]++
  let nr = 1
  if ((entry & SPECIAL) === 0) {
    const order = folios.order(pfn)
    if (order > 0) {
      const left = (1 << order) - (pfn & ((1 << order) - 1))
      nr += ops.matchRun(parent, slot, Math.min(limit, left) - 1)
    }
    nr = dupRmapOneByOne(section, pfn, nr)
    if (nr === 0) return copyPinnedPage(section, slot, childSlot)
    addFolioRefs(section, pfn, nr)
  }
  const protects = cow && (entry & WRITE) !== 0
  if (protects) ops.wrprotectPtes(parent, slot, nr)
  ops.setPtes(child, childSlot, pfn, childEntry(section, entry, protects), nr)
  return nr
}
