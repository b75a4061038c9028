/**
 * The experiment API of contpte-lab, version 1.
 *
 * An experiment is one TypeScript module whose default export is `experiment({...})`.
 * It runs in a sandbox without files, network, clock or ambient randomness; the same script,
 * parameters, seed and engine version always give the same bytes.
 */
declare module 'contpte-lab' {
  /** A parameter value: what one cell of a sweep receives. */
  export type ParameterValue = string | number | boolean

  /** Parameter name to the list of values to sweep over. The sweep is the product, last name fastest. */
  export type ParameterSpace = Readonly<Record<string, readonly ParameterValue[]>>

  /** The parameters of one cell. */
  export type CellParameters<P extends ParameterSpace> = {
    readonly [K in keyof P]: P[K][number]
  }

  /** A number of bytes: `4096`, `'64KiB'`, `'2MiB'`, `'1GiB'`. */
  export type Bytes = number | `${number}${'B' | 'KiB' | 'MiB' | 'GiB' | 'TiB'}`

  /**
   * A named kernel: which strategies the simulated kernel uses.
   *
   * - `no-contpte`: the tree just before v2 12/14 of "Transparent Contiguous PTEs for User Mappings"
   *   (Ryan Roberts, 15 Nov 2023): per-size folios, no contiguous PTEs.
   * - `contpte-unbatched`: v2 12/14 alone: contiguous PTEs, fork copies PTE by PTE.
   * - `contpte-v2`: with the batched copy of v2 01/14 and 13/14.
   * - `contpte-v2-robust`: the same, with an exit that keeps accessed and dirty in the block.
   * - `contpte-flush-folio`: `contpte-unbatched`, but unmapping clears and flushes whole folios at once.
   * - `contpte-v3`: as agreed in the thread and posted on 4 Dec 2023.
   * - `linux-6.1`: folios of PMD size or none, no contiguous PTEs.
   * - `linux-6.1.0`: 6.1.0 to 6.1.15, the last on arm64 with HugeTLB vmemmap optimisation; else as `linux-6.1`.
   * - `linux-6.8`: per-size folios as merged, no contiguous PTEs.
   * - `linux-6.9`: contiguous PTEs as merged.
   * - `linux-6.10`: the same, and large folios are swapped whole.
   * - `linux-6.11`: the same, and a swapped folio that is still cached is mapped by one fault.
   * - `linux-6.12.0`, `linux-6.12`: as released, and with its later stable changes.
   * - `oneplus-5.15`: 64K blocks that core mm knows, in ranges marked for them (OnePlus, Android 5.15).
   */
  export type KernelName =
    | 'no-contpte'
    | 'contpte-unbatched'
    | 'contpte-v2'
    | 'contpte-v2-robust'
    | 'contpte-flush-folio'
    | 'contpte-v3'
    | 'linux-6.1'
    | 'linux-6.1.0'
    | 'linux-6.8'
    | 'linux-6.9'
    | 'linux-6.10'
    | 'linux-6.11'
    | 'linux-6.12.0'
    | 'linux-6.12'
    | 'oneplus-5.15'

  /**
   * A named CPU.
   *
   * - `neoverse-n1`: the machine of the published measurements (Ampere Altra): HAFDBS, no range TLBI.
   * - `cortex-a72`: Armv8.0: software marks entries accessed and dirty; no range TLBI.
   * - `max`: HAFDBS, range TLBI and 52-bit addresses (LPA2, used by kernels from 6.9 on).
   */
  export type CpuModel = 'neoverse-n1' | 'cortex-a72' | 'max'

  /** A CPU model with features switched on or off. */
  export interface CpuOptions {
    /** What the rest is taken from. Default `'neoverse-n1'`. */
    model?: CpuModel
    /** Hardware updates the access flag and dirty state (FEAT_HAFDBS). */
    hafdbs?: boolean
    /** TLBI by range (FEAT_TLBIRANGE). */
    tlbRange?: boolean
    /** The kernel is unmapped at EL0: every user TLBI is issued for two ASIDs. */
    kpti?: boolean
    /** 52-bit addresses with 4K and 16K pages (FEAT_LPA2). */
    lpa2?: boolean
    /** Erratum of broadcast TLBI completion: one more TLBI and DSB ISH after every flush. */
    repeatTlbi?: boolean
    /** The memory tagging extension (FEAT_MTE2). */
    mte?: boolean
  }

