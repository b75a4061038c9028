/**
 * fork of a PMD leaf. Source: linux-6.1 and linux-6.12 `copy_huge_pmd` as described in reference
 * `contpte.md` section 5 (PMD-mapped) and `fork.md` section 6.
 */
import { AF, UFFD_WP, wrprotect } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { EXCLUSIVE } from './folio'
import { addFolioRefs, needsCopyForDma } from './fork-rmap'
import type { CopySection } from './fork-section'
import { splitPmd } from './split'
import { depositTable } from './walk'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const CAS = COUNTER_INDEX.cas
const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss
const EXCLUSIVE_CLEAR = COUNTER_INDEX.exclusiveClear
const TABLE_ALLOC = COUNTER_INDEX.tableAlloc
const TABLE_FREE = COUNTER_INDEX.tableFree

/**
 * `copy_huge_pmd`: the child maps the whole folio, too; both leaves become read-only, and page 0, which
 * stands for all, stops being exclusive. Where the folio may be pinned the parent's leaf is split
 * instead, and the answer is false: its table is to be copied. `vpn` is the leaf's first page; reads
 * and writes of leaves count as those of entries.
 */
export function copyHugePmd(section: CopySection, pmd: number, childPmd: number, vpn: number): boolean {
  const { world, parent, child } = section
  const { tables, folios, calls, kernel, geometry } = world
  calls[FN.copy_huge_pmd]++
  // What a file holds can be faulted in again.
  if (!section.anonymous) return true
  const attr = tables.attr(pmd)
  const pfn = tables.pfn(pmd)
  parent.count(READ, 1)
  if (folios.word(pfn) !== 0) {
    addFolioRefs(section, pfn, 1)
    const exclusive = folios.isExclusive(pfn)
    if (exclusive && needsCopyForDma(section, pfn)) {
      addFolioRefs(section, pfn, -1)
      // The table for the child's leaf was there already.
      child.count(TABLE_ALLOC, 1)
      child.count(TABLE_FREE, 1)
      calls[FN.clear_page]++
      splitPmd(world, parent, vpn)
      return false
    }
    if (exclusive) {
      folios.addWord(pfn, -EXCLUSIVE)
      child.count(EXCLUSIVE_CLEAR, 1)
    }
    folios.addEntire(pfn, 1)
    child.count(MAPCOUNT, kernel.deferredSplit === 'partially-mapped' ? 2 : 1)
    child.count(RSS, 1)
    child.anonPages += geometry.tableEntries
    world.probe?.('fork: mapping', pfn)
  }
  depositTable(world, child)
  const after = wrprotect(attr)
  tables.set(pmd, after, pfn)
  parent.count(READ, 1)
  parent.count(CAS, 1)
  world.mte?.syncLeaf(after, pfn)
  tables.set(childPmd, (section.uffdWp ? after : after & ~UFFD_WP) & ~AF, pfn)
  child.count(PLAIN_WRITE, 1)
  world.probe?.('fork: PMD leaf')
  return true
}
