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
    /** Order of the folio that the next store maps; missing where the page is mapped already. */
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
}
