/**
 * The hot loop of fork: whole folios whose entries are all alike are copied in one pass over flat
 * arrays, with the effect and the counts that going entry by entry has. Everything else takes the
 * long way, which also serves as the reference this file is tested against.
 *
 * Lanes are compared and stored two at a time: `PageTables.attrPairs` says why that is exact.
 */
import { AF, CONT, PROT_NONE, SPECIAL, UFFD_WP, VALID, WRITE, wrprotect } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import type { World } from '../world'
import { ANON, EXCLUSIVE, EXCLUSIVE_SHIFT, FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT, ORDER_SHIFT } from './folio'
import type { CopySection, SectionTally } from './fork-section'
import { advance, countUniform } from './fork-uniform-counts'

const EXCLUSIVE_CLEAR = COUNTER_INDEX.exclusiveClear

/** One step of the inner loop takes a line: 16 entries in 8 pairs of lanes. */
const LINE_ORDER = 4
const LINE_PAIRS = 8

/**
 * Copies as many whole folios from `slot` on as are uniform: 2^order entries with one value, frames in
 * line from the folio's first page on, all inside `limit`; on a contpte kernel all folded. Adds what
 * it did to `tally` and answers how many entries it took, 0 for none.
 */
export function copyUniform(
  section: CopySection,
  slot: number,
  childSlot: number,
  limit: number,
  tally: SectionTally
): number {
  const { world, shared } = section
  const { tables, folios, geometry } = world
  if (shared || world.kernel.pteOps === 'exposed') return 0
  const attrs = tables.attrs[slot >>> tables.chunkShift]
  const pfns = tables.pfns[slot >>> tables.chunkShift]
  const start = slot & tables.chunkMask
  const attr = attrs[start]
  const folds = world.kernel.pteOps !== 'absent'
  // Converts in the middle of fork are for the TLBs to hear one by one.
  if (folds && world.kernel.forkCopy === 'per-pte' && world.tlbi.observer !== undefined) return 0
  if ((attr & (VALID | PROT_NONE | SPECIAL | UFFD_WP | CONT)) !== (folds ? VALID | CONT : VALID)) return 0
  if (folds && (slot & (geometry.contPtes - 1)) !== 0) return 0

  const protects = section.cow && (attr & WRITE) !== 0
  const after = protects ? wrprotect(attr) : attr
  let taken = 0
  while (taken < limit) {
    const pfn = pfns[start + taken]
    const word = folios.word(pfn)
    const nr = 1 << (word >>> ORDER_SHIFT)
    if ((word & ANON) === 0 || (folds && nr < geometry.contPtes)) break
    let run = 0
    if (nr >= 1 << LINE_ORDER && (start & 1) === 0) {
      run = shareAlike(world, slot + taken, limit - taken, attr, after, word)
    }
    if (run > 0) section.child.count(EXCLUSIVE_CLEAR, (word & EXCLUSIVE) === 0 ? 0 : run)
    else {
      const exclusive = shareFolio(world, slot + taken, limit - taken, attr, after, nr)
      if (exclusive < 0) break
      section.child.count(EXCLUSIVE_CLEAR, exclusive)
      run = nr
    }
    taken += run
    advance(world, tally, run, nr)
    countUniform(section, slot + taken - run, run, run / nr, limit - taken, protects)
  }
  if (taken === 0) return 0
  const target = childSlot & tables.chunkMask
  tables.attrs[childSlot >>> tables.chunkShift].fill(after & ~AF, target, target + taken)
  tables.pfns[childSlot >>> tables.chunkShift].set(pfns.subarray(start, start + taken), target)
  return taken
}

/**
 * Shares folios from `slot` on whose pages all have the page word `word`, as far as they follow each
 * other: entries from `attr` to `after`, one mapping more a page, no longer exclusive, a reference a
 * page. Answers how many entries that were.
 */
