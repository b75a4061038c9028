/** Who else acts on a machine: CPUs and walkers with their TLBs, watches, lock breaks, the swap area. */
declare module 'contpte-lab' {
  /** What one access came to. */
  export interface Access {
    /**
     * Whether it got through. If not, it faulted time and again without end (a `no-progress` violation), or
     * inside `onStep` once, and waits for the operation under way.
     */
    readonly done: boolean
    /** Page frame it reached, -1 where it did not. */
    readonly pfn: number
    /** Faults it took. */
    readonly faults: number
  }

  /** An entry of a TLB. */
  export interface TlbEntry {
    /** The process whose address space it belongs to. */
    readonly pid: number
    /** First virtual address it translates, and how many base pages. */
    readonly address: number
    readonly pages: number
    /** First page frame. */
    readonly pfn: number
    /** One entry for a whole contpte block. */
    readonly coalesced: boolean
    /** Stores pass, at most after the descriptor was marked dirty. */
    readonly writable: boolean
    /** Stores pass without a look at the tables. */
    readonly dirty: boolean
    /** It is not what the tables say now: an invalidation is due, or under way. */
    readonly stale: boolean
  }

  /** A CPU or a walker, with its own TLB, on a machine that has TLBs. */
  export interface Agent {
    /** One load from a page: through its TLB or by a walk; faults are handled by the kernel and it tries again. */
    load(region: Region, page: number, process?: Process): Access
    /** One store of a byte (default 1). */
    store(region: Region, page: number, value?: number, process?: Process): Access
    /** What its TLB holds. */
    tlb(): TlbEntry[]
  }

  /** A broken invariant. */
  export interface Violation {
    /** Which rule, e.g. `block-consistent`, `refcount-below-mapcount`, `dirty-lost`, `stale-translation`. */
    readonly rule: string
    readonly object: string
    readonly found: string
    /** The step inside an operation where a watch saw it; empty between operations. */
    readonly during?: string
  }

  /** Checks at every step that another CPU could see. */
  export interface Watch {
    /** The first broken invariant since the watch began, and if there was none, a full check now. */
    violation(): Violation | undefined
    /** Ends the watch. */
    stop(): void
  }

  /** Fork has dropped the page-table locks in the middle of a table; it still holds the parent's mmap_lock. */
  export interface LockBreak {
    readonly parentPid: number
    readonly childPid: number
    /** Address of the entry that fork looks at next. */
    readonly address: number
    /**
     * A write fault that takes no mmap_lock, as the speculative faults of 5.15 did. Mainline has nothing
     * like it: it is the "another page fault" of the thread.
     */
    fill(region: Region, page: number, process?: Process): void
  }

  /** A swap area. */
  export interface SwapArea {
    readonly slots: number
    readonly free: number
    /** Folios in the swap cache. */
    readonly cached: number
    /** Bytes that the device holds, compressed. */
    readonly deviceBytes: number
    /** Bytes that saved memory tags take: 128 for a page of 4K. */
    readonly tagBytes: number
  }
}
