/**
 * Sharing the pages of a folio with a child: references, mappings and the exclusive flag, in the order
 * and with the test for pins of each design. Source: reference `fork.md` sections 4 and 6.
 */
import { COUNTER_INDEX } from '../trace/counters'
import { ANON, EXCLUSIVE, FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT, ORDER_SHIFT } from './folio'
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
  const words = wordsOf(section, pfn)
  const first = pfn & FOLIO_CHUNK_MASK
  const pinned = needsCopyForDma(section, pfn)
  const { anonExclusive } = world.kernel
  const anon = (words[first] & ANON) !== 0
  let exclusive = 0
  let done = 0
  while (done < nr) {
    const word = words[first + done]
    // Before there was a flag for it, every page that may be pinned was copied.
    if (pinned && (!anonExclusive || (word & EXCLUSIVE) !== 0)) break
    exclusive += word & EXCLUSIVE
    if (world.trace === undefined) words[first + done] = (word & ~EXCLUSIVE) + 1
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
  const words = wordsOf(section, pfn)
  const first = pfn & FOLIO_CHUNK_MASK
  if (needsCopyForDma(section, pfn)) {
    for (let at = first; at < first + nr; at++) if ((words[at] & EXCLUSIVE) !== 0) return false
  }
  let exclusive = 0
  for (let at = first; at < first + nr; at++) {
    const word = words[at]
    exclusive += word & EXCLUSIVE
    if (world.trace === undefined) words[at] = (word & ~EXCLUSIVE) + 1
    else shareTraced(section, pfn + at - first)
    world.probe?.('fork: mapping', pfn)
  }
  const counted = world.kernel.deferredSplit === 'partially-mapped' && words[first] >>> ORDER_SHIFT > 0
  if ((words[first] & ANON) !== 0) section.anon += nr
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

function wordsOf(section: CopySection, pfn: number): Int32Array {
  const words = section.world.folios.words[pfn >>> FOLIO_CHUNK_SHIFT]
  if (words === undefined) throw new Error(`no folio at page frame ${pfn}`)
  return words
}
