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
import { framesStep, LINE_REST } from './lines'

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
  const chunk = run.slot >>> tables.chunkShift
  const childChunk = run.childSlot >>> tables.chunkShift
  const index = (run.slot & tables.chunkMask) + from
  const pfns = tables.pfns[chunk]
  const pfn = pfns[index]
  const nr = 1 << (word >>> ORDER_SHIFT)
  const refs = folios.largeRefs[pfn >>> FOLIO_CHUNK_SHIFT]
  const childIndex = (run.childSlot & tables.chunkMask) + from
  if (refs === undefined || ((pfn & (nr - 1)) | ((index | childIndex) & LINE_REST)) !== 0) return 0
  const attrs = tables.attrPairs[chunk]
  const pfnPairs = tables.pfnPairs[chunk]
  const childAttrs = tables.attrPairs[childChunk]
  const childPfns = tables.pfnPairs[childChunk]
  const attr = tables.pair(run.attr)
  const after = tables.pair(run.after)
  const old = tables.pair(run.after & ~AF)
  // Of a folded block the first entry says for all of them that frames are in line.
  const folded = (run.attr & CONT) !== 0
  const step = framesStep(pfn)
  const first = pfn & FOLIO_CHUNK_MASK
  const { states } = folios
  const most = states.alike(pfn, Math.min(limit - from, FOLIO_CHUNK_MASK + 1 - first) & -nr) & -nr
  const start = index >>> 1
  const end = (index + most) >>> 1
  let at = start
  let to = childIndex >>> 1
  for (; at < end; at = (at + 8) | 0, to = (to + 8) | 0) {
    const entry = at << 1
    const frame = (pfn + entry - index) | 0
    const frames0 = pfnPairs[at]
    const frames1 = pfnPairs[at | 1]
    const frames2 = pfnPairs[at | 2]
    const frames3 = pfnPairs[at | 3]
    const frames4 = pfnPairs[at | 4]
    const frames5 = pfnPairs[at | 5]
    const frames6 = pfnPairs[at | 6]
    const frames7 = pfnPairs[at | 7]
    if (pfns[entry] !== frame) break
    if (
      !folded &&
      (pfns[entry | 1] !== ((frame + 1) | 0) ||
        frames1 - frames0 !== step ||
        frames2 - frames1 !== step ||
        frames3 - frames2 !== step ||
        frames4 - frames3 !== step ||
        frames5 - frames4 !== step ||
        frames6 - frames5 !== step ||
        frames7 - frames6 !== step)
    )
      break
    if (
      attrs[at] !== attr ||
      attrs[at | 1] !== attr ||
      attrs[at | 2] !== attr ||
      attrs[at | 3] !== attr ||
      attrs[at | 4] !== attr ||
      attrs[at | 5] !== attr ||
      attrs[at | 6] !== attr ||
      attrs[at | 7] !== attr
    )
      break
    attrs[at] = after
    attrs[at | 1] = after
    attrs[at | 2] = after
    attrs[at | 3] = after
    attrs[at | 4] = after
    attrs[at | 5] = after
    attrs[at | 6] = after
    attrs[at | 7] = after
    childAttrs[to] = old
    childAttrs[to | 1] = old
    childAttrs[to | 2] = old
    childAttrs[to | 3] = old
    childAttrs[to | 4] = old
    childAttrs[to | 5] = old
    childAttrs[to | 6] = old
    childAttrs[to | 7] = old
    childPfns[to] = frames0
    childPfns[to | 1] = frames1
    childPfns[to | 2] = frames2
    childPfns[to | 3] = frames3
    childPfns[to | 4] = frames4
    childPfns[to | 5] = frames5
    childPfns[to | 6] = frames6
    childPfns[to | 7] = frames7
  }
  const taken = ((at - start) << 1) & -nr
  const over = at - start - (taken >> 1)
  if (over > 0) {
    // The last folio is not all alike: what was done to it is undone.
    attrs.fill(attr, at - over, at)
    childAttrs.fill(0, to - over, to)
    childPfns.fill(0, to - over, to)
  }
  states.fill(pfn, taken, states.table.withWord(states.at(pfn), (word & ~EXCLUSIVE) + 1))
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
  if ((pfn & (nr - 1)) !== 0 || nr > limit - taken) return -1
  let differs = 0
  for (let i = 0; i < nr; i++) differs |= (attrs[from + i] ^ run.attr) | (pfns[from + i] ^ (pfn + i))
  if (differs !== 0) return -1
  const old = run.after & ~AF
  let exclusive = 0
  for (let i = 0; i < nr; i++) {
    const set = folios.word(pfn + i) & EXCLUSIVE
    exclusive += set >>> EXCLUSIVE_SHIFT
    folios.addWord(pfn + i, 1 - set)
    attrs[from + i] = run.after
    childAttrs[to + i] = old
    childPfns[to + i] = pfn + i
  }
  folios.addRefs(pfn, nr)
  return exclusive
}
