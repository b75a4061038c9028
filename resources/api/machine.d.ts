/** Machines, processes and regions of the experiment API; the rest is in the files beside it. */
declare module 'contpte-lab' {
  /**
   * What an entry is: `none`, a `page`, the shared page of zeroes (`zero`), a page without access
   * (`protnone`: PROT_NONE or a NUMA hint), a page inside a `pmd` leaf; or, not present, a `swap` or
   * `migration` entry or a `marker`.
   */
  export type EntryKind = 'none' | 'page' | 'zero' | 'protnone' | 'pmd' | 'swap' | 'migration' | 'marker'

  /** What one page-table entry holds, decoded. */
  export interface Pte {
    readonly kind: EntryKind
    /** The kernel finds a page there: valid, or without access. */
    readonly present: boolean
    /** Hardware walks it (bit 0). */
    readonly valid: boolean
    /** PTE_WRITE, the DBM bit: stores are allowed, though hardware may have to mark it dirty first. */
    readonly writable: boolean
    /** PTE_RDONLY, AP[2]: stores do not pass as it stands. */
    readonly readOnly: boolean
    /** Dirty by software, or by hardware (writable and not read-only). */
    readonly dirty: boolean
    /** The access flag. */
    readonly young: boolean
    /** Valid with the contiguous bit. */
    readonly contiguous: boolean
    /** Write-protected for userfaultfd. */
    readonly uffdWp: boolean
    /** Page frame number, or -1 when the entry maps nothing. */
    readonly pfn: number
  }

  /** The contpte block that holds a page: 16, 128 or 32 naturally aligned entries. */
  export interface Block {
    /** All entries valid and contiguous, in line, of one folio: what the contpte layer keeps. */
    readonly folded: boolean
    /** Entries that are valid. */
    readonly valid: number
    /** Entries that are valid and have the contiguous bit. */
    readonly contiguous: number
    /**
     * Valid entries disagree on the contiguous bit, or contiguous ones on anything but access and dirty
     * state, or their frames are not in one aligned line: hardware may do anything. Entries that are not
     * valid do not count.
     */
    readonly misprogrammed: boolean
    readonly entries: readonly Pte[]
  }

  /**
   * A verdict about a block as it stands. Unsafe: `misprogrammed` (valid entries disagree), `given-up` (a
   * page that was given up can still be reached). Safe: `nobody-runs` (the same in an exiting address
   * space), `case-b` (a walk of a remaining entry may map the whole block, whose pages are all kept),
   * `not-flushed` (a TLB holds cleared entries, whose pages are kept), `case-a` (cleared: accesses fault and
   * wait), `folded`, `plain`.
   */
  export type ObservationRule =
    'misprogrammed' | 'given-up' | 'nobody-runs' | 'case-b' | 'not-flushed' | 'case-a' | 'folded' | 'plain'

  /** One entry of a block, as another CPU meets it. */
  export interface ObservedEntry {
    /** What a walk finds: it faults, gives one page, or may give the whole block. */
    readonly walk: 'fault' | 'page' | 'block'
    /** A walk of another entry may give a translation that covers this one. */
    readonly neighbours: boolean
    /** CPUs and walkers whose TLB translates the page now. */
    readonly held: readonly number[]
    /** Frame that an access may reach, -1 where none can. */
    readonly pfn: number
    /** The page has lost its mapping and its reference. */
    readonly givenUp: boolean
  }

  /** What other CPUs can make of a block at this very moment. */
  export interface Observation {
    /** First virtual address of the block. */
    readonly address: number
    readonly entries: readonly ObservedEntry[]
    /** Entries that are valid, and of those the ones with the contiguous bit. */
    readonly valid: number
    readonly contiguous: number
    /** Entries of TLBs that translate some of it. `cleared`: also an entry that is not valid now. */
    readonly translations: readonly {
      readonly agent: number
      readonly address: number
      readonly pages: number
      readonly pfn: number
      readonly coalesced: boolean
      readonly cleared: boolean
    }[]
    /** What a broadcast TLBI would do: entries it removes, and whether a walk may form one for the block again. */
    readonly invalidation: { readonly removes: number; readonly comesBack: boolean }
    /** Whether something may be stored in a cleared entry: a marker, a valid entry. */
    readonly stores: { readonly marker: boolean; readonly valid: boolean }
    readonly safe: boolean
    readonly rule: ObservationRule
    /** The rule as a sentence. */
    readonly why: string
  }

