/** Huge pages in the experiment API: decisions, memory, allocators at work, the shell. */
declare module 'contpte-lab' {
  /**
   * Why a size is, or is not, what a store gets. Refused by settings (`size-...`: its own `enabled`, `top-...`:
   * the top level it inherits), by advice (`nohugepage`) or `prctl`, by the kernel (`version`), by the kind of
   * VMA; by the VMA's bounds; by what is mapped around the page; by the allocator; or `larger-first`.
   */
  export type SizeReason =
    | 'size-never'
    | 'size-madvise'
    | 'top-never'
    | 'top-madvise'
    | 'nohugepage'
    | 'prctl'
    | 'version'
    | 'not-anonymous'
    | 'not-marked'
    | 'userfaultfd'
    | 'not-writable'
    | 'vma-bounds'
    | 'entries-taken'
    | 'table-there'
    | 'pool-empty'
    | 'no-memory'
    | 'larger-first'
    | 'used'

  /** One size of folio as a store to a page meets it. */
  export interface SizeDecision {
    readonly order: number
    readonly bytes: number
    /** What `hugepages-<size>kB/enabled` says; missing where the kernel has no such file. */
    readonly setting?: 'always' | 'inherit' | 'madvise' | 'never'
    /** The same with `inherit` resolved. */
    readonly policy: 'always' | 'madvise' | 'never'
    /** Settings, advice and prctl allow it in this VMA. */
    readonly allowed: boolean
    readonly reason: SizeReason
    /** The reason as a sentence. */
    readonly why: string
  }

  /** What a store to one page would do now. */
  export interface StoreDecision {
    /** Order of the folio that the next store maps; missing where the page is mapped already, or not writable. */
    readonly order?: number
    /** From the largest size to the smallest. */
    readonly sizes: readonly SizeDecision[]
  }

  /** What an allocator is told. Sizes are powers of two, where not said otherwise. */
  export interface WorkloadOptions {
    kind: 'arena' | 'bump' | 'js-heap'
    /** Bytes of live objects it grows to (any size); default a quarter of the region. */
    live?: Bytes
    /** `arena`, `bump`: the largest object. Default 32 KiB, 4 KiB. */
    max?: Bytes
    /** `arena`: share of `live` it shrinks to before it grows again. Default 0.5. */
    low?: number
    /** `arena`: operations that a free run of pages waits before MADV_DONTNEED. Default 1000. */
    decay?: number
    /** `arena`: runs are given back in aligned units of so many bytes. Default a page; 64K is friendly. */
    purge?: Bytes
    /** `js-heap`: bytes of a semi-space. Default 1 MiB. */
    young?: Bytes
    /** `js-heap`: share of young bytes that survive, and of old chunks found dead. Default 0.1, 0.3. */
    survive?: number
    dead?: number
    /** Default 1. */
    seed?: number
  }

  /** Where a workload stands. */
  export interface WorkloadReport {
    readonly operations: number
    readonly allocations: number
    readonly frees: number
    readonly liveBytes: number
    /** Pages with a live object in them: what the process needs. */
    readonly livePages: number
    /** Pages resident in the process: what it has. */
    readonly residentPages: number
    /** Calls of MADV_DONTNEED, and pages in them. */
    readonly purges: number
    readonly purgedPages: number
    /** Stores to pages. */
    readonly stores: number
    /** Memory of this computer that the workload itself takes. */
    readonly stateBytes: number
  }

  /** An allocator at work. */
  export interface Workload {
    /** Runs so many allocations and frees more, and says where it stands. */
    run(operations: number): WorkloadReport
  }

  /** Memory of a machine, in pages. */
  export interface Memory {
    readonly total: number
    readonly free: number
    /** The kernel's own. */
    readonly reserved: number
    /** Pages of folios that somebody holds. */
    readonly inUse: number
    /** Pages held by others (`fragment`), and the huge zero page. */
    readonly others: number
    /** Free blocks of each order, as in /proc/buddyinfo. */
    readonly freeBlocks: readonly number[]
    /** By order, the share of free memory that lies in smaller blocks: 0 to 1. */
    readonly unusable: readonly number[]
    /** Folios of each order that somebody holds. */
    readonly folios: readonly number[]
    /** Folios on the deferred-split list, and their pages that nothing maps: only a split frees them. */
    readonly deferred: { readonly folios: number; readonly unmapped: number }
    /** Events of /proc/vmstat that are modelled, by name: `thp_fault_fallback`, `compact_stall`, ... */
    readonly events: Readonly<Record<string, number>>
  }