function shareAlike(
  world: World,
  slot: number,
  limit: number,
  attr: number,
  after: number,
  word: number
): number {
  const { tables, folios, geometry } = world
  const chunk = slot >>> tables.chunkShift
  const start = slot & tables.chunkMask
  const pfns = tables.pfns[chunk]
  const attrPairs = tables.attrPairs[chunk]
  const frames = pfns[start] >>> FOLIO_CHUNK_SHIFT
  const wordPairs = folios.wordPairs[frames]
  const refs = folios.largeRefs[frames]
  if (refs === undefined) return 0
  const attrPair = tables.pair(attr)
  const afterPair = tables.pair(after)
  const wordPair = tables.pair(word)
  const sharedPair = tables.pair((word & ~EXCLUSIVE) + 1)
  const nr = 1 << (word >>> ORDER_SHIFT)
  // Of a folded block the first entry says for all of them that frames are in line.
  const stride = (attr & CONT) === 0 ? 1 : geometry.contPtes
  let taken = 0
  for (; taken + nr <= limit; taken += nr) {
    const pfn = pfns[start + taken]
    if (pfn >>> FOLIO_CHUNK_SHIFT !== frames || (pfn & (nr - 1)) !== 0) break
    if (nr > stride && !inLine(pfns, start + taken, pfn, nr, stride)) break
    const first = pfn & FOLIO_CHUNK_MASK
    const end = (start + taken + nr) >> 1
    let at = (start + taken) >> 1
    let page = first >> 1
    for (; at < end; at += LINE_PAIRS, page += LINE_PAIRS) {
      if (
        attrPairs[at] !== attrPair ||
        attrPairs[at + 1] !== attrPair ||
        attrPairs[at + 2] !== attrPair ||
        attrPairs[at + 3] !== attrPair ||
        attrPairs[at + 4] !== attrPair ||
        attrPairs[at + 5] !== attrPair ||
        attrPairs[at + 6] !== attrPair ||
        attrPairs[at + 7] !== attrPair ||
        wordPairs[page] !== wordPair ||
        wordPairs[page + 1] !== wordPair ||
        wordPairs[page + 2] !== wordPair ||
        wordPairs[page + 3] !== wordPair ||
        wordPairs[page + 4] !== wordPair ||
        wordPairs[page + 5] !== wordPair ||
        wordPairs[page + 6] !== wordPair ||
        wordPairs[page + 7] !== wordPair
      ) {
        break
      }
      attrPairs[at] = afterPair
      attrPairs[at + 1] = afterPair
      attrPairs[at + 2] = afterPair
      attrPairs[at + 3] = afterPair
      attrPairs[at + 4] = afterPair
      attrPairs[at + 5] = afterPair
      attrPairs[at + 6] = afterPair
      attrPairs[at + 7] = afterPair
      wordPairs[page] = sharedPair
      wordPairs[page + 1] = sharedPair
      wordPairs[page + 2] = sharedPair
      wordPairs[page + 3] = sharedPair
      wordPairs[page + 4] = sharedPair
      wordPairs[page + 5] = sharedPair
      wordPairs[page + 6] = sharedPair
      wordPairs[page + 7] = sharedPair
    }
    if (at < end) {
      // Not all alike: what was done to this folio is undone.
      attrPairs.fill(attrPair, (start + taken) >> 1, at)
      wordPairs.fill(wordPair, first >> 1, page)
      break
    }
    refs[first >> 2] += nr
  }
  return taken
}

/** The same for one folio of any size, whose pages may differ in being exclusive. Answers how many were, -1 if not uniform. */
function shareFolio(
  world: World,
  slot: number,
  limit: number,
  attr: number,
  after: number,
  nr: number
): number {
  const { tables, folios } = world
  const attrs = tables.attrs[slot >>> tables.chunkShift]
  const pfns = tables.pfns[slot >>> tables.chunkShift]
  const from = slot & tables.chunkMask
  const pfn = pfns[from]
  const words = folios.words[pfn >>> FOLIO_CHUNK_SHIFT]
  if (words === undefined || (pfn & (nr - 1)) !== 0 || nr > limit) return -1
  let differs = 0
  for (let i = 0; i < nr; i++) differs |= (attrs[from + i] ^ attr) | (pfns[from + i] ^ (pfn + i))
  if (differs !== 0) return -1
  const first = pfn & FOLIO_CHUNK_MASK
  let exclusive = 0
  for (let i = 0; i < nr; i++) {
    const word = words[first + i]
    exclusive += (word >>> EXCLUSIVE_SHIFT) & 1
    attrs[from + i] = after
    words[first + i] = (word & ~EXCLUSIVE) + 1
  }
  folios.addRefs(pfn, nr)
  return exclusive
}

/** Whether every `stride`-th of `nr` entries maps the frame that is its turn. */
function inLine(pfns: Int32Array, from: number, pfn: number, nr: number, stride: number): boolean {
  for (let i = stride; i < nr; i += stride) {
    if (pfns[from + i] !== pfn + i) return false
  }
  return true
}