  /** A kernel call on one entry of a block, by what core-mm calls it for; `set_pte` stores a valid entry. */
  export type BlockCall =
    | 'ptep_get'
    | 'ptep_get_lockless'
    | 'marker'
    | 'set_pte'
    | 'pte_clear'
    | 'ptep_get_and_clear'
    | 'wrprotect'
    | 'access_flags'
    | 'clear_young'

  /** What a call would do to a block as it stands. */
  export interface BlockCallResult {
    readonly call: BlockCall
    /** Index in the block. */
    readonly index: number
    /** What a getter answers, or a call that clears. */
    readonly answer: { readonly present: boolean; readonly young: boolean; readonly dirty: boolean }
    /** It reads again and again until the block is whole or gone. */
    readonly waits: boolean
    /** It rewrites the whole block. */
    readonly unfolded: boolean
    readonly tlbi: number
    /** Cleared entries that would be valid again. */
    readonly mappedAgain: readonly number[]
    readonly misprogrammed: boolean
    readonly safe: boolean
  }

  /** The folio behind a page. */
  export interface Folio {
    /** First page frame of the folio. */
    readonly pfn: number
    readonly order: number
    /** Base pages. */
    readonly pages: number
    readonly refcount: number
    /** Mapcount of the page asked for: mappings by last-level entries. */
    readonly mapcount: number
    /** Mappings of the folio as a whole: by PMD leaves, or by blocks of OnePlus. */
    readonly entireMapcount: number
    /** Pins (FOLL_PIN) of the folio. */
    readonly pincount: number
    /** Whether the page asked for is anon-exclusive. */
    readonly exclusive: boolean
    /** Anonymous, not of a file. */
    readonly anonymous: boolean
  }

  /** Advice of `madvise(2)`, in small letters without `MADV_`. */
  export type Advice =
    | 'dontneed'
    | 'free'
    | 'hugepage'
    | 'nohugepage'
    | 'cold'
    | 'pageout'
    | 'populate_read'
    | 'populate_write'
    | 'collapse'
    | 'dontfork'
    | 'dofork'
    | 'wipeonfork'
    | 'keeponfork'

  /** Access that a mapping allows: letters, or none. */
  export type Protection =
    'none' | 'r' | 'w' | 'x' | 'rw' | 'rx' | 'wx' | 'rwx' | 'rm' | 'wm' | 'rwm' | 'rwxm'

  /** What pages are pinned for. */
  export interface PinOptions {
    /** FOLL_WRITE: pages must be writable, and so are this process's own. Default true. */
    write?: boolean
    /** FOLL_LONGTERM. Default true. */
    longterm?: boolean
  }

  /** How a range is registered with userfaultfd. */
  export interface UserfaultOptions {
    /**
     * UFFD_FEATURE_EVENT_FORK: children stay registered and keep the marks, so fork copies the entries of
     * shared mappings, too. Default false: a child is not registered.
     */
    forkEvents?: boolean
  }

  /**
   * A part of a page that memory tags are set or read on. A tag is that of 16 bytes, aligned: `bad-argument`
   * where `offset` or `bytes` cut such a granule, or where the part does not lie in the page.
   */
  export interface TagPart {
    /** Where in the page it begins. Default: 0. */
    offset?: Bytes
    /** How long it is. Default: to the end of the page. */
    bytes?: Bytes
  }

  /** What `corrupt` changes in an entry; the rest stays. */
  export interface Corruption {
    contiguous?: boolean
    valid?: boolean
    writable?: boolean
    young?: boolean
    dirty?: boolean
    pfn?: number
    /** The entry becomes a swap entry. */
    swap?: true
  }

  /** A migration under way: all mappings of a folio are migration entries. */
  export interface Migration {
    /** Gives up: every page is mapped again where a migration entry stands for it, in children too. */
    undo(): void
  }

