/**
 * The hot loop of fork: whole folios whose entries are all alike are copied in one pass over flat
 * arrays, with the effect and the counts that going entry by entry has. Everything else takes the
 * long way, which also serves as the reference this file is tested against.
 */
import { AF, CONT, PROT_NONE, SPECIAL, VALID, WRITE, wrprotect } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { EXCLUSIVE, EXCLUSIVE_SHIFT, FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT, ORDER_SHIFT } from './folio'
import {
  logBatches,
  PROGRESS_LIMIT,
  PROGRESS_PRESENT,
  type CopySection,
  type SectionTally
} from './fork-section'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg
const CAS = COUNTER_INDEX.cas
const FOLD = COUNTER_INDEX.fold
const UNFOLD = COUNTER_INDEX.unfold
const FOLIO_REF = COUNTER_INDEX.folioRef
const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss
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
  const { tables, folios, kernel, geometry } = world
  const attrs = tables.attrs[slot >>> tables.chunkShift]
  const pfns = tables.pfns[slot >>> tables.chunkShift]
  const start = slot & tables.chunkMask
  const attr = attrs[start]
  const folds = kernel.pteOps !== 'absent'
  if (kernel.forkCopy !== 'batch-v2' && kernel.forkCopy !== 'per-pte') return 0
  if (shared || (attr & (VALID | PROT_NONE | SPECIAL | CONT)) !== (folds ? VALID | CONT : VALID)) return 0
  if (folds && (slot & (geometry.contPtes - 1)) !== 0) return 0

  const protects = section.cow && (attr & WRITE) !== 0
  const after = protects ? wrprotect(attr) : attr
  const copy = after & ~AF
  const minOrder = folds ? geometry.contShift : 0
  const perPte = kernel.forkCopy === 'per-pte'
  const { forkLog } = world
  let taken = 0
  let count = 0
  let exclusive = 0
  let { progress, tests } = tally
  while (taken < limit) {
    const from = start + taken
    const pfn = pfns[from]
    const words = folios.words[pfn >>> FOLIO_CHUNK_SHIFT]
    if (words === undefined) break
    const first = pfn & FOLIO_CHUNK_MASK
    const order = words[first] >>> ORDER_SHIFT
    const nr = 1 << order
    if (order < minOrder || (pfn & (nr - 1)) !== 0 || taken + nr > limit) break
    let differs = 0
    for (let i = 0; i < nr; i++) {
      differs |= (attrs[from + i] ^ attr) | (pfns[from + i] ^ (pfn + i))
    }
    if (differs !== 0) break
    for (let at = first; at < first + nr; at++) {
      const word = words[at]
      exclusive += (word >>> EXCLUSIVE_SHIFT) & 1
      words[at] = (word & ~EXCLUSIVE) + 1
    }
    if (order >= 2) folios.largeRefs[pfn >>> FOLIO_CHUNK_SHIFT]![first >> 2] += nr
    else folios.smallRefs[pfn >>> FOLIO_CHUNK_SHIFT]![first] += nr
    if (forkLog !== undefined) logBatches(forkLog, perPte ? 1 : nr, perPte ? nr : 1)
    taken += nr
    count++
    if (perPte) {
      // Steps until the limit is reached, then one test every four pages.
      const wait = Math.max(0, Math.ceil((PROGRESS_LIMIT - progress) / PROGRESS_PRESENT))
      if (wait < nr) {
        const more = (nr - 1 - wait) >> 2
        tests += 1 + more
        progress = PROGRESS_PRESENT * (nr - wait - 4 * more)
      } else progress += PROGRESS_PRESENT * nr
    } else {
      if (progress >= PROGRESS_LIMIT) {
        progress = 0
        tests++
      }
      progress += PROGRESS_PRESENT * nr
    }
  }
  if (taken === 0) return 0
  if (protects) attrs.fill(after, start, start + taken)
  const target = childSlot & tables.chunkMask
  tables.attrs[childSlot >>> tables.chunkShift].fill(copy, target, target + taken)
  tables.pfns[childSlot >>> tables.chunkShift].set(pfns.subarray(start, start + taken), target)
  tally.progress = progress
  tally.tests = tests
  tally.points += PROGRESS_PRESENT * taken
  tally.batches += perPte ? taken : count
  countUniform(section, taken, count, protects)
  section.anon += taken
  section.child.count(EXCLUSIVE_CLEAR, exclusive)
  return taken
}

/** What copying `pages` pages of `folios` uniform folios counts, by design: `fork.md` section 7. */
function countUniform(section: CopySection, pages: number, folios: number, protects: boolean): void {
  const { world, parent, child } = section
  const { kernel, geometry, calls } = world
  const perPte = kernel.forkCopy === 'per-pte'
  calls[FN.vm_normal_page] += perPte ? pages : folios
  child.count(MAPCOUNT, pages)
  child.count(RSS, pages)
  child.count(FOLIO_REF, perPte ? pages : folios)
  if (protects) parent.count(CAS, pages)
  if (kernel.pteOps === 'absent') {
    const scans = perPte ? kernel.forkLoads * pages : pages + folios
    parent.count(READ, protects ? scans + pages : scans)
    child.count(PLAIN_WRITE, pages)
    return
  }
  const c = geometry.contPtes
  const blocks = pages / c
  if (!perPte) {
    parent.count(READ, (pages + folios) * (1 + c) + (protects ? pages : 0))
    calls[FN.contpte_ptep_get] += pages + folios
    child.count(READ, blocks * (1 + c))
    child.count(PLAIN_WRITE, pages)
    return
  }
  child.count(READ, pages + blocks * c)
  child.count(PLAIN_WRITE, 2 * pages)
  converts(section, child, FOLD, blocks)
  if (!protects) {
    parent.count(READ, kernel.forkLoads * pages * (1 + c))
    calls[FN.contpte_ptep_get] += kernel.forkLoads * pages
    return
  }
  calls[FN.contpte_ptep_get] += 2 * blocks
  parent.count(READ, blocks * (2 * (1 + c) + 3 + 5 * (c - 1) + c))
  parent.count(PLAIN_WRITE, 2 * pages)
  converts(section, parent, UNFOLD, blocks)
  converts(section, parent, FOLD, blocks)
}

/** The exchanges and flushes of `blocks` converts; their stores are counted by the caller. */
function converts(section: CopySection, mm: CopySection['child'], kind: number, blocks: number): void {
  const { tlbi, geometry, calls } = section.world
  mm.count(kind, blocks)
  mm.count(XCHG, blocks * geometry.contPtes)
  calls[kind === FOLD ? FN.__contpte_try_fold : FN.__contpte_try_unfold] += blocks
  calls[FN.contpte_convert] += blocks
  calls[FN.__flush_tlb_range_nosync] += blocks
  for (let block = 0; block < blocks; block++) tlbi.range(mm, 0, geometry.contPtes, 1, true)
}
