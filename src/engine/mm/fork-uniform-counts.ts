/** What the hot loop of fork counts, by design. Source: reference `fork.md` section 7. */
import { isValidCont } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
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

/** Progress, lock-break tests and batches of `pages` pages in folios of `nr` pages. */
export function advance(world: World, tally: SectionTally, pages: number, nr: number): void {
  // One entry at a time, or one folio.
  const step = world.kernel.forkCopy === 'per-pte' ? 1 : nr
  const steps = pages / step
  const points = PROGRESS_PRESENT * step
  // Steps until a test is due, and from one test to the next.
  const wait = Math.max(0, Math.ceil((PROGRESS_LIMIT - tally.progress) / points))
  const period = Math.max(1, PROGRESS_LIMIT / points)
  if (wait < steps) {
    const more = Math.floor((steps - 1 - wait) / period)
    tally.tests += 1 + more
    tally.progress = points * (steps - wait - period * more)
  } else tally.progress += points * steps
  tally.points += PROGRESS_PRESENT * pages
  tally.batches += steps
  if (world.forkLog !== undefined) logBatches(world.forkLog, step, steps)
}

/**
 * Counts for `pages` pages in `folios` folios all alike, whose first entry is `slot` and after which
 * `left` entries remain in the section.
 */
export function countUniform(
  section: CopySection,
  slot: number,
  pages: number,
  folios: number,
  left: number,
  protects: boolean
): void {
  const { world, parent, child } = section
  const { kernel } = world
  section.anon += pages
  if (protects) parent.count(CAS, pages)
  if (kernel.forkCopy === 'batch-upstream') {
    countUpstream(section, slot, pages, folios, left, protects)
    return
  }
  const perPte = kernel.forkCopy === 'per-pte'
  child.count(MAPCOUNT, pages)
  child.count(RSS, pages)
  child.count(FOLIO_REF, perPte ? pages : folios)
  world.calls[FN.vm_normal_page] += perPte ? pages : folios
  if (kernel.pteOps === 'absent') {
    const scans = perPte ? kernel.forkLoads * pages : pages + folios
    parent.count(READ, protects ? scans + pages : scans)
    child.count(PLAIN_WRITE, pages)
  } else if (perPte) countUnbatched(section, pages, protects)
  else countPosted(section, pages, folios, protects)
}

/** 6.9 and later: hints cover folded blocks, and the child's are born folded. */
function countUpstream(
  section: CopySection,
  slot: number,
  pages: number,
  folios: number,
  left: number,
  protects: boolean
): void {
  const { world, parent, child } = section
  const { calls, kernel, geometry, tables } = world
  const c = geometry.contPtes
  const blocks = pages / c
  let gets = blocks
  if (!kernel.batchClipped) {
    // One entry past each folio is read, unless the section ends there.
    const lastFolded = left > 0 && isValidCont(tables.attr(slot + pages))
    gets += folios - (lastFolded ? 0 : 1)
    if (left > 0 && !lastFolded) parent.count(READ, 1)
  }
  parent.count(READ, gets * (1 + c) + (protects ? pages : 0))
  child.count(PLAIN_WRITE, pages)
  child.count(MAPCOUNT, kernel.deferredSplit === 'partially-mapped' ? pages + folios : pages)
  child.count(RSS, folios)
  child.count(FOLIO_REF, folios)
  calls[FN.vm_normal_page] += folios
  calls[FN.folio_pte_batch] += folios
  calls[FN.contpte_ptep_get] += gets
  calls[FN.contpte_set_ptes] += folios
  calls[FN.__set_ptes] += blocks
  if (!protects) return
  calls[FN.contpte_wrprotect_ptes] += folios
  calls[FN.contpte_try_unfold_partial] += folios
}

/** v2 and v3: every entry of the run is gathered, and so is each first one once more. */
function countPosted(section: CopySection, pages: number, folios: number, protects: boolean): void {
  const { world, parent, child } = section
  const c = world.geometry.contPtes
  parent.count(READ, (pages + folios) * (1 + c) + (protects ? pages : 0))
  child.count(READ, (pages / c) * (1 + c))
  child.count(PLAIN_WRITE, pages)
  world.calls[FN.contpte_ptep_get] += pages + folios
}

/** One entry at a time over folded blocks: each unfolds at its first and folds again at its last. */
function countUnbatched(section: CopySection, pages: number, protects: boolean): void {
  const { world, parent, child } = section
  const c = world.geometry.contPtes
  const blocks = pages / c
  child.count(READ, pages + blocks * c)
  child.count(PLAIN_WRITE, 2 * pages)
  converts(section, child, FOLD, blocks)
  if (!protects) {
    parent.count(READ, 2 * pages * (1 + c))
    world.calls[FN.contpte_ptep_get] += 2 * pages
    return
  }
  parent.count(READ, blocks * (2 * (1 + c) + 3 + 5 * (c - 1) + c))
  parent.count(PLAIN_WRITE, 2 * pages)
  world.calls[FN.contpte_ptep_get] += 2 * blocks
  converts(section, parent, UNFOLD, blocks)
  converts(section, parent, FOLD, blocks)
}

/** The exchanges and flushes of `blocks` converts; their stores are counted by the caller. */
function converts(section: CopySection, mm: CopySection['child'], kind: number, blocks: number): void {
  const { tlbi, geometry, calls } = section.world
  mm.count(kind, blocks)
  mm.count(XCHG, blocks * geometry.contPtes)
  calls[FN.contpte_convert] += blocks
  calls[FN.__flush_tlb_range_nosync] += blocks
  calls[kind === FOLD ? FN.__contpte_try_fold : FN.__contpte_try_unfold] += blocks
  for (let block = 0; block < blocks; block++) tlbi.range(mm, 0, geometry.contPtes, 1, true)
}