  /**
   * A mapped range of a process. Page numbers count from the start of the region. Methods that take
   * `from` and `count` default to the whole region, and act for the process that mapped it; a child acts
   * on its own copy with `process`. A call that fails throws an error whose `code` is the errno; what it
   * did before stays done, as in the kernel.
   */
  export interface Region {
    /** First virtual address. */
    readonly address: number
    readonly bytes: number
    /** Length in pages. */
    readonly length: number
    /**
     * Stores to `count` pages from page `from`, ascending, faulting pages in. Throws `EFAULT` (SIGSEGV)
     * or `EIO` (SIGBUS) at the page that may not be stored to. Pages go on to hold what they held: new ones
     * zeroes, which 6.12 gives back when it splits their folio and does not write when it swaps them out.
     * `store` puts something else there.
     */
    write(from?: number, count?: number, process?: Process): void
    /** Loads from `count` pages from page `from`. */
    read(from?: number, count?: number, process?: Process): void
    /** Stores a byte, 0 to 255, into one page. */
    store(page: number, value: number, process?: Process): void
    /** Loads the byte that one page holds; pages begin as zeroes. */
    load(page: number, process?: Process): number
    /** `madvise(2)`. `ENOMEM` where part of the range is not mapped, `EINVAL` where the advice does not fit. */
    madvise(advice: Advice, from?: number, count?: number, process?: Process): void
    /** `munmap(2)`. */
    munmap(from?: number, count?: number, process?: Process): void
    /**
     * STG on every granule of the pages, or of a part of each: its memory tag becomes `tag` (0 to 15). Nothing
     * where the mapping lacks PROT_MTE (`m` in its protection).
     */
    setTags(tag: number, from?: number, count?: number, process?: Process, part?: TagPart): void
    /**
     * LDG on every granule of the pages, or of a part of each: the tag of each page, or all that occur there,
     * ascending, where they are several.
     */
    tags(from?: number, count?: number, process?: Process, part?: TagPart): (number | number[])[]
    /** `mprotect(2)`. `ENOMEM` at the first gap. `m` (PROT_MTE), once given, stays; `EINVAL` where tags cannot be. */
    mprotect(prot: Protection, from?: number, count?: number, process?: Process): void
    /**
     * `mremap(2)` with MREMAP_MAYMOVE and MREMAP_FIXED: moves pages to page `page` of region `to`, where
     * what was mapped is unmapped first. The pages are then seen through `to`. `EFAULT` where they do not
     * lie in one mapping, `EINVAL` where both places overlap.
     */
    mremap(to: Region, page?: number, from?: number, count?: number, process?: Process): void
    /** `mlock(2)`: marks and populates. `ENOMEM` where part of the range is not mapped. */
    mlock(from?: number, count?: number, process?: Process): void
    /**
     * Pins pages as a driver does (`pin_user_pages_fast`), and answers how many it got before the first
     * that it could not; `EFAULT` where that is the first one. `Process.unpin` lets go.
     */
    pin(from?: number, count?: number, how?: PinOptions, process?: Process): number
    /** Takes access away as NUMA balancing's scan does; the next access gives it back by a fault. */
    numaHint(from?: number, count?: number, process?: Process): void
    /**
     * Registers with userfaultfd (asynchronous write protection) and protects what is mapped. `EINVAL`
     * up to 6.9: arm64 has it from 6.10.
     */
    writeProtect(from?: number, count?: number, process?: Process, how?: UserfaultOptions): void
    /**
     * Begins a migration of the folio of page `page` (`try_to_migrate`): every mapping of it, in every
     * process, becomes a migration entry. Takes no mmap_lock.
     */
    migrate(page: number, process?: Process): Migration
    /** Changes an entry behind the kernel's back, as a bug would: to see what checker and hardware make of it. */
    corrupt(page: number, change: Corruption, process?: Process): void
    /** The entry of page `page`, as it lies in memory. */
    pte(page: number, process?: Process): Pte
    /** The contpte block that holds page `page`. */
    block(page: number, process?: Process): Block
    /**
     * What other CPUs can make of the block that holds page `page`, and whether that is safe: also inside
     * `onStep`, while an exit has cleared half of it.
     */
    observe(page: number, process?: Process): Observation
    /** What a kernel call on the entry of page `page` would do now. It is made in a copy: nothing changes. */
    whatIf(page: number, call: BlockCall, process?: Process): BlockCallResult
    /** The folio of page `page`, or `undefined` where nothing is mapped, or the page of zeroes. */
    folio(page: number, process?: Process): Folio | undefined
    /**
     * What the next store to page `page` would be given, size by size with the reason: settings, advice,
     * prctl, the VMA's bounds, what is mapped around it, free memory and what `defrag` lets the fault do about
     * it. Changes and counts nothing. What direct reclaim would free on its way is not foreseen.
     */
    explain(page: number, process?: Process): StoreDecision
    /**
     * Sets an allocator to work on the region, through the process that mapped it: `arena` with size classes
     * and slabs as jemalloc and scudo, `bump`, or the `js-heap` of a JavaScript engine. Equal seeds do equal
     * things, whatever the kernel and its settings.
     */
    workload(options: WorkloadOptions): Workload
    /** How many contiguous (folded) blocks begin in the region. */
    foldedBlocks(process?: Process): number
  }

