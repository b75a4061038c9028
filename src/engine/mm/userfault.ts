/**
 * userfaultfd write protection of anonymous memory, in the asynchronous mode: a store to a protected
 * page just takes the mark away and goes on, and who wants to know scans the marks.
 * Source: linux-6.12 mm/memory.c (`do_wp_page`, `wp_huge_pmd`), mm/userfaultfd.c (`uffd_wp_range`);
 * reference `architecture.md` section 2 (bit 58), `thp-sysfs.md` section 6.2 a.
 */
import { UFFD_WP } from '../arch/descriptor'
import type { World } from '../world'
import { VM_UFFD_WP, type Mm, type Vma } from './mm'

/** `userfaultfd_armed`: the VMA is registered; its faults take one page at a time. */
export function isUserfaultArmed(vma: Pick<Vma, 'flags'>): boolean {
  return (vma.flags & VM_UFFD_WP) !== 0
}

/** A store to an entry with the mark: the mark goes, copy-on-write is as it was. Answers the entry. */
export function dropUserfaultMark(world: World, mm: Mm, slot: number): number {
  const entry = world.ops.ptepGet(mm, slot) & ~UFFD_WP
  world.ops.setPtes(mm, slot, world.tables.pfn(slot), entry, 1)
  return entry
}
