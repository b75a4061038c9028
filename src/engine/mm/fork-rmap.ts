/** Sharing the pages of a folio with a child: what every fork design does to each page. */
import { COUNTER_INDEX } from '../trace/counters'
import { EXCLUSIVE, FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT } from './folio'
import type { CopySection } from './fork-section'

const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss
const EXCLUSIVE_CLEAR = COUNTER_INDEX.exclusiveClear

/**
 * `nr` pages from `pfn`, all of one folio, get one more anonymous mapping each, in the child; the
 * exclusive ones stop being so. Mapcount and resident set are updated page by page.
 */
export function duplicateAnonRmap(section: CopySection, pfn: number, nr: number): void {
  const { world, child } = section
  const words = world.folios.words[pfn >>> FOLIO_CHUNK_SHIFT]
  if (words === undefined) throw new Error(`no folio at page frame ${pfn}`)
  const first = pfn & FOLIO_CHUNK_MASK
  let exclusive = 0
  for (let at = first; at < first + nr; at++) {
    const word = words[at]
    exclusive += word & EXCLUSIVE
    words[at] = (word & ~EXCLUSIVE) + 1
  }
  child.anonPages += nr
  child.count(MAPCOUNT, nr)
  child.count(RSS, nr)
  if (exclusive > 0) child.count(EXCLUSIVE_CLEAR, exclusive / EXCLUSIVE)
}
