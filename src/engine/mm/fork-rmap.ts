/**
 * Sharing the pages of a folio with a child: references, mappings and the exclusive flag, in the order
 * and with the test for pins of each design. Source: reference `fork.md` sections 4 and 6.
 */
import { COUNTER_INDEX } from '../trace/counters'
import { ANON, EXCLUSIVE } from './folio'
import type { CopySection } from './fork-section'

const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss
const FOLIO_REF = COUNTER_INDEX.folioRef
const EXCLUSIVE_CLEAR = COUNTER_INDEX.exclusiveClear

/** `folio_needs_cow_for_dma`: the parent pinned pages once, and this folio has pins (P1). */
export function needsCopyForDma(section: CopySection, pfn: number): boolean {
  return section.mayBePinned && section.world.folios.pincount(pfn) > 0
}

/** `nr` more references (or fewer) to the folio of `pfn`, in one atomic update. */
export function addFolioRefs(section: CopySection, pfn: number, nr: number): void {
  section.world.folios.addRefs(pfn, nr)
  section.child.count(FOLIO_REF, 1)
  section.world.probe?.('fork: references', pfn)
}

/**
 * Page by page as up to 6.8: each page gets one more mapping in the child and stops being exclusive;
 * ends before the first exclusive page that may be pinned. Answers how many pages it mapped.
 */
export function dupRmapOneByOne(section: CopySection, pfn: number, nr: number): number {
  const { world, child } = section
  const { folios } = world
  const pinned = needsCopyForDma(section, pfn)
  const { anonExclusive } = world.kernel
  const anon = (folios.word(pfn) & ANON) !== 0
  let exclusive = 0
  let done = 0
  while (done < nr) {
    const word = folios.word(pfn + done)
    // Before there was a flag for it, every page that may be pinned was copied.
    if (pinned && (!anonExclusive || (word & EXCLUSIVE) !== 0)) break
    exclusive += word & EXCLUSIVE
    if (world.trace === undefined) folios.addWord(pfn + done, 1 - (word & EXCLUSIVE))
    else shareTraced(section, pfn + done)
    done++
    world.probe?.('fork: mapping', pfn)
  }
  if (anon) section.anon += done
  else section.file += done
  child.count(MAPCOUNT, done)
  child.count(RSS, done)
  if (exclusive > 0) child.count(EXCLUSIVE_CLEAR, exclusive / EXCLUSIVE)
  return done
}

/**
 * `folio_try_dup_anon_rmap_ptes` and `folio_dup_file_rmap_ptes` (6.9+): all of the `nr` pages, or none
 * where the folio may be pinned and any of them is exclusive. From 6.10 a large folio counts its
 * mappings in all, too.
 */
export function tryDupRmap(section: CopySection, pfn: number, nr: number): boolean {
  const { world, child } = section
  const { folios } = world
  if (needsCopyForDma(section, pfn)) {
    for (let at = pfn; at < pfn + nr; at++) if ((folios.word(at) & EXCLUSIVE) !== 0) return false
  }
  let exclusive = 0
  for (let at = pfn; at < pfn + nr; at++) {
    const word = folios.word(at)
    exclusive += word & EXCLUSIVE
    if (world.trace === undefined) folios.addWord(at, 1 - (word & EXCLUSIVE))
    else shareTraced(section, at)
    world.probe?.('fork: mapping', pfn)
  }
  const counted = world.kernel.deferredSplit === 'partially-mapped' && folios.order(pfn) > 0
  if ((folios.word(pfn) & ANON) !== 0) section.anon += nr
  else section.file += nr
  child.count(MAPCOUNT, counted ? nr + 1 : nr)
  child.count(RSS, 1)
  if (exclusive > 0) child.count(EXCLUSIVE_CLEAR, exclusive / EXCLUSIVE)
  return true
}

/** A page stops to be exclusive and gets one more mapping: two changes, told one by one. */
function shareTraced(section: CopySection, pfn: number): void {
  const { folios } = section.world
  if (folios.isExclusive(pfn)) folios.addWord(pfn, -EXCLUSIVE)
  folios.addWord(pfn, 1)
}
