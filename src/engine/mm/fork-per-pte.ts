import { SPECIAL, WRITE } from '../arch/descriptor'
import { FN } from '../trace/functions'
import { childEntry, copyPinnedPage } from './fork-copy'
import { addFolioRefs, dupRmapOneByOne } from './fork-rmap'
import type { CopySection } from './fork-section'

/**
 * The fork of kernels up to 6.8, one entry at a time: reference +1, mapping +1, resident set +1,
 * write-protect the parent, write the child. An exclusive page that may be pinned is copied instead.
 * Source: reference `fork.md` section 4, first row; section 6.
 */
export function copyPerPte(
  section: CopySection,
  slot: number,
  childSlot: number,
  _entry: number,
  _limit: number
): number {
  const { world, parent, child, cow } = section
  const { ops, tables } = world
  const entry = ops.ptepGet(parent, slot)
  const pfn = tables.pfn(slot)
  world.calls[FN.vm_normal_page]++
  if ((entry & SPECIAL) === 0) {
    addFolioRefs(section, pfn, 1)
    if (dupRmapOneByOne(section, pfn, 1) === 0) {
      addFolioRefs(section, pfn, -1)
      return copyPinnedPage(section, slot, childSlot)
    }
  }
  const protects = cow && (entry & WRITE) !== 0
  if (protects) ops.wrprotectPtes(parent, slot, 1)
  ops.setPtes(child, childSlot, pfn, childEntry(section, entry, protects), 1)
  return 1
}
