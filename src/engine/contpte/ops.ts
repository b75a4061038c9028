import type { Tlbi } from '../arch/tlbi'
import type { PageTables } from '../arch/tables'
import type { Folios } from '../mm/folio'
import type { Mm } from '../mm/mm'
import type { Tracer } from '../trace/tracer'

/** What setters tell of entries about to be stored: see `Mte.sync`. */
export interface TagSync {
  sync(slot: number, pfn: number, attr: number, nr: number): void
}

/** What PTE operations work on. */
export interface PteWorld {
  readonly tables: PageTables
  readonly folios: Folios
  readonly tlbi: Tlbi
  /** Kernel functions entered, by `FN`. */
  readonly calls: Float64Array
  /** Stores that may look like the end of a block by chance; see `World`. */
  foldChances: number
  /** Keeps the tags of pages in step with entries; nothing without FEAT_MTE2. */
  readonly mte: TagSync | undefined
  /** Told of every primitive where a trace was asked for. */
  readonly trace: Tracer | undefined
  /** Told of states that another CPU could see. */
  readonly probe: ((what: string, pfn?: number) => void) | undefined
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
  /**
   * `pte_batch_hint` (6.9+): entries from `slot` on, whose value is `attr`, that are known to continue
   * it without being read: the rest of a folded block, else 1.
   */
  batchHint(slot: number, attr: number): number
  /**
   * `set_ptes`: maps `nr` consecutive pages of one folio, first page `pfn`; also stores one swap entry,
   * migration entry or marker. With more than one page all old entries must be non-present (6.9+).
   */
  setPtes(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void
  /**
   * `set_pte_at` where the compiler put `__set_ptes` into its caller (mprotect, mremap): the same as
   * `setPtes` of one entry, but one function less is entered.
   */
  setPteInline(mm: Mm, slot: number, pfn: number, attr: number): void
  /** `pte_clear`: stores 0, unfolding first. */
  pteClear(mm: Mm, slot: number): void
  /** Clears one entry; answers what it was. */
  ptepGetAndClear(mm: Mm, slot: number): number
  /** The same where the whole mm goes away (`full`): a design may then leave neighbours folded. */
  ptepGetAndClearFull(mm: Mm, slot: number, full: boolean): number
  /**
   * `get_and_clear_full_ptes` (6.9+; `clear_ptes` of v3): clears `nr` present entries of one table and
   * answers the first with young and dirty of all of them. Blocks cut at the ends unfold first.
   */
  getAndClearFullPtes(mm: Mm, slot: number, nr: number, full: boolean): number
  /** `clear_full_ptes` (6.9+): the same, nothing gathered. */
  clearFullPtes(mm: Mm, slot: number, nr: number, full: boolean): void
  /** Write-protects `nr` present entries of one table. */
  wrprotectPtes(mm: Mm, slot: number, nr: number): void
  /**
   * `clear_young_dirty_ptes` (6.10+): clears the access flag, the dirty state or both of `nr` present
   * entries, and of every entry of a folded block that the range touches. Never unfolds or flushes.
   */
  clearYoungDirtyPtes(mm: Mm, slot: number, nr: number, young: boolean, dirty: boolean): void
  /**
   * Relaxes a present entry to `attr`; true when it changed. `dirty` says the fault was a store:
   * then stale translations are flushed.
   */
  ptepSetAccessFlags(mm: Mm, slot: number, attr: number, dirty: boolean): boolean
  /** Clears the access flag, of the whole block where it is folded; answers whether it was set. */
  ptepTestAndClearYoung(mm: Mm, slot: number): boolean
  /** The same, and invalidates if it was set; the caller owes the final DSB. */
  ptepClearFlushYoung(mm: Mm, slot: number): boolean
  /** `ptep_clear_flush`: clears one entry and flushes its page if hardware could hold it. */
  ptepClearFlush(mm: Mm, slot: number): number
  /** `ptep_modify_prot_start`: takes one entry out for a change of protection; answers what it was. */
  ptepModifyProtStart(mm: Mm, slot: number): number
  /** `ptep_modify_prot_commit`: puts it back changed; may fold its block again. */
  ptepModifyProtCommit(mm: Mm, slot: number, pfn: number, attr: number): void
  /**
   * Reads on from an entry just read: how many of the `limit` entries after it are present, map the
   * pages that follow and equal it but for AF, dirty and RDONLY. What v2 01/14 asks of a batch.
   */
  matchRun(mm: Mm, slot: number, limit: number): number
}
