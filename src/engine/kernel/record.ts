import type { SwapSlots } from '../mm/swap-clusters'
import type { MteDesignName } from '../mte/designs'
import type { VmemmapDesign } from './vmemmap'

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
   * `transparent-*` fold and unfold as posted in v2 12/14 (15 Nov 2023), as agreed for v3 (Dec 2023),
   * as merged for 6.9 (v6), and as in 6.12; `exposed` is OnePlus 5.15, whose core knows blocks.
   */
  readonly pteOps:
    'absent' | 'transparent-v2' | 'transparent-v3' | 'transparent-6.9' | 'transparent-6.12' | 'exposed'
  /**
   * When `ptep_set_access_flags` on a folded block has nothing to do: `gathered` compares the gathered
   * entry (6.9, 6.12.0), `each-entry` every entry of the block (later 6.12 stable). Rule A1.
   */
  readonly accessFlagsNoop: 'gathered' | 'each-entry'
  /**
   * What fork copies at a time: one entry (up to 6.8), the batches of v2 01/14 and 13/14, of v3, the
   * upstream `folio_pte_batch` (6.9+), or OnePlus blocks.
   */
  readonly forkCopy: 'per-pte' | 'batch-v2' | 'batch-v3' | 'batch-upstream' | 'exposed'
  /**
   * How often fork loads an entry that is there before it write-protects it: by plain C, once a test
   * (3, up to 6.1), or by `ptep_get` (2). The batches of 6.9+ load it once whatever this says.
   */
  readonly forkLoads: 2 | 3
  /** `folio_pte_batch` never looks past the folio's end: later 6.12 stable; 6.9 to 6.12.0 read one entry more. */
  readonly batchClipped: boolean
  /**
   * What clearing entries does: `plain` knows no blocks, `unfold-first` converts a block at its first
   * entry, `full-v2` does so too except in exit, `full-v2-robust` also keeps what hardware recorded in
   * the block, `flush-folio` clears and flushes a folio that is mapped whole, `clear-ptes-v3` and
   * `batch-upstream` clear runs and unfold only blocks cut at the ends, `exposed` is OnePlus. Designs
   * D0, D1, D2, D2r, D5, D3, D4 and D6 of `teardown.md`.
   */
  readonly zap:
    | 'plain'
    | 'unfold-first'
    | 'full-v2'
    | 'full-v2-robust'
    | 'flush-folio'
    | 'clear-ptes-v3'
    | 'batch-upstream'
    | 'exposed'
  /** Folio orders of anonymous faults: PMD or nothing (6.1), per-size sysfs controls (6.8+), OnePlus. */
  readonly faultOrders: 'pmd-only' | 'per-size' | 'exposed'
  /**
   * Which files sysfs has for transparent huge pages, and what writing them does: none a size (6.1),
   * `enabled` a size (6.8, 6.9), also `stats` of faults and swap (6.10), also `shmem_enabled` and `stats` of
   * splits and shared memory, with khugepaged started and stopped by the PMD size's file (6.11), or gauges, sizes of
   * the page cache, `shrink_underused` and `thp_anon=`, too (6.12).
   */
  readonly thpFiles: 'linux-6.1' | 'linux-6.8' | 'linux-6.10' | 'linux-6.11' | 'linux-6.12'
  /** Range TLBI encoding: `ascending` from scale 0 (up to 6.7), `descending` from scale 3 (6.8+). */
  readonly tlbiRange: 'ascending' | 'descending'
  /** DSB ISH at the end of a range flush that became a whole-ASID flush: 1, or 2 from 6.12. */
  readonly asidFallbackDsbIsh: 1 | 2
  /** What one slot of an mmu_gather holds: a page (up to 6.8), or half a run of pages of a folio (6.9+). */
  readonly gatherSlots: 'page' | 'run'
  /** Uses 52-bit addresses where the CPU has FEAT_LPA2 (6.9+). */
  readonly lpa2: boolean
  /** Where swap entries and PROT_NONE keep their bits: up to 6.9, or 6.10+. */
  readonly layout: 'linux-6.1' | 'linux-6.10'
  /** MADV_FREE, COLD and PAGEOUT of a large folio: split it (up to 6.9), or batch over its entries (6.10+). */
  readonly madvise: 'split' | 'batch'
  /** What queues a large folio for deferred split: any unmap of a page (up to 6.9), or being partially mapped (6.10+). */
  readonly deferredSplit: 'each-unmap' | 'partially-mapped'
  /** Folios that wait in a per-CPU LRU batch: 15, or 31 from 6.9. */
  readonly lruBatch: 15 | 31
  /** Which anonymous pages a write fault may reuse without being exclusive: `wp_can_reuse` of 6.1, order-0 folios only, or what has one reference and one mapping (5.15). */
  readonly reuse: 'linux-6.1' | 'order-0' | 'sole-reference'
  /** Knows which anonymous pages one process has for itself alone (PG_anon_exclusive, 5.19+). */
  readonly anonExclusive: boolean
  /** Splitting a PMD leaf: entries come out clean and the folio dirty (6.1), or they stay dirty (6.9+). */
  readonly pmdSplitDirty: 'folio' | 'entries'
  /**
   * Swapping in: a page at a time (up to 6.10); all of a folio that is still cached, writable at once, where the
   * entries allow it (6.11); from a synchronous device whole folios are read, too (6.12).
   */
  readonly swapIn: 'page' | 'cached-folio' | 'folio'
  /** Which names the kernel's functions go by where they were renamed; for counts of functions only. */
  readonly functionNames: 'linux-6.1' | 'linux-6.12'
  /** The multi-generation LRU runs (a build choice): accessing a folio twice does not activate it. */
  readonly lruGen: boolean
  /** While a folio is mapped by PMD and by PTE at once, every page's mapcount is one higher (PG_double_map, up to 6.1). */
  readonly doubleMap: boolean
  /** TLB flush of entries that reclaim unmaps: each at once, or one DSB for all (arm64 from 6.6). */
  readonly unmapFlush: 'each' | 'batched'
  /** Which read-only entries mprotect makes writable at once: dirty exclusive pages (6.1), or all exclusive ones. */
  readonly writeUpgrade: 'dirty-exclusive' | 'exclusive'
  /** mremap starts at a table's border when nothing lies before either place (`try_realign_addr`, 6.7+). */
  readonly remapRealigns: boolean
  /** A dirty file page keeps its rmap until the TLB is flushed (6.2+). */
  readonly delayedRmap: boolean
  /** Splitting a folio maps the shared page of zeroes instead of pages that hold only zeroes (6.12). */
  readonly splitDropsZeroes: boolean
  /** ... but not a page with memory tags (6.12 stable and 6.18; 6.12.0 loses them). */
  readonly splitKeepsTags: boolean
  /** Large folios at swap-out: split unless PMD-mapped (up to 6.9), or swapped whole (6.10+). */
  readonly swapOut: 'split' | 'whole'
  /** Which slots a folio may get: see `swap-clusters.ts`. */
  readonly swapSlots: SwapSlots
  /** How tags of large folios are kept in swap where CPUs have FEAT_MTE2: see `mte/designs.ts`. */
  readonly mteDesign: MteDesignName
  /** Folios of zeroes are noted in a bitmap instead of written (6.12+). */
  readonly swapZeroMap: boolean
  /** What compaction moves: single pages, or folios smaller than the block it makes (6.9+). */
  readonly compaction: 'pages' | 'folios'
  /**
   * How mprotect and mremap invalidate HugeTLB entries: the range they were asked for, walk caches too, or
   * what an mmu_gather of their own holds, which inside mprotect ends with the whole ASID (late stable releases).
   */
  readonly hugetlbFlush: 'range' | 'gather'
  /** How the struct pages of HugeTLB folios are cut down, if they are. */
  readonly vmemmap: VmemmapDesign
  /** A HugeTLB page that its mapping had reserved is promised to it again when it is unmapped (6.9+). */
  readonly hugetlbRestoresReserve: boolean
  /** What is wrong with it by design: none where it claims to be correct. */
  readonly knownFaults: readonly KnownFault[]
}

/** A mistake that a kernel is known to have, kept because it is what the record stands for. */
export interface KnownFault {
  /** The rule of the checker that finds it. */
  readonly rule: string
  /**
   * `fork`: only where a process forks; `mixed-agents`: only where some agent does not update descriptors
   * by itself; `tagged-memory`: only with memory tags.
   */
  readonly where: 'fork' | 'mixed-agents' | 'tagged-memory'
  /** What is wrong, and who said so. */
  readonly why: string
}
