/**
 * Entries of the parent that are neither present nor none: swap, migration, markers.
 * Source: reference `fork.md` section 2.
 */
import { MARKER, MIGRATION, SWAP_EXCLUSIVE, UFFD_WP, WRITE } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import type { CopySection } from './fork-section'
import { swapDuplicate } from './swap-entries'

const RSS = COUNTER_INDEX.rss

/**
 * `copy_nonpresent_pte`: the child gets the same entry. What was exclusive to the parent stops being
 * so on both sides. A marker is copied only where the child keeps write-protection for userfaultfd.
 */
export function copyNonpresent(section: CopySection, slot: number, childSlot: number): void {
  const { world, parent, child, cow } = section
  const { ops, tables } = world
  const entry = ops.ptepGet(parent, slot)
  const pfn = tables.pfn(slot)
  if ((entry & MARKER) !== 0) {
    if (section.uffdWp) ops.setPtes(child, childSlot, pfn, entry, 1)
    return
  }
  let copy = entry
  if ((entry & MIGRATION) !== 0) {
    section.anon++
    // Readable from now on, with what it remembers of young and dirty.
    if (cow) copy &= ~(SWAP_EXCLUSIVE | WRITE)
  } else {
    swapDuplicate(world, pfn)
    section.swap++
    copy &= ~SWAP_EXCLUSIVE
  }
  child.count(RSS, 1)
  if (copy !== entry) ops.setPtes(parent, slot, pfn, copy, 1)
  if (!section.uffdWp) copy &= ~UFFD_WP
  ops.setPtes(child, childSlot, pfn, copy, 1)
}