  /** How a region is mapped. */
  export interface MmapOptions {
    bytes: Bytes
    /**
     * Alignment of the first address, a power of two of at least a page. Default `'2MiB'`. Below 2 MiB
     * the address is a multiple of it and of no larger power of two, so that what misalignment does
     * can be seen.
     */
    align?: Bytes
    /** Default `'rw'`. */
    prot?: Protection
    /** MAP_SHARED; anonymous memory is then tmpfs. Default: private. */
    shared?: boolean
    /** Maps a file of its own length, whose page cache has folios of up to `folio`. */
    file?: { readonly folio: Bytes }
    /**
     * MAP_HUGETLB: the size of the pages, of those `machine.hugetlb.pools()` names (`EINVAL` otherwise). The
     * length is rounded up to whole ones. A fault that the pool has no page for is `EIO` (SIGBUS).
     */
    huge?: Bytes
    /** With `huge`: reserves every page now, `ENOMEM` where the pool cannot. Default true; false is MAP_NORESERVE. */
    reserve?: boolean
    /**
     * Name of the range (prctl PR_SET_VMA_ANON_NAME). OnePlus uses 64K blocks in ranges of 2 MiB and more
     * named `libc_malloc` or `dalvik-main space (region space)`; other kernels do nothing with it.
     */
    name?: string
  }

  /** The resident set of a process, in pages. */
  export interface ResidentSet {
    readonly anon: number
    readonly file: number
    readonly swap: number
  }

  /** A VMA. */
  export interface Vma {
    /** First virtual address, and the one after the last. */
    readonly start: number
    readonly end: number
    readonly prot: Protection
    readonly shared: boolean
    /** What it maps; empty for private anonymous memory. */
    readonly file: string
    /** `hugepage`, `nohugepage`, `locked`, `dontfork`, `wipeonfork`, `uffd_wp`, `hugetlb`, `marked` (for blocks of OnePlus). */
    readonly flags: readonly string[]
  }

  /** A process: an mm with VMAs and page tables. */
  export interface Process {
    readonly pid: number
    /** Maps memory; nothing is faulted in until it is touched. */
    mmap(options: MmapOptions): Region
    /** Copies the process as `fork(2)` does, by the machine's kernel's design. `ENOMEM` without memory for copies. */
    fork(): Process
    /** Ends the process and frees what only it used. */
    exit(): void
    /** Writes `value` to `/proc/pid/clear_refs`: 1 to 3 clear access flags, 4 flushes. `EINVAL` otherwise. */
    clearRefs(value: number): void
    /** `prctl(PR_SET_TAGGED_ADDR_CTRL)`: what a memory tag that does not match does. `EINVAL` without tags. */
    tagCheck(check: 'none' | 'sync' | 'async'): void
    /** `prctl(PR_SET_THP_DISABLE)`. Default true. */
    thpDisable(disable?: boolean): void
    /** Drops every pin taken through this process. */
    unpin(): void
    /**
     * Sizes of the batches by which fork copied this process's present entries, in order, at most 4,096;
     * none for a process that was spawned.
     */
    batches(): number[]
    /** The resident set, as the kernel counts it: HugeTLB pages are not in it. */
    rss(): ResidentSet
    /** The VMAs, in address order. */
    vmas(): Vma[]
  }