  /**
   * The TLBs of the machine's CPUs, one each, and of walkers beside them. What is left out is as
   * unfriendly as the architecture allows, and not random. Seeded choices follow the machine's `seed`.
   */
  export interface TlbOptions {
    /** Entries of each TLB, 1 to 4,096. Default 64. */
    entries?: number
    /** Whether a walk of a contiguous entry gives one TLB entry for its whole block. Default `'always'`. */
    coalesce?: 'always' | 'never' | 'seeded'
    /** Which entry goes when a TLB is full. Default `'oldest'`. */
    evict?: 'oldest' | 'seeded'
    /** When other CPUs obey a TLBI: at the issuer's DSB ISH, or at once. Default `'at-dsb'`. */
    completion?: 'at-dsb' | 'at-issue'
    /** Which entry of a folded block hardware marks accessed or dirty: the one used, or any. Default `'own'`. */
    records?: 'own' | 'seeded'
    /**
     * Hardware that ends in an error where others go on with the entry they access: a walk that meets a
     * contiguous block whose valid entries disagree throws `hardware-error`. Entries that are not valid do
     * not count. Of blocks of PTEs; contiguous leaves are not looked at. Default false.
     */
    strict?: boolean
    /** CPUs that do not update descriptors although the machine's CPUs do. */
    withoutHafdbs?: readonly number[]
    /** Walkers like an SMMU without HTTU: they share page tables, and update nothing. Default 0. */
    walkers?: number
  }

  /** How a machine is built. */
  export interface MachineOptions {
    /** The kernel to simulate. */
    kernel: KernelName
    /**
     * CPUs (1..1024). `time` lets each run the same loop on an mm of its own; `on` and `cpu` let one of
     * them act. Default 1.
     */
    cpus?: number
    /** Translation granule: the base page size. A contpte block has 16, 128 or 32 entries. Default `'4K'`. */
    granule?: '4K' | '16K' | '64K'
    /** Cost profile for simulated time; without one, `time` is an error. */
    cost?: 'ampere-altra'
    /** Physical memory of the machine. Default `'16GiB'`. */
    memory?: Bytes
    /** What the CPUs can do. Default `'neoverse-n1'`. */
    cpu?: CpuModel | CpuOptions
    /** TLBs of the CPUs; without them every access walks the tables. */
    tlb?: TlbOptions
    /** A swap area on a synchronous device (zram); without one nothing is swapped out. */
    swap?: Bytes
    /**
     * What the swap area lies on. `synchronous` (default): written and read at once, as zram is. Else folios
     * stay in the swap cache until `reclaimSwapCache`. `compression`: bytes kept in one of the device.
     */
    swapDevice?: { synchronous?: boolean; compression?: number }
    /**
     * How memory tags of large folios are kept in swap: a design of "arm64: mm: swap: save and restore mte tags
     * for large folios". By default what the kernel has: `M0` up to 6.9, `M10` from 6.10 on.
     */
    mteDesign?: 'M0' | 'M1' | 'M2' | 'M3' | 'M4' | 'M5' | 'M6' | 'M7' | 'M8' | 'M9' | 'M10'
    /**
     * Whether swap-in restores tags before it gives the swap slots back, as every kernel does, or after that:
     * the wrong order. Default `before release`.
     */
    tagRestore?: 'before release' | 'after release'
    /** For choices that hardware may make either way. Default: the cell's seed. */
    seed?: number
    /**
     * HugeTLB vmemmap optimisation is built in, although arm64 has it only in `linux-6.1.0`: what a series to
     * enable it would do. Off until `hugetlb_free_vmemmap=on` or `/proc/sys/vm/hugetlb_optimize_vmemmap`.
     */
    hvo?: boolean
    /**
     * Kernel command line, such as `'thp_anon=16K-64K:always;2M:inherit'` (6.12) or
     * `'transparent_hugepage=madvise'`; what it says of transparent huge pages counts. With one, even an
     * empty one, the top-level `enabled` starts as `always`, as most kernels are built.
     */
    commandLine?: string
  }

