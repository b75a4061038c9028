/**
 * What the recording program itself adds to the counts of a step: its own mappings are shared and
 * never copied, but fork and exit walk them. Measured where nothing else happens (`C.none`,
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
const EXIT_612: Tally = {
  __tlb_remove_folio_pages: 1,
  __tlb_remove_folio_pages_size: 1,
  flush_tlb_batched_pending: 1,
  folio_mark_accessed: 1,
  folio_remove_rmap_ptes: 1,
  free_pgd_range: 1,
  tlb_flush: 1,
  tlb_flush_mmu: 1,
  tlb_flush_rmap_batch: 1,
  tlb_flush_rmaps: 1,
  tlb_remove_table: 3,
  unmap_page_range: 1,
  vm_normal_page: 1
}
const EXIT_61: Tally = {
  __tlb_remove_page_size: 1,
  folio_mark_accessed: 1,
  free_pgd_range: 1,
  page_remove_rmap: 1,
  tlb_batch_pages_flush: 1,
  tlb_flush: 1,
  tlb_flush_mmu: 1,
  tlb_remove_table: 3,
  unmap_page_range: 1,
  vm_normal_page: 1
}
/** The first exit of a case makes the page active through which the child reports. */
const FIRST_EXIT_61: Tally = { folio_activate: 1, folio_activate_fn: 1 }
const NOTHING: Tally = {}

/** Calls that the program's own part of the step made. */
export function harnessCounts({ kernel, granule, exits }: Harness, { op }: Step): Tally {
  if (op === 'fork') return FORK
  if (op !== 'exit') return NOTHING
  if (kernel === 'linux-6.1') return exits === 0 ? { ...EXIT_61, ...FIRST_EXIT_61 } : EXIT_61
  // With 16K pages one table more lies above both the program's page and the regions.
  return granule === '16K' ? { ...EXIT_612, tlb_remove_table: 2 } : EXIT_612
}

/** /proc/vmstat events likewise. */
export function harnessEvents({ kernel, cpu, steps, exits }: Harness, { op }: Step): Tally {
  if (cpu === 'cortex-a72') {
    // Without hardware dirty state the program's first stores to its own pages fault, and an exiting child's.
    if (steps === 0) return { pgfault: op === 'fork' ? 2 : 3 }
    return op === 'exit' ? { pgfault: 1 } : NOTHING
  }
  return op === 'exit' && kernel === 'linux-6.1' && exits === 0 ? { pgactivate: 401 } : NOTHING
}

/** Pages the program itself has mapped, at most: nearly 2,500, some more or less with CPU and case. */
const PROGRAM_PAGES = 2600

/** How often a function may have been entered for the program's own pages, of which nobody knows the number. */
export function harnessChances({ op }: Step): Tally {
  if (op !== 'clearrefs') return NOTHING
  return { vm_normal_folio: PROGRAM_PAGES, vm_normal_page: PROGRAM_PAGES }
}
