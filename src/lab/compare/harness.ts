/**
 * What the recording program and its boot add to the counts of a step besides what the regions cost.
 * Its own mappings are shared and never copied, but fork walks them. (What an exit does to them the
 * replay does itself, see `Replay`: it depends on what the regions left in the gather.) Measured where
 * nothing else happens (`C.none`, `E.C.none`), per CPU model. What a recording shows of the machine
 * around the case, and nobody can foresee, is in `allowances.ts`.
 */
import type { Case, Step, Tally } from './schema'

/** What the program's part depends on. */
export interface Harness {
  readonly kernel: string
  readonly pageSize: number
  readonly cpu: string
  /** The case began its boot and maps nothing: leftovers of the start show in it, as in `C.none`. */
  readonly cold: boolean
  /** Children that exited before. */
  exits: number
  /** Children that live. */
  children: number
  /** Steps done before. */
  steps: number
}

/** VMAs of the program that the replay gives the process; children do not keep them. */
export const PROGRAM_VMAS = 1

/** Bytes of a kernel stack. */
const KERNEL_STACK = 16 * 1024

const NOTHING: Tally = {}

/** Whether a case is the baseline that a boot begins with. */
export function isCold(each: Case, before: readonly Case[]): boolean {
  return !before.some(({ boot }) => boot === each.boot) && each.steps.every(({ op }) => op !== 'mmap')
}

/** Whether an earlier case of the same boot, as recorded, left the huge zero page behind: it stays. */
export function hasHugeZero(each: Case, before: readonly Case[]): boolean {
  return before.some(
    ({ boot, steps }) => boot === each.boot && steps.some(({ vm }) => (vm?.thp_zero_page_alloc ?? 0) > 0)
  )
}

/** Pages that the kernel maps for the stack of one more process. */
export function stackPages({ pageSize }: Harness): number {
  return KERNEL_STACK / pageSize
}

/**
 * Calls that the program's own part of the step made. Stacks of processes that ended are kept for the
 * next ones; a boot that never had two children at once has one of them.
 */
export function harnessCounts(harness: Harness, { op }: Step): Tally {
  if (op !== 'fork') return NOTHING
  const own = { copy_page_range: 6 - PROGRAM_VMAS, anon_vma_fork: 6 - PROGRAM_VMAS }
  const newStack = harness.cold && harness.kernel !== 'linux-6.1' && harness.children > 0
  return newStack ? { ...own, __set_ptes: stackPages(harness) } : own
}

/** /proc/vmstat events likewise. */
export function harnessEvents({ kernel, cpu, steps, exits, cold }: Harness, { op }: Step): Tally {
  if (cpu === 'cortex-a72') {
    // Without hardware dirty state the program's first stores to its own pages fault, and an exiting child's.
    if (steps === 0) return { pgfault: op === 'fork' ? 2 : 3 }
    return op === 'exit' ? { pgfault: 1 } : NOTHING
  }
  if (op !== 'exit' || kernel !== 'linux-6.1' || exits > 0) return NOTHING
  return { pgactivate: cold ? PROGRAM_ACTIVATED + BOOT_ACTIVATED : PROGRAM_ACTIVATED }
}

/** Pages of the program's file that become active with the first exit of a case, and those the start left. */
const PROGRAM_ACTIVATED = 400
const BOOT_ACTIVATED = 146