  /** Every primitive the machine counts. Plain numbers that grow while the machine runs. */
  export interface Counters {
    /** Runs `body` and answers what was counted meanwhile. */
    scope(body: () => void): Counts
    /** Raw 64-bit loads of one descriptor by the kernel (walks by hardware not counted). */
    readonly read: number
    /** Plain 64-bit stores to a descriptor. */
    readonly write: number
    /** Atomic exchanges of a descriptor (one read and one write each, not counted again there). */
    readonly xchg: number
    /** Compare-and-swap updates of a descriptor. */
    readonly cas: number
    /** TLB invalidate instructions of any kind. */
    readonly tlbi: number
    /** TLBI VALE1IS: one page, last level only, broadcast. */
    readonly tlbiVale1is: number
    /** TLBI RVALE1IS: a range, last level only, broadcast (FEAT_TLBIRANGE). */
    readonly tlbiRvale1is: number
    /** TLBI VAE1IS: one page with walk caches, broadcast. */
    readonly tlbiVae1is: number
    /** TLBI RVAE1IS: a range with walk caches, broadcast (FEAT_TLBIRANGE). */
    readonly tlbiRvae1is: number
    /** TLBI ASIDE1IS: one whole address space, broadcast. */
    readonly tlbiAside1is: number
    /** DSB ISHST: earlier stores are visible to table walkers. */
    readonly dsbIshst: number
    /** DSB ISH: earlier TLBIs are complete on every CPU. */
    readonly dsbIsh: number
    /** Blocks rewritten with the contiguous bit set on all entries. */
    readonly fold: number
    /** Blocks rewritten as plain entries before one of them may change alone. */
    readonly unfold: number
    /** Page faults taken. */
    readonly fault: number
    /** Page faults on loads. */
    readonly faultRead: number
    /** Page faults on stores. */
    readonly faultWrite: number
    /** Copy-on-write faults that made the page writable in place. */
    readonly cowReuse: number
    /** Copy-on-write faults that copied the page. */
    readonly cowCopy: number
    /** Folios allocated, of any order. */
    readonly folioAlloc: number
    /** Folios freed, of any order. */
    readonly folioFree: number
    /** Base pages allocated in folios. */
    readonly pageAlloc: number
    /** Base pages freed with their folios. */
    readonly pageFree: number
    /** Base pages cleared for user memory. */
    readonly pageClear: number
    /** Base pages copied. */
    readonly pageCopy: number
    /** Page-table pages allocated. */
    readonly tableAlloc: number
    /** Page-table pages freed. */
    readonly tableFree: number
    /** Atomic updates of a folio reference count. */
    readonly folioRef: number
    /** Atomic updates of a page mapcount. */
    readonly mapcount: number
    /** Updates of a resident-set counter. */
    readonly rss: number
    /** Anon-exclusive flags cleared. */
    readonly exclusiveClear: number
    /** Address spaces copied. */
    readonly fork: number
    /** Batches of present entries copied by fork (a batch may be one entry). */
    readonly forkBatch: number
    /** Sections under the page-table lock entered by fork. */
    readonly lockSection: number
    /** Times fork asked whether to drop the page-table lock. */
    readonly lockBreakTest: number
    /** Times fork dropped the page-table lock in the middle of a table. */
    readonly lockBreak: number
    /** Progress points fork added towards a lock-break test. */
    readonly progress: number
    /** Batches of entries zapped. */
    readonly zapBatch: number
    /** Pages whose memory tags were saved for swap. */
    readonly tagSave: number
    /** Pages whose memory tags were read at swap-out to see whether they are all zero. */
    readonly tagScan: number
    /** Looks into the store of saved tags at swap-in. */
    readonly tagLookup: number
    /** Pages whose saved tags were written back. */
    readonly tagCopy: number
    /** Tags that were there already when they were to be restored. */
    readonly tagSkip: number
    /** Times a folio was found to have its tags back already (designs M5 and M6). */
    readonly tagCheck: number
    /** Saved tags freed with their swap slot. */
    readonly tagDrop: number
  }

  /** Occurrences of every primitive, by the names of `Counters`. */
  export type Counts = Omit<Counters, 'scope'>

