/**
 * What the recording program itself adds to the counts of a step: its own mappings are shared and
 * never copied, but fork and exit walk them. Measured where nothing else happens (`C.none`,
 * `E.C.none`), per CPU model.
 */
import type { Step, Tally } from './schema'

/** What the program's part depends on. */
export interface Harness {
  readonly kernel: string
  readonly cpu: string
  /** Children that exited before. */
  readonly exits: number
}

const FORK: Tally = { copy_page_range: 6, anon_vma_fork: 6 }
const EXIT_612: Tally = {
  __tlb_remove_folio_pages: 1,
  __tlb_remove_folio_pages_size: 1,
  flush_tlb_batched_pending: 1,
  folio_mark_accessed: 1,
  folio_remove_rmap_ptes: 1,
  free_pgd_range: 1,
  tlb_flush: 1,
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
  tlb_remove_table: 3,
  unmap_page_range: 1,
  vm_normal_page: 1
}
const NOTHING: Tally = {}

/** Calls that the program's own part of the step made. */
export function harnessCounts({ kernel }: Harness, { op }: Step): Tally {
  if (op === 'fork') return FORK
  if (op !== 'exit') return NOTHING
  return kernel === 'linux-6.1' ? EXIT_61 : EXIT_612
}

/** /proc/vmstat events likewise. */
export function harnessEvents({ cpu }: Harness, { op }: Step): Tally {
  // Without hardware dirty state the exiting child faults on the page it reports through.
  return op === 'exit' && cpu === 'cortex-a72' ? { pgfault: 1 } : NOTHING
}
