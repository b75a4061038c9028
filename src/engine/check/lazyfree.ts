/**
 * Whose contents MADV_FREE of another process gives up. `madvise_free_pte_range` looks at the other
 * mappings of a folio only where the folio is dirty or in the swap cache. A page that a synchronous
 * device gave back past the swap cache is neither, and its entry is clean: once it is marked lazyfree,
 * reclaim drops it for everybody who shares it.
 */
import { isDirty, isPmdLeaf, isPresent, SPECIAL } from '../arch/descriptor'
import { ANON, FOLIO_DIRTY, FOLIO_SWAPCACHE } from '../mm/folio'
import type { Mm } from '../mm/mm'
import { findPmd, findSlot } from '../mm/walk'
import type { World } from '../world'

/** A page of an address space. */
export interface SharedPage {
  readonly mm: Mm
  readonly vpn: number
}

/**
 * The pages of other processes that reclaim may drop, because `mm` advises `nr` pages from `vpn` on with
 * MADV_FREE: mapped by a clean entry, of a folio that is neither dirty nor in the swap cache. Source:
 * Linux 6.1 and 6.12, mm/madvise.c (`madvise_free_pte_range`), mm/memory.c (`do_swap_page`, which does
 * not mark what it reads past the swap cache dirty), mm/rmap.c (`try_to_unmap_one`); reference
 * `swap-reclaim.md` section 2.3 c.
 */
export function givenUpForOthers(world: World, mm: Mm, vpn: number, nr: number): SharedPage[] {
  const frames = new Set<number>()
  for (let at = vpn; at < vpn + nr; at++) {
    const { pfn } = mapped(world, mm, at)
    if (pfn >= 0 && isKeptByNothing(world, pfn)) frames.add(pfn)
  }
  const pages: SharedPage[] = []
  if (frames.size === 0) return pages
  for (const other of world.mms) {
    if (other === mm) continue
    for (const vma of other.vmas) {
      if (vma.file !== undefined) continue
      for (let at = vma.start; at < vma.end; at++) {
        const { pfn, entry } = mapped(world, other, at)
        if (frames.has(pfn) && !isDirty(entry)) pages.push({ mm: other, vpn: at })
      }
    }
  }
  return pages
}

/** Neither PG_dirty nor a swap slot keeps what the page holds. */
function isKeptByNothing({ folios }: World, pfn: number): boolean {
  const word = folios.word(pfn)
  return word !== 0 && (word & ANON) !== 0 && (folios.flags(pfn) & (FOLIO_DIRTY | FOLIO_SWAPCACHE)) === 0
}

/** The frame mapped at a page, -1 for none and for pages of zeroes, and the entry that maps it. */
function mapped(world: World, mm: Mm, vpn: number): { readonly pfn: number; readonly entry: number } {
  const { tables, geometry } = world
  let slot = findSlot(world, mm, vpn)
  let offset = 0
  if (slot === 0) {
    slot = findPmd(world, mm, vpn)
    if (slot === 0 || !isPmdLeaf(tables.attr(slot))) return { pfn: -1, entry: 0 }
    offset = vpn % geometry.tableEntries
  }
  const entry = tables.attr(slot)
  if (!isPresent(entry) || (entry & SPECIAL) !== 0) return { pfn: -1, entry }
  return { pfn: tables.pfn(slot) + offset, entry }
}
