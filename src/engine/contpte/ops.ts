import type { Tlbi } from '../arch/tlbi'
import type { PageTables } from '../arch/tables'
import type { Folios } from '../mm/folio'
import type { Mm } from '../mm/mm'

/** What PTE operations work on. */
export interface PteWorld {
  readonly tables: PageTables
  readonly folios: Folios
  readonly tlbi: Tlbi
  /** Kernel functions entered, by `FN`. */
  readonly calls: Float64Array
}

/**
 * The kernel's interface to last-level entries, under its own names. Core-mm uses nothing else and
 * never decides anything by the contiguous bit; getters may leak it, every setter strips it.
 *
 * An entry is named by its slot in `PageTables`; the block it belongs to follows from the slot, since
 * tables are larger than blocks. Values are the `attr` lane; the `pfn` lane never changes on a read.
 * All operations but `ptepGetLockless` stand for code that holds the page-table lock.
 */
export interface PteOps {
  /** The entry; access flag and dirty gathered over its block where it is folded. */
  ptepGet(mm: Mm, slot: number): number
  /** `ptepGet` for a caller that ignores young and dirty: reads as much, answers the entry alone. */
  ptepGetPresence(mm: Mm, slot: number): number
  /** `ptepGet` without the lock: rereads until it saw one consistent block. */
  ptepGetLockless(mm: Mm, slot: number): number
  /** Maps `nr` consecutive pages of one folio, first page `pfn`. */
  setPtes(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void
  /** Clears one entry; answers what it was. */
  ptepGetAndClear(mm: Mm, slot: number): number
  /** The same where the whole mm goes away (`full`): a design may then leave neighbours folded. */
  ptepGetAndClearFull(mm: Mm, slot: number, full: boolean): number
  /** Write-protects `nr` present entries of one table. */
  wrprotectPtes(mm: Mm, slot: number, nr: number): void
  /**
   * Relaxes a present entry to `attr`; true when it changed. `dirty` says the fault was a store:
   * then stale translations are flushed.
   */
  ptepSetAccessFlags(mm: Mm, slot: number, attr: number, dirty: boolean): boolean
  /** Clears the access flag, of the whole block where it is folded; answers whether it was set. */
  ptepTestAndClearYoung(mm: Mm, slot: number): boolean
  /** The same, and invalidates if it was set; the caller owes the final DSB. */
  ptepClearFlushYoung(mm: Mm, slot: number): boolean
  /**
   * Reads on from an entry just read: how many of the `limit` entries after it are present, map the
   * pages that follow and equal it but for AF, dirty and RDONLY. What v2 01/14 asks of a batch.
   */
  matchRun(mm: Mm, slot: number, limit: number): number
}