  /** What one wake-up of khugepaged did. */
  export interface KhugepagedPass {
    /** Entries looked at, up to `khugepaged/pages_to_scan`. */
    readonly scanned: number
    readonly collapsed: number
    /** Each PMD range looked at: `succeed`, or what was against it. */
    readonly ranges: readonly { readonly pid: number; readonly address: number; readonly result: string }[]
  }

  /** What lines typed into a shell came to. */
  export interface ShellResult {
    /** Everything, in the order in which a terminal shows it. */
    readonly output: string
    /** What of it went to standard error. */
    readonly errors: string
    /** Exit status of the last command. */
    readonly status: number
  }

  /** A pool of HugeTLB pages; counts are of such pages. */
  export interface HugetlbPool {
    /** Size of a page, in bytes, and log2 of its base pages. */
    readonly bytes: number
    readonly order: number
    /** Entries that map one page (more than one have the contiguous bit), and at which level they lie. */
    readonly entries: number
    readonly level: 'pte' | 'pmd' | 'pud'
    readonly total: number
    readonly free: number
    /** Promised to mappings that have not touched them. */
    readonly reserved: number
    /** Allocated on demand beyond the pool's size, and how many there may be. */
    readonly surplus: number
    readonly overcommit: number
    /**
     * Vmemmap pages of one page of the pool (below 1: shared with neighbours), how many of them optimising
     * frees and their bytes, and whether this machine can.
     */
    readonly vmemmap: {
      readonly pages: number
      readonly freed: number
      readonly bytes: number
      readonly optimisable: boolean
    }
  }

  /** The vmemmap as far as HugeTLB pages changed it. */
  export interface VmemmapInfo {
    /** The kernel has the optimisation, and does it for pages that join a pool. */
    readonly present: boolean
    readonly enabled: boolean
    /** Pages of pools that are optimised, and the base pages they give back. */
    readonly folios: number
    readonly savedPages: number
    readonly savedBytes: number
    /** Pages spent for tables in the place of PMD leaves; they are never given back. */
    readonly tables: number
    /**
     * What was done so far: folios `optimised`, `restored`, `failed` for want of memory; leaf `splits`,
     * entries `remaps`, page `copies`; pages `freed` to the page allocator and `taken` from it;
     * `rangeFlushes` of `flushedPages` pages in all, `fullFlushes`; RCU `waits`.
     */
    readonly tally: Readonly<
      Record<
        | 'optimised'
        | 'restored'
        | 'failed'
        | 'splits'
        | 'remaps'
        | 'copies'
        | 'freed'
        | 'taken'
        | 'rangeFlushes'
        | 'flushedPages'
        | 'fullFlushes'
        | 'waits',
        number
      >
    >
  }

  /** An entry that maps a vmemmap page. */
  export interface VmemmapEntry {
    readonly index: number
    /** Frame it maps; those of the array itself lie above all other memory. */
    readonly frame: number
    readonly writable: boolean
    /** Mapped by a PMD leaf, to a page of its own, or to the one that stands for all the rest. */
    readonly by: 'leaf' | 'own' | 'shared'
  }

  /** HugeTLB: pools of pages, and the vmemmap that describes them. Sizes are bytes, such as `'2MiB'`. */
  export interface Hugetlb {
    /** Every pool, smallest pages first. */
    pools(): HugetlbPool[]
    /** The pool of a size; `bad-argument` where there is none. */
    pool(size: Bytes): HugetlbPool
    /** A write to `nr_hugepages`; answers how many pages the pool has then, which may be fewer, or more in use. */
    resize(size: Bytes, pages: number): number
    /**
     * Optimises all free pages of a pool that are not, in one batch where the kernel has batches; answers how
     * many. 0 where the kernel has it not (`hvo`) or there is nothing to gain.
     */
    optimise(size: Bytes): number
    /** Gives free pages of a pool all their vmemmap pages again; answers how many, fewer without memory. */
    restore(size: Bytes): number
    vmemmap(): VmemmapInfo
    /** The vmemmap entries of free page `page` (default 0) of a pool. */
    entries(size: Bytes, page?: number): VmemmapEntry[]
  }
}
