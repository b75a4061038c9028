import { NEOVERSE_N1, type CpuFeatures } from './arch/cpu'
import type { DescriptorLayout } from './arch/descriptor'
import { GEOMETRIES, GEOMETRIES_52, type Geometry, type GranuleName } from './arch/granule'
import { PageTables } from './arch/tables'
import { Tlbs, type TlbConfig } from './arch/tlb'
import { Tlbi } from './arch/tlbi'
import { makePteOps } from './contpte'
import type { PteOps } from './contpte/ops'
import { Hugetlb } from './hugetlb/pools'
import type { KernelRecord } from './kernel/record'
import { Buddy } from './mm/buddy'
import { newCompaction } from './mm/compaction-state'
import { EXCLUSIVE, Folios } from './mm/folio'
import { FolioAccounts } from './mm/folio-accounts'
import type { LockContention } from './mm/fork-section'
import { Lru } from './mm/lru'
import type { Mm } from './mm/mm'
import { SwapArea, type SwapDevice } from './mm/swap'
import { Mte } from './mte/mte'
import { bootThp } from './thp/boot'
import { ThpSettings } from './thp/settings'
import { ThpStats } from './thp/stats'
import { Counters } from './trace/counters'
import { newCalls } from './trace/functions'
import type { TraceLog } from './trace/log'
import { TracedFolios } from './trace/traced-folios'
import { TracedTables } from './trace/traced-tables'
import { Tracer } from './trace/tracer'
import { newVmEvents } from './trace/vmstat'

/** Slots of a swap cluster where no folio is swapped whole. */
const SMALL_CLUSTER = 256

/** How a world is sized. */
export interface WorldConfig {
  readonly kernel: KernelRecord
  readonly granule: GranuleName
  readonly memoryBytes: number
  readonly cpu?: CpuFeatures
  /** TLBs; without them every access walks. */
  readonly tlb?: TlbConfig
  /** For what hardware may choose. Default 1. */
  readonly seed?: number
  /** Size of the swap area, on a synchronous device; default none. */
  readonly swapBytes?: number
  /** HugeTLB vmemmap optimisation is built in, though no such kernel for arm64 was (but 5.19 to 6.1.15). */
  readonly forceVmemmap?: boolean
  /** What the swap area lies on. */
  readonly swapDevice?: SwapDevice
  /** Swap-in gives the entries' slots back first and looks for their tags then: the wrong order (H14). */
  readonly restoresTagsLate?: boolean
  /** Kernel command line; what it says of transparent huge pages counts. Without one, see `ThpSettings`. */
  readonly commandLine?: string
  /** Where every primitive is appended, and the number of this machine there. */
  readonly trace?: { readonly log: TraceLog; readonly machine: number }
}

/** What fork tells an observer; see `inspect.ts`. Nothing is kept while there is none. */
export interface ForkLog {
  /** Sizes of the batches copied, in order. */
  readonly batches: number[]
  readonly limit: number
}

/** Everything one simulated machine consists of below processes: memory, tables, counters, rules. */
export class World {
  readonly kernel: KernelRecord
  readonly geometry: Geometry
  /** How the kernel lays out descriptors, for whoever shows them raw. */
  readonly layout: DescriptorLayout
  readonly cpu: CpuFeatures
  readonly counters = new Counters()
  readonly tables: PageTables
  readonly folios: Folios
  readonly tlbi: Tlbi
  readonly tlbs: Tlbs | undefined
  readonly ops: PteOps
  /** Per-CPU batches of folios on their way to the LRU lists. */
  readonly lru: Lru
  /** The swap area; swapoff takes it away. */
  swap: SwapArea | undefined
  /** Memory tags, where the CPUs and the kernel have them. */
  readonly mte: Mte | undefined
  /** See `WorldConfig`. */
  readonly restoresTagsLate: boolean
  /** The pools of HugeTLB pages. */
  readonly hugetlb: Hugetlb
  /** The command line as it was given; undefined where none was, which is not the same as an empty one. */
  readonly bootOptions: string | undefined
  /** What /proc/cmdline shows. */
  readonly commandLine: string
  readonly thp: ThpSettings
  readonly thpStats: ThpStats
  /** Kernel functions entered, by `FN`. */
  readonly calls = newCalls()
  /**
   * Entries of folios smaller than a block stored at the last place of a block: a kernel enters
   * `__contpte_try_fold` for those whose frame happens to be in line, and does nothing there. `calls`
   * counts the function without them.
   */
  foldChances = 0
  /** /proc/vmstat events, by `VM`. */
  readonly vm = newVmEvents()
  /** Frame of the shared page of zeroes, in the part of memory the kernel keeps for itself. */
  readonly zeroPfn = 1
  /** First frame of the huge zero page, -1 while nobody wanted it. */
  hugeZeroPfn = -1
  /** Address spaces that live, in order of birth. */
  readonly mms: Mm[] = []
  /** What a page word of a page that one process has for itself alone holds: `EXCLUSIVE`, or 0 before 5.19. */
  readonly exclusive: number
  /** The last anon_vma handed out. */
  anonVmas = 0
  /** The anon_vma each descends from by fork, by number; 0 or nothing for those that do not. */
  readonly anonVmaParents: number[] = []
  /** What the kernel logged about its command line, as `<level> text`. */
  readonly bootWarnings: readonly string[]
  forkLog: ForkLog | undefined
  /**
   * Called after each elementary change that another CPU could see in between, with a page of the folio
   * whose counts it changed; nobody by default.
   */
  probe: ((what: string, pfn?: number) => void) | undefined
  /** Another CPU that wants the page-table locks fork holds; nobody by default. */
  contention: LockContention | undefined
  /** First frames of the folios on the deferred-split list, oldest first. */
  readonly deferred = new Set<number>()
  /** Where khugepaged goes on, once a wake-up ended before everything was looked at. */
  khugepagedAt: { readonly pid: number; readonly vpn: number } | undefined
  /** Compaction, and pages of others in its way. */
  readonly compaction = newCompaction()
  /** First frames of the folios that are being migrated: each is held once for it. */
  readonly migrating: number[] = []
  /** The address space whose mmap_lock fork holds while `contention` runs: it takes no fault. */
  mmapLocked: Mm | undefined
  /** Hot loops may stand in for the operations they equal. Tests turn them off to compare. */
  fastPaths = true
  /** Told of every primitive; nobody unless the world was put together with a trace. */
  readonly trace: Tracer | undefined

