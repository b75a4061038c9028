/**
 * fork of the entries of one last-level table: sections under both page-table locks, with the
 * lock-break test at the top of every iteration. A section ends at the end of the range, where
 * somebody waits for a lock, or where a page must be allocated.
 * Source: reference `fork.md` section 1 (progress and lock break), sections 2 and 6.
 */
import { isPresent } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import type { World } from '../world'
import { PROGRESS_BLOCK, copyExposed, mayBreakHere } from './exposed/fork'
import { copyBatchUpstream } from './fork-batch-upstream'
import { copyBatchV2 } from './fork-batch-v2'
import { copyBatchV3 } from './fork-batch-v3'
import { allocatePage, freeUnusedPage } from './fork-copy'
import { copyNonpresent } from './fork-nonpresent'
import { copyPerPte } from './fork-per-pte'
import {
  logBatches,
  NEEDS_PAGE,
  PROGRESS_LIMIT,
  PROGRESS_NONE,
  PROGRESS_PRESENT,
  type CopyPresent,
  type CopySection,
  type SectionTally
} from './fork-section'
import { copyUniform } from './fork-uniform'
import { findSlot } from './walk'

const READ = COUNTER_INDEX.read
const LOCK_SECTION = COUNTER_INDEX.lockSection
const LOCK_BREAK_TEST = COUNTER_INDEX.lockBreakTest
const LOCK_BREAK = COUNTER_INDEX.lockBreak
const PROGRESS = COUNTER_INDEX.progress
const FORK_BATCH = COUNTER_INDEX.forkBatch

const DESIGNS: Record<World['kernel']['forkCopy'], CopyPresent> = {
  'per-pte': copyPerPte,
  'batch-v2': copyBatchV2,
  'batch-v3': copyBatchV3,
  'batch-upstream': copyBatchUpstream,
  exposed: copyExposed
}

/** Why a section ended: its range is done, somebody waits for a lock, a page must be allocated. */
const DONE = 0
const BREAK = 1
const PAGE = 2

/**
 * `copy_pte_range`: pages `[vpn, end)` of one table, which the parent has as `table` and the child as
 * `childTable`; false without memory.
 */
export function copyTable(
  section: CopySection,
  vpn: number,
  end: number,
  table: number,
  childTable: number
): boolean {
  const { world, parent, child } = section
  const { tableShift, tableEntries } = world.geometry
  const index = vpn & (tableEntries - 1)
  let slot = (table << tableShift) + index
  let childSlot = (childTable << tableShift) + index
  let at = vpn
  while (at < end) {
    world.trace?.note('lock-section', parent.pid, slot, child.pid)
    const tally: SectionTally = { progress: 0, points: 0, tests: 0, batches: 0, entries: 0 }
    const why = copySection(section, at, slot, childSlot, end - at, tally)
    unlock(section, tally)
    at += tally.entries
    if (why === PAGE && !allocatePage(section)) return false
    if (why === BREAK) {
      parent.count(LOCK_BREAK, 1)
      world.trace?.note('lock-break', parent.pid, slot)
      world.contention?.run(parent, child, at)
    }
    if (at === end) break
    // Reclaim may have taken the parent's table while the locks were free.
    slot = findSlot(world, parent, at)
    if (slot === 0) break
    childSlot = findSlot(world, child, at)
  }
  freeUnusedPage(section)
  return true
}

/** One section under both locks, at most `nr` entries; says why it ended. */
function copySection(
  section: CopySection,
  vpn: number,
  slot: number,
  childSlot: number,
  nr: number,
  tally: SectionTally
): number {
  const { world, parent, child } = section
  const { ops, forkLog, kernel, contention } = world
  const copyPresent = DESIGNS[kernel.forkCopy]
  const seen = contention !== undefined || world.probe !== undefined || world.trace !== undefined
  const fast = world.fastPaths && !seen
  const uniform = fast && section.anonymous && !section.mayBePinned
  while (tally.entries < nr) {
    if (uniform) {
      tally.entries += copyUniform(
        section,
        slot + tally.entries,
        childSlot + tally.entries,
        nr - tally.entries,
        tally
      )
      if (tally.entries === nr) break
    }
    const at = tally.entries
    if (tally.progress >= PROGRESS_LIMIT) {
      tally.progress = 0
      if (kernel.forkCopy !== 'exposed' || mayBreakHere(world, parent, vpn + at)) {
        tally.tests++
        if (contention?.wants(parent, child, vpn + at) === true) return BREAK
      }
    }
    const entry = ops.ptepGet(parent, slot + at)
    let points = PROGRESS_NONE
    let taken = 1
    if (entry !== 0) {
      // Plain C tests the entry for none and for present, and loads it each time.
      if (kernel.forkLoads === 3) parent.count(READ, 1)
      if (isPresent(entry)) {
        taken = copyPresent(section, slot + at, childSlot + at, entry, nr - at)
        if (taken === NEEDS_PAGE) return PAGE
        freeUnusedPage(section)
        tally.batches++
        world.trace?.note('batch', parent.pid, slot + at, child.pid, 0, taken)
        if (forkLog !== undefined) logBatches(forkLog, taken, 1)
        world.probe?.('fork: batch')
      } else copyNonpresent(section, slot + at, childSlot + at)
      points = kernel.forkCopy === 'exposed' ? PROGRESS_BLOCK : PROGRESS_PRESENT * taken
    }
    tally.entries += taken
    tally.progress += points
    tally.points += points
  }
  return DONE
}

/** The locks are dropped: what was counted locally goes to where others see it. */
function unlock(section: CopySection, tally: SectionTally): void {
  const { parent, child } = section
  child.anonPages += section.anon
  child.filePages += section.file
  child.swapEntries += section.swap
  section.anon = section.file = section.swap = 0
  parent.count(LOCK_SECTION, 1)
  parent.count(LOCK_BREAK_TEST, tally.tests)
  parent.count(PROGRESS, tally.points)
  parent.count(FORK_BATCH, tally.batches)
}
