/**
 * fork: the frame that every design shares. VMAs without an anon_vma are passed over; each last-level
 * table is copied in sections under both page-table locks, with the lock-break test at the top of
 * every iteration; one flush of the parent's ASID ends it.
 * Source: reference `fork.md` sections 1, 2 and 4.
 */
import { COUNTER_INDEX } from '../trace/counters'
import type { World } from '../world'
import { copyBatchV2 } from './fork-batch-v2'
import { copyPerPte } from './fork-per-pte'
import {
  logBatches,
  PROGRESS_LIMIT,
  PROGRESS_NONE,
  PROGRESS_PRESENT,
  type CopyPresent,
  type CopySection,
  type SectionTally
} from './fork-section'
import { copyUniform } from './fork-uniform'
import { isCowMapping, Mm, VM_SHARED, type Vma } from './mm'
import { findSlot, makeSlot } from './walk'

const FORK = COUNTER_INDEX.fork
const LOCK_SECTION = COUNTER_INDEX.lockSection
const LOCK_BREAK_TEST = COUNTER_INDEX.lockBreakTest
const PROGRESS = COUNTER_INDEX.progress
const FORK_BATCH = COUNTER_INDEX.forkBatch
const TABLE_ALLOC = COUNTER_INDEX.tableAlloc

const DESIGNS: Record<World['kernel']['forkCopy'], CopyPresent> = {
  'per-pte': copyPerPte,
  'batch-v2': copyBatchV2,
  'batch-v3': copyBatchV2,
  'batch-upstream': copyBatchV2,
  exposed: copyPerPte
}

/** An empty mm. */
export function newMm(world: World, pid: number): Mm {
  const mm = new Mm(pid, world.tables.alloc(), world.counters.values)
  mm.count(TABLE_ALLOC, 1)
  world.mms.push(mm)
  return mm
}

/** Copies the parent's address space by the kernel's design and answers the child's. */
export function forkMm(world: World, parent: Mm, childPid: number): Mm {
  const child = newMm(world, childPid)
  parent.count(FORK, 1)
  for (const vma of parent.vmas) {
    // The child's anon_vma is its own: neighbours that became equal stay apart there.
    const copy: Vma = { ...vma }
    if (vma.anonVma !== 0) {
      copy.anonVma = ++world.anonVmas
      copy.inherited++
    }
    child.vmas.push(copy)
    if (vma.anonVma !== 0) copyVma(world, parent, child, vma)
  }
  world.tlbi.mm(parent)
  return child
}

function copyVma(world: World, parent: Mm, child: Mm, vma: Vma): void {
  const entries = world.geometry.tableEntries
  const section: CopySection = {
    world,
    parent,
    child,
    cow: isCowMapping(vma),
    shared: (vma.flags & VM_SHARED) !== 0
  }
  for (let vpn = vma.start; vpn < vma.end;) {
    const next = Math.min(vpn - (vpn % entries) + entries, vma.end)
    const slot = findSlot(world, parent, vpn)
    if (slot !== 0) copyTable(section, slot, makeSlot(world, child, vpn), next - vpn)
    vpn = next
  }
}

/** One section under both locks: `nr` entries of one table. */
function copyTable(section: CopySection, slot: number, childSlot: number, nr: number): void {
  const { world, parent } = section
  const { ops, forkLog, kernel } = world
  const copyPresent = DESIGNS[kernel.forkCopy]
  const tally: SectionTally = { progress: 0, points: 0, tests: 0, batches: 0 }
  for (let at = 0; at < nr;) {
    if (world.fastPaths) {
      const copied = copyUniform(section, slot + at, childSlot + at, nr - at, tally)
      at += copied
      if (at === nr) break
    }
    if (tally.progress >= PROGRESS_LIMIT) {
      // Nobody contends here: the answer is always to go on.
      tally.progress = 0
      tally.tests++
    }
    const entry = ops.ptepGet(parent, slot + at)
    let points = PROGRESS_NONE
    let taken = 1
    if (entry !== 0) {
      taken = copyPresent(section, slot + at, childSlot + at, entry, nr - at)
      points = PROGRESS_PRESENT * taken
      tally.batches++
      if (forkLog !== undefined) logBatches(forkLog, taken, 1)
    }
    at += taken
    tally.progress += points
    tally.points += points
  }
  parent.count(LOCK_SECTION, 1)
  parent.count(LOCK_BREAK_TEST, tally.tests)
  parent.count(PROGRESS, tally.points)
  parent.count(FORK_BATCH, tally.batches)
}
