/** What the child gets: its entries, and copies of pages that may be pinned. */
import { AF, UFFD_WP, mkclean, wrprotect } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { NEEDS_PAGE, NO_PAGE, type CopySection } from './fork-section'

const PAGE_COPY = COUNTER_INDEX.pageCopy
const RSS = COUNTER_INDEX.rss

/** The child's entry: old, clean in a shared mapping, write-protected where the parent's was just made so. */
export function childEntry(section: CopySection, entry: number, protects: boolean): number {
  let copy = protects ? wrprotect(entry) : entry
  if (section.shared) copy = mkclean(copy)
  if (!section.uffdWp) copy &= ~UFFD_WP
  return copy & ~AF
}

/**
 * `folio_prealloc` (`page_copy_prealloc` in 6.1): a page for the child, allocated while no lock is
 * held. False without memory.
 */
export function allocatePage(section: CopySection): boolean {
  const { calls, kernel, folios } = section.world
  if (kernel.functionNames === 'linux-6.12') {
    calls[FN.vma_alloc_folio_noprof]++
    calls[FN.folio_alloc_mpol_noprof]++
  } else {
    calls[FN.vma_alloc_folio]++
    calls[FN.__folio_alloc]++
  }
  section.page = folios.alloc(0)
  return section.page !== NO_PAGE
}

/** A page in hand that the entry turned out not to need goes back: it was allocated for that address. */
export function freeUnusedPage(section: CopySection): void {
  if (section.page !== NO_PAGE) section.world.folios.put(section.page)
  section.page = NO_PAGE
}

/**
 * `copy_present_page`: gives the child its own copy of a page that may be pinned, in the page that was
 * allocated before, or asks for one. The parent's entry is not touched, so that its block stays folded.
 * Source: reference `fork.md` section 6 (P3).
 */
export function copyPinnedPage(section: CopySection, slot: number, childSlot: number): number {
  const { world, parent, child, page } = section
  const { ops, tables, folios, calls, kernel } = world
  if (page === NO_PAGE) return NEEDS_PAGE
  section.page = NO_PAGE
  calls[FN.copy_user_highpage]++
  calls[FN.copy_highpage]++
  calls[FN.copy_page]++
  child.count(PAGE_COPY, 1)
  world.trace?.note('copy', child.pid, page, tables.pfn(slot), 0, 1)
  folios.copyContent(tables.pfn(slot), page)
  world.mte?.copyPage(tables.pfn(slot), page)
  if (kernel.functionNames === 'linux-6.12') {
    calls[FN.folio_add_new_anon_rmap]++
    calls[FN.__folio_mod_stat]++
  } else {
    calls[FN.page_add_new_anon_rmap]++
    calls[FN.__page_set_anon_rmap]++
    calls[FN.__set_pte_at]++
  }
  folios.addWord(page, world.exclusive + 1)
  world.lru.addVma(page, false)
  section.anon++
  child.count(RSS, 1)
  // Whether it is write-protected for userfaultfd: asked by a read of its own, except by plain loads.
  const entry = kernel.forkLoads === 3 ? tables.attr(slot) : ops.ptepGet(parent, slot)
  let attr = section.newPageAttr
  if (section.uffdWp && (entry & UFFD_WP) !== 0) attr = wrprotect(attr) | UFFD_WP
  ops.setPtes(child, childSlot, page, attr, 1)
  return 1
}
