/**
 * The hot loop of fork: whole folios whose entries are all alike are copied in one pass over flat
 * arrays, with the effect and the counts that going entry by entry has. Everything else takes the
 * long way, which also serves as the reference this file is tested against.
 */
import { AF, CONT, PROT_NONE, SPECIAL, UFFD_WP, VALID, WRITE, wrprotect } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import type { World } from '../world'
import { ANON, EXCLUSIVE, EXCLUSIVE_SHIFT, FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT, ORDER_SHIFT } from './folio'
import type { CopySection, SectionTally } from './fork-section'
import { advance, countUniform } from './fork-uniform-counts'
import { alikeAtFirst, exchangeLines, fillLines, LINE_REST } from './lines'

const EXCLUSIVE_CLEAR = COUNTER_INDEX.exclusiveClear

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
  const run: UniformRun = { slot, childSlot, attr, after: protects ? wrprotect(attr) : attr }
  let taken = 0
  while (taken < limit) {
    const word = folios.word(pfns[start + taken])
    const nr = 1 << (word >>> ORDER_SHIFT)
    if ((word & ANON) === 0 || (folds && nr < geometry.contPtes)) break
    // Folios of at least a line are shared in runs of lines.
    let pages = nr > LINE_REST ? shareAlike(world, run, taken, limit, word) : 0
    if (pages > 0) section.child.count(EXCLUSIVE_CLEAR, (word & EXCLUSIVE) === 0 ? 0 : pages)
    else {
      const exclusive = shareFolio(world, run, taken, limit, nr)
      if (exclusive < 0) break
      section.child.count(EXCLUSIVE_CLEAR, exclusive)
      pages = nr
    }
    advance(world, tally, pages, nr)
    taken += pages
    countUniform(section, slot + taken - pages, pages, pages / nr, limit - taken, protects)
  }
  return taken
}

/** Entries with one value, the parent's from `slot` and the child's from `childSlot` on. */
interface UniformRun {
  readonly slot: number
  readonly childSlot: number
  /** What every entry holds, and what the parent's will. The child's is the same, but old. */
  readonly attr: number
  readonly after: number
}

/**
 * Shares folios from entry `from` of the run on that all have the page word `word` on every page and
 * frames in line, below entry `limit`: one mapping more a page, no longer exclusive, a reference a page.
 * Answers how many entries that were, in whole folios.
 */
function shareAlike(world: World, run: UniformRun, from: number, limit: number, word: number): number {
  const { tables, folios } = world
  const index = (run.slot & tables.chunkMask) + from
  const childIndex = (run.childSlot & tables.chunkMask) + from
  const pfns = tables.pfns[run.slot >>> tables.chunkShift]
  const pfn = pfns[index]
  const nr = 1 << (word >>> ORDER_SHIFT)
  const refs = folios.largeRefs[pfn >>> FOLIO_CHUNK_SHIFT]
  if (refs === undefined || ((pfn & (nr - 1)) | ((index | childIndex) & LINE_REST)) !== 0) return 0
  const first = pfn & FOLIO_CHUNK_MASK
  const most = Math.min(limit - from, FOLIO_CHUNK_MASK + 1 - first) & -nr
  const inLine = alikeAtFirst(world, run.slot + from, most, run.attr, word)
  if (inLine === 0) return 0
  const words = folios.wordPairs[pfn >>> FOLIO_CHUNK_SHIFT]
  const alike = tables.pair(word)
  const page = first >>> 1
  const wordsEnd = exchangeLines(words, page, page + inLine, alike, tables.pair((word & ~EXCLUSIVE) + 1))
  const attrs = tables.attrPairs[run.slot >>> tables.chunkShift]
  const attr = tables.pair(run.attr)
  const at = index >>> 1
  const attrsEnd = exchangeLines(attrs, at, at + wordsEnd - page, attr, tables.pair(run.after))
  const taken = ((attrsEnd - at) << 1) & -nr
  const pairs = taken >> 1
  // What was done to folios that are not all alike is undone.
  if (attrsEnd > at + pairs) fillLines(attrs, at + pairs, attrsEnd, attr)
  if (wordsEnd > page + pairs) fillLines(words, page + pairs, wordsEnd, alike)
  if (taken === 0) return 0
  const childChunk = run.childSlot >>> tables.chunkShift
  const to = childIndex >>> 1
  fillLines(tables.attrPairs[childChunk], to, to + pairs, tables.pair(run.after & ~AF))
  tables.pfns[childChunk].set(pfns.subarray(index, index + taken), childIndex)
  for (let ref = first >> 2; ref < (first + taken) >> 2; ref += nr >> 2) refs[ref] += nr
  return taken
}

/** The same for one folio of any size, whose pages may differ in being exclusive. Answers how many were, -1 if not uniform. */
function shareFolio(world: World, run: UniformRun, taken: number, limit: number, nr: number): number {
  const { tables, folios } = world
  const attrs = tables.attrs[run.slot >>> tables.chunkShift]
  const pfns = tables.pfns[run.slot >>> tables.chunkShift]
  const childAttrs = tables.attrs[run.childSlot >>> tables.chunkShift]
  const childPfns = tables.pfns[run.childSlot >>> tables.chunkShift]
  const from = (run.slot & tables.chunkMask) + taken
  const to = (run.childSlot & tables.chunkMask) + taken
  const pfn = pfns[from]
  const words = folios.words[pfn >>> FOLIO_CHUNK_SHIFT]
  if (words === undefined || (pfn & (nr - 1)) !== 0 || nr > limit - taken) return -1
  let differs = 0
  for (let i = 0; i < nr; i++) differs |= (attrs[from + i] ^ run.attr) | (pfns[from + i] ^ (pfn + i))
  if (differs !== 0) return -1
  const first = pfn & FOLIO_CHUNK_MASK
  const old = run.after & ~AF
  let exclusive = 0
  for (let i = 0; i < nr; i++) {
    const word = words[first + i]
    exclusive += (word >>> EXCLUSIVE_SHIFT) & 1
    words[first + i] = (word & ~EXCLUSIVE) + 1
    attrs[from + i] = run.after
    childAttrs[to + i] = old
    childPfns[to + i] = pfn + i
  }
  folios.addRefs(pfn, nr)
  return exclusive
}