  /** A simulated arm64 machine. */
  export interface Machine {
    readonly kernel: KernelName
    readonly cpus: number
    readonly counters: Counters
    readonly sysfs: Sysfs
    readonly hugetlb: Hugetlb
    /** Free and used memory by size of block. Changes and counts nothing. */
    memory(): Memory
    /** One wake-up of khugepaged, by the files of `khugepaged/`; it never runs by itself. */
    khugepaged(): KhugepagedPass
    /** OnePlus' pool of 64K blocks, in blocks; `limit` is left out where there is none. `not-modelled` elsewhere. */
    blockPool(): { readonly ready: number; readonly inUse: number; readonly limit?: number }
    /**
     * One wake-up of the thread that fills OnePlus' pool; it never runs by itself. Where less than 16 MiB is
     * ready it takes blocks from free lists until 32 MiB is, or none is left. Answers how many it took.
     */
    refillBlocks(): number
    /** Most memory that blocks of OnePlus' pool may hold at a time; beyond, base pages do. Without one none. */
    limitBlocks(limit?: Bytes): void
    /**
     * Others hold one page in every free block of 2^(order+1) pages, so that no free block is larger than
     * `order`. Compaction can move the share `movable` of them (default all). Answers how many pages.
     */
    fragment(how: { order: number; movable?: number; seed?: number }): number
    /**
     * Types lines into root's shell, which starts in `/sys/kernel/mm/transparent_hugepage` and is one session:
     * `m.shell('echo always > hugepages-64kB/enabled')`. Refusals are in the result, as bash prints them.
     * `help` lists the commands. Throws `not-modelled` where a file would do what is not simulated.
     */
    shell(text: string): ShellResult
    /** The swap area as it is; zeroes where there is none. Counts nothing. */
    swapArea(): SwapArea
    /**
     * A later pass of reclaim over the swap cache: folios that nothing maps and that are written are freed.
     * Answers how many. With a synchronous device there is mostly none.
     */
    reclaimSwapCache(): number
    /** `swapoff(2)`: all that is swapped out comes back. `ENOMEM` without memory for it. */
    swapoff(): void
    /** How many pages may have their tags saved at once: more is ENOMEM inside the kernel. */
    tagBuffers(limit: number): void
    /** Starts a process with an empty address space. */
    spawn(): Process
    /**
     * Runs `body` and answers how long it takes in simulated nanoseconds on this machine when all
     * `cpus` CPUs do the same at once, each on an mm of its own.
     */
    time(body: () => void): number
    /** Runs `body` on CPU `cpu`: its TLB and its LRU batches are used. Answers what `body` answers. */
    on<T>(cpu: number, body: () => T): T
    /** CPU `cpu`, for single accesses through its TLB. `no-tlb` without `tlb` options. */
    cpu(cpu: number): Agent
    /** Walker `walker` (default 0), of those the `tlb` options give. */
    walker(walker?: number): Agent
    /** Every invariant that is broken now, the first violation of each. */
    check(): Violation[]
    /** Begins to check at every step, which is slow. */
    watch(): Watch
    /**
     * Calls `body` at every step inside an operation that another CPU could see, with its name (e.g.
     * `entries cleared`); `undefined` ends it. The names may change between versions. The operation holds its
     * locks: `body` may look, and let other CPUs and walkers access pages; an access that faults there waits
     * (`done` is false). All else is `inside-step`.
     */
    onStep(body: ((step: string) => void) | undefined): void
    /**
     * Another CPU waits for the page-table locks whenever fork asks, and does `body` while both are free:
     * `migrate`, `undo`, accesses of agents, other processes. The parent's mmap_lock stays held: its faults
     * and system calls are `mmap-lock-held`. `undefined` ends it.
     */
    onLockBreak(body: ((at: LockBreak) => void) | undefined): void
  }
}