  /**
   * The files under `/sys/kernel/mm/` that concern huge pages, as the machine's kernel has them. Paths
   * that do not begin with a slash start from `/sys/kernel/mm/transparent_hugepage/`.
   *
   * - 6.1 and OnePlus 5.15 have no sizes of their own; the kernels of the series and 6.9 have
   *   `hugepages-<size>kB/enabled`; 6.10 also `stats/` of faults and swap; 6.12 all of `stats/`, `shmem_enabled`
   *   a size, and `shrink_underused`. The `shmem_enabled` files are there to be written and read: shared memory
   *   is simulated in single pages, whatever they say.
   * - `stats/*` are live, read-only counts of folios of that size; `nr_anon` and
   *   `nr_anon_partially_mapped` say how many there are now.
   * - Beside it lie `../hugepages` (HugeTLB pools, see `machine.hugetlb`), `../lru_gen` and `../swap`.
   *
   * A machine starts with the top-level `enabled` at `never`, the PMD size at `inherit` and every other
   * size at `never`; a `commandLine` says otherwise. With less than 512 MiB of memory `defrag` is
   * `never` and `use_zero_page` 0, as the kernel has it.
   */
  export interface Sysfs {
    /** Reads a file, e.g. `read('hugepages-64kB/enabled')` gives `'always inherit madvise [never]\n'`. */
    read(path: string): string
    /**
     * Writes a file as one `write(2)`. Throws an error whose `code` is the errno:
     * `EINVAL` for a value the file refuses (`ERANGE` for a number beyond 64 bits), `ENOENT` for a
     * file that this kernel does not have, `EACCES` for a read-only file, `EISDIR` for a directory,
     * `ENOTDIR` where the path leads through a file. A refused write changes nothing.
     */
    write(path: string, value: string): void
    /** Names in a directory, sorted as `ls` sorts them. Throws `ENOENT`, `ENOTDIR`. */
    list(path?: string): string[]
  }

  /** A value under test. Every method records one expectation: it never throws when it fails. */
  export interface Expectation {
    /** Same value (`Object.is`). */
    toBe(expected: unknown): void
    /** Same structure. */
    toEqual(expected: unknown): void
    /** |value - expected| <= tolerance. */
    toBeCloseTo(expected: number, tolerance: number): void
    toBeLessThan(expected: number): void
    toBeAtMost(expected: number): void
    toBeGreaterThan(expected: number): void
    toBeAtLeast(expected: number): void
  }

  /** Records what is expected of `value`; `name` is the sentence shown in the verdict. */
  export type Expect = (value: unknown, name?: string) => Expectation

  /** A row of the result table. */
  export interface Row<P extends ParameterSpace = ParameterSpace> {
    readonly parameters: CellParameters<P>
    readonly metric: string
    readonly value: number
    readonly unit: string
  }

  /** A Vega-Lite specification; without `data`, its data are all rows, parameters as columns beside `metric`, `value`, `unit`. */
  export type VegaLiteSpec = Readonly<Record<string, unknown>>

  /** What `run` receives: one cell. */
  export interface RunContext<P extends ParameterSpace> {
    readonly parameters: CellParameters<P>
    readonly seed: number
    /** The next number in [0, 1) of this cell's own seeded generator. */
    random(): number
    /** Builds a machine. */
    machine(options: MachineOptions): Machine
    /**
     * Lets happen in a model what the lines of a schedule say, and nothing else; the explorer's counterexamples
     * are such schedules. `bad-argument` where a line names what cannot happen there (it says what can).
     */
    replay(model: ModelDefinition, schedule: readonly string[]): Replayed
    /** Adds a row to the results. */
    record(metric: string, value: number, unit?: string): void
    /**
     * Says that `done` of `of` is done of this cell, in whatever it counts: the progress bar and the
     * estimate follow. For people who wait; no result depends on it. `bad-argument` unless 0 <= done <= of.
     */
    progress(done: number, of: number): void
    expect: Expect
  }

  /** What `conclude` receives, once, after all cells. */
  export interface ConcludeContext<P extends ParameterSpace> {
    readonly rows: readonly Row<P>[]
    readonly seed: number
    expect: Expect
    /** Adds a row to the results, for figures that follow from several cells. */
    record(metric: string, value: number, unit?: string): void
    /** Adds a chart to the results. */
    chart(name: string, spec: VegaLiteSpec): void
  }

  /** An experiment. Only `title` and `run` are required. */
  export interface ExperimentDefinition<P extends ParameterSpace> {
    title: string
    /** The claim under test, in one sentence. */
    claim?: string
    /** Who claimed it, when, and where. */
    source?: string
    /** The group it is listed under, e.g. `Fork batching`. */
    topic?: string
    /** What to sweep over. The sweep runs the product of all values. */
    parameters?: P
    /** Measures one cell. */
    run(context: RunContext<P>): void | Promise<void>
    /** Compares the cells: sees every row. */
    conclude?(context: ConcludeContext<P>): void | Promise<void>
  }

  /** Defines an experiment; use it as the default export. */
  export function experiment<const P extends ParameterSpace = Record<never, never>>(
    definition: ExperimentDefinition<P>
  ): ExperimentDefinition<P>
}

/** The console of a script: lines appear in the Console panel and on stderr of the CLI. */
declare const console: {
  log(...values: unknown[]): void
  info(...values: unknown[]): void
  warn(...values: unknown[]): void
  error(...values: unknown[]): void
}
