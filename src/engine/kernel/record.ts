/**
 * A named kernel is a record of strategies: plain data, so that it can be hashed into the key of a
 * cell, shown to the user and compared. Adding a kernel is adding a file beside this one.
 */
export interface KernelRecord {
  /** The name scripts use. */
  readonly name: string
  /** One line for lists. */
  readonly title: string
  /** What the record stands for, and where its rules come from. */
  readonly source: string
  /**
   * How core-mm reaches entries: `absent` is the raw operations of a tree without contpte;
   * `transparent-v2` folds and unfolds as posted in v2 12/14 (15 Nov 2023).
   */
  readonly pteOps: 'absent' | 'transparent-v2'
  /**
   * `ptep_set_wrprotect` over a range: `per-pte` handles one entry at a time, `batch-v2` is
   * `ptep_set_wrprotects` of v2 13/14.
   */
  readonly forkCopy: 'per-pte' | 'batch-v2'
  /**
   * What clearing an entry of a folded block does: `plain` knows no blocks, `unfold-first` converts
   * the block at its first entry, `full-v2` does so too except in exit, where v2 14/14 exchanges
   * entries without unfolding.
   */
  readonly zap: 'plain' | 'unfold-first' | 'full-v2'
  /** Folio orders of anonymous faults: per-size sysfs controls (6.8+). */
  readonly faultOrders: 'per-size'
  /** Range TLBI encoding: `ascending` from scale 0 (up to 6.7), `descending` from scale 3 (6.8+). */
  readonly tlbiRange: 'ascending' | 'descending'
  /** DSB ISH at the end of a range flush that became a whole-ASID flush: 1, or 2 from 6.12. */
  readonly asidFallbackDsbIsh: 1 | 2
  /** What one slot of an mmu_gather holds: a page (up to 6.8), or a run of pages of a folio (6.9+). */
  readonly gatherSlots: 'page'
}