  constructor(config: WorldConfig) {
    this.kernel = config.kernel
    this.exclusive = config.kernel.anonExclusive ? EXCLUSIVE : 0
    this.cpu = config.cpu ?? NEOVERSE_N1
    const lpa2 = this.cpu.lpa2 === true && config.kernel.lpa2
    this.geometry = (lpa2 ? GEOMETRIES_52 : GEOMETRIES)[config.granule]
    this.layout = { swap: config.kernel.layout, lpa2: lpa2 && config.granule !== '64K' }
    const tables =
      config.trace === undefined ? new PageTables(this.geometry) : new TracedTables(this.geometry)
    this.tables = tables
    const reserved = 2 ** this.geometry.maxOrder
    const blocks = Math.floor(config.memoryBytes / this.geometry.pageSize / reserved)
    const buddy = new Buddy(blocks * reserved, this.geometry.maxOrder, reserved)
    const folios =
      config.trace === undefined
        ? new Folios(buddy, this.counters, this.geometry.contShift)
        : new TracedFolios(buddy, this.counters, this.geometry.contShift)
    this.folios = folios
    this.lru = new Lru(this.folios, this.kernel, this.calls, this.vm)
    if (config.swapBytes !== undefined) {
      // Clusters are as large as what a PMD maps where folios are swapped whole: with 4K pages.
      const cluster = config.granule === '4K' ? this.geometry.tableEntries : SMALL_CLUSTER
      const slots = Math.floor(config.swapBytes / this.geometry.pageSize)
      this.swap = new SwapArea(slots, config.kernel.swapSlots, cluster, config.swapDevice)
    }
    // OnePlus' blocks are stored past the setters that keep tags in step.
    if (this.cpu.mte === true && config.kernel.pteOps !== 'exposed') {
      const mte = new Mte(this)
      this.mte = mte
      if (this.swap !== undefined) this.swap.released = (slot) => mte.invalidate(slot)
      this.fastPaths = false
    }
    this.restoresTagsLate = config.restoresTagsLate === true
    this.tlbi = new Tlbi(this.geometry, this.cpu, this.kernel)
    this.ops = makePteOps(this)
    if (config.tlb !== undefined) {
      this.tlbs = new Tlbs(this.geometry, config.tlb, this.cpu.hafdbs, config.seed ?? 1)
      this.tlbi.observer = this.tlbs
      this.folios.observer = this.tlbs
    }
    this.thp = new ThpSettings(this.geometry)
    this.thpStats = new ThpStats(this.geometry.pmdOrder, this.kernel.faultOrders === 'per-size')
    this.folios.accounts = new FolioAccounts(this)
    this.hugetlb = new Hugetlb(this, config.forceVmemmap)
    this.folios.pools = this.hugetlb
    this.bootOptions = config.commandLine
    this.commandLine = config.commandLine ?? ''
    this.bootWarnings = bootThp(this, config.commandLine)
    if (config.trace === undefined) return
    // Every change is told one by one: nothing may stand in for many.
    this.fastPaths = false
    if (!(folios instanceof TracedFolios)) return
    this.trace = new Tracer(this, config.trace.log, config.trace.machine, folios)
    if (tables instanceof TracedTables) tables.trace = this.trace
    folios.trace = this.trace
    this.tlbi.trace = this.trace
    this.tlbi.observer = this.trace.tlbs
    this.folios.observer = this.trace.tlbs
  }

  /** The CPU (or walker, numbered after them) that acts now: whose TLB an access goes through. */
  get currentCpu(): number {
    return this.tlbs?.acting ?? this.lru.cpu
  }

  set currentCpu(cpu: number) {
    this.lru.cpu = cpu
    if (this.tlbs !== undefined) this.tlbs.acting = cpu
  }
}
