/** The engine's side: worlds put together as the sheets describe them, and what one operation counts. */
import { CONT } from '../../src/engine/arch/descriptor'
import { fixture, unfoldSilently, type Fixture } from '../../src/engine/check/fixture'
import { VM_CHP } from '../../src/engine/mm/exposed/block'
import { blockAnonymousFault } from '../../src/engine/mm/exposed/fault'
import { forkMm } from '../../src/engine/mm/fork'
import type { Mm } from '../../src/engine/mm/mm'
import { splitVmaAt } from '../../src/engine/mm/vma'
import { dontneed, exitMm } from '../../src/engine/mm/zap'
import { COUNTER_NAMES } from '../../src/engine/trace/counters'
import { FORK, FORK_CUT, FORK_MISALIGNED, FORK_READ_ONLY, FORK_UNFOLDED, ONEPLUS_PAGES } from './fork-sheets'
import { PAGE_SIZE } from './flush'
import { GRANULES, type Case, type Placement } from './shape'
import type { Figures, Side } from './sheet'
import { DONTNEED, DONTNEED_UNFOLDED, EXIT } from './zap-sheets'

/** One operation, measured. */
export interface Measured {
  readonly operation: string
  readonly placement: Placement
  readonly figures: Figures
}

const ALIGNED: Placement = { shift: 0, cut: 0 }

/** Adds what `own` counted since `before` to `into`, without the zeroes. */
function note(into: Record<string, number>, side: Side, own: Float64Array, before?: Float64Array): void {
  COUNTER_NAMES.forEach((name, i) => {
    const n = own[i] - (before?.[i] ?? 0)
    if (n !== 0) into[`${side}.${name}`] = n
  })
}

/** A world of the case; OnePlus' blocks come from faults, all else from the fixture. */
function build(kernel: string, of: Case, fast: boolean): Fixture {
  const cpu = { hafdbs: true, tlbRange: of.range, kpti: false, repeatTlbi: false }
  const inBlocks = kernel === 'oneplus-5.15'
  const f = fixture({
    kernel: kernel === ONEPLUS_PAGES ? 'oneplus-5.15' : kernel,
    granule: of.granule,
    pages: of.pages,
    order: inBlocks ? -1 : of.order,
    memoryBytes: Math.max(2 * of.pages * PAGE_SIZE[of.granule], 2 ** 31),
    cpu
  })
  f.world.fastPaths = fast
  if (inBlocks) {
    f.vma.flags |= VM_CHP
    for (let vpn = f.vma.start; vpn < f.vma.end; vpn += GRANULES[of.granule].c) {
      blockAnonymousFault(f.world, f.mm, f.vma, vpn, true)
    }
  }
  return f
}

/** Moves everything `shift` pages up, entries unfolded, as mremap leaves it; nothing is counted. */
function shiftUp(f: Fixture, pages: number, shift: number): void {
  const { tables, geometry } = f.world
  // Slots of one table follow each other.
  const below = (page: number, above: number): number =>
    above === 0 || (f.vma.start + page + 1) % geometry.tableEntries === 0 ? f.slot(page) : above - 1
  let from = 0
  let to = 0
  for (let page = pages - 1; page >= 0; page--) {
    from = below(page, from)
    to = below(page + shift, to)
    tables.set(to, tables.attr(from) & ~CONT, tables.pfn(from))
    tables.set(from, 0, 0)
  }
  f.vma.start += shift
  f.vma.end += shift
}

function fork(f: Fixture, pid: number, operation: string, placement: Placement): [Mm, Measured] {
  const figures: Record<string, number> = {}
  const before = f.mm.own.slice()
  const child = forkMm(f.world, f.mm, pid)
  note(figures, 'parent', f.mm.own, before)
  note(figures, 'child', child.own)
  return [child, { operation, placement, figures }]
}

function zap(mm: Mm, operation: string, body: () => void): Measured {
  const figures: Record<string, number> = {}
  const before = mm.own.slice()
  body()
  note(figures, 'mm', mm.own, before)
  return { operation, placement: ALIGNED, figures }
}

/** Two forks, the exit of a child, and DONTNEED by the parent, in one world. */
export function measureAligned(kernel: string, of: Case, fast: boolean): Measured[] {
  const f = build(kernel, of, fast)
  const [, writable] = fork(f, 2, FORK, ALIGNED)
  const [second, readOnly] = fork(f, 3, FORK_READ_ONLY, ALIGNED)
  const exit = zap(second, EXIT, () => exitMm(f.world, second))
  const { start, end } = f.vma
  return [writable, readOnly, exit, zap(f.mm, DONTNEED, () => dontneed(f.world, f.mm, start, end))]
}

/** The special states of blocks, a world each. */
export function measureSpecial(kernel: string, of: Case, fast: boolean): Measured[] {
  const half = GRANULES[of.granule].c / 2
  const unfolded = build(kernel, of, fast)
  unfoldSilently(unfolded, of.pages)
  const [, forked] = fork(unfolded, 2, FORK_UNFOLDED, ALIGNED)
  const { start, end } = unfolded.vma
  const zapped = zap(unfolded.mm, DONTNEED_UNFOLDED, () => dontneed(unfolded.world, unfolded.mm, start, end))
  const shifted = build(kernel, of, fast)
  shiftUp(shifted, of.pages, half)
  const cut = build(kernel, of, fast)
  splitVmaAt(cut.world, cut.mm, cut.vma.start + half)
  return [
    forked,
    zapped,
    fork(shifted, 2, FORK_MISALIGNED, { shift: half, cut: 0 })[1],
    fork(cut, 2, FORK_CUT, { shift: 0, cut: half })[1]
  ]
}
