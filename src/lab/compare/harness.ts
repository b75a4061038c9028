/**
 * What the recording program itself adds to the counts of a step: its own mappings are shared and
 * never copied, but fork walks them. (What an exit does to them the replay does itself, see
 * `Replay`: it depends on what the regions left in the gather.) Measured where nothing else happens (`C.none`,
 * `E.C.none`), per CPU model.
 */
import type { Step, Tally } from './schema'

/** What the program's part depends on. */
export interface Harness {
  readonly kernel: string
  readonly granule: string
  readonly cpu: string
  /** Children that exited before. */
  exits: number
  /** Steps done before. */
  steps: number
}

/** VMAs of the program that the replay gives the process; children do not keep them. */
export const PROGRAM_VMAS = 1

const FORK: Tally = { copy_page_range: 6 - PROGRAM_VMAS, anon_vma_fork: 6 - PROGRAM_VMAS }
const NOTHING: Tally = {}

/** Calls that the program's own part of the step made. */
export function harnessCounts({ op }: Step): Tally {
  return op === 'fork' ? FORK : NOTHING
}

/** /proc/vmstat events likewise. */
export function harnessEvents({ kernel, cpu, steps, exits }: Harness, { op }: Step): Tally {
  if (cpu === 'cortex-a72') {
    // Without hardware dirty state the program's first stores to its own pages fault, and an exiting child's.
    if (steps === 0) return { pgfault: op === 'fork' ? 2 : 3 }
    return op === 'exit' ? { pgfault: 1 } : NOTHING
  }
  return op === 'exit' && kernel === 'linux-6.1' && exits === 0 ? { pgactivate: 400 } : NOTHING
}

/** Pages the program itself has mapped, at most: nearly 2,500, some more or less with CPU and case. */
const PROGRAM_PAGES = 2600

/** How often a function may have been entered for the program's own pages, of which nobody knows the number. */
export function harnessChances({ op }: Step): Tally {
  if (op !== 'clearrefs') return NOTHING
  return { vm_normal_folio: PROGRAM_PAGES, vm_normal_page: PROGRAM_PAGES }
}
