import { agentAccess, type AgentAccess } from './arch/agent'
import type { CpuFeatures } from './arch/cpu'
import type { Granule } from './arch/granule'
import { translate } from './arch/translate'
import { Watch } from './check/watch'
import { simulatedTime } from './cost/model'
import type { CostProfile } from './cost/profile'
import { EngineError } from './error'
import type { ForkView } from './inspect'
import { kernelByName, type KernelRecord } from './kernel'
import {
  checkCpus,
  checkGranule,
  checkMemory,
  checkSwap,
  tlbConfig,
  type TlbOptions
} from './machine-options'
import { accessPage } from './mm/access'
import type { SwapDevice } from './mm/swap'
import type { MteDesignName } from './mte/designs'
import { newMm } from './mm/fork'
import { fragment, type Fragmentation } from './mm/fragment'
import { runKhugepaged, type KhugepagedPass } from './mm/khugepaged-scan'
import type { Mm } from './mm/mm'
import { Process } from './process'
import { Shell } from './sysfs/shell/shell'
import { Sysfs } from './thp/sysfs'
import type { Counters } from './trace/counters'
import { World, type WorldConfig } from './world'

/** How a machine is put together. */
export interface MachineConfig {
  /** A kernel's name, or a record. */
  readonly kernel: string | KernelRecord
  /** CPUs that each run the same loop on an mm of their own (1..1024). Default 1. */
  readonly cpus?: number
  /** Default '4K'. */
  readonly granule?: Granule
  /** Physical memory, 16 MiB to 4 TiB. Default 16 GiB; memory costs nothing until it is used. */
  readonly memoryBytes?: number
  /** Without one, `time` is an error. */
  readonly cost?: CostProfile
  /** What the CPUs can do. Default: Neoverse N1, as in Ampere Altra. */
  readonly cpu?: CpuFeatures
  /** HugeTLB vmemmap optimisation is built in, whatever the kernel's configuration says. Default false. */
  readonly forceVmemmap?: boolean
  /** Kernel command line; without one, see `ThpSettings`. */
  readonly commandLine?: string
  /** TLBs of every CPU, and walkers beside them; without them every access walks. */
  readonly tlb?: TlbOptions
  /** Bytes of a swap area on a synchronous device; without one nothing is swapped out. */
  readonly swapBytes?: number
  /** What the swap area lies on. */
  readonly swapDevice?: SwapDevice
  /** A design for memory tags in swap other than the kernel's own. */
  readonly mteDesign?: MteDesignName
  /** Swap-in restores tags after it has given the swap slots back: no kernel does, and it is wrong. */
  readonly restoresTagsLate?: boolean
  /** For choices that hardware may make either way. Default 1. */
  readonly seed?: number
  /** Traces everything the machine does; costs about 0.2 µs and 32 bytes a primitive. */
  readonly trace?: WorldConfig['trace']
}

const DEFAULT_MEMORY = 16 * 2 ** 30

/** Where fork has dropped the page-table locks, and for whom. */
export interface LockBreak {
  readonly parentPid: number
  readonly childPid: number
  /** The page that fork looks at next. */
  readonly vpn: number
}

/**
 * A simulated arm64 machine. Its transparent-huge-page settings start as a kernel's do, except that
 * the top-level `enabled` is `never`: see `ThpSettings`.
 */
export class Machine {
  readonly world: World
  readonly sysfs: Sysfs
  /** A session of a shell over the settings files. */
  readonly shell: Shell
  /** The forks recorded so far; see `recordForks`. */
  readonly forkViews: ForkView[] = []
  /** Files mapped so far, for their names. */
  files = 0
  #pid = 0
  #forksLeft = 0
  #forkEntries = 0
  #watch: Watch | undefined
  #step: ((what: string) => void) | undefined
  #inStep = false

  constructor(
    readonly kernel: KernelRecord,
    readonly cpus: number,
    readonly cost: CostProfile | undefined,
    world: World
  ) {
    this.world = world
    this.sysfs = new Sysfs(world)
    this.shell = new Shell(this.sysfs, this.world.bootWarnings)
  }

  get counters(): Counters {
    return this.world.counters
  }

  /** Starts a process with an empty address space. */
  spawn(): Process {
    this.refuseInStep('spawn')
    return new Process(this, newMm(this.world, this.nextPid()))
  }

  /** Keeps views of the next `forks` forks, with at most `entries` entries an mm. Counts nothing. */
  recordForks(limits: { readonly forks: number; readonly entries: number }): void {
    this.#forksLeft = limits.forks
    this.#forkEntries = limits.entries
  }

  /**
   * Runs `body` and answers how long it takes in simulated nanoseconds when all `cpus` CPUs do the
   * same at once, each on an mm of its own. Throws `no-cost-profile`, before it runs anything.
   */
  time(body: () => void): number {
    if (!this.cost) {
      throw new EngineError('no-cost-profile', `This machine has no cost profile: pass cost: 'ampere-altra'.`)
    }
    const before = this.counters.snapshot()
    body()
    const delta = this.counters.values.map((value, index) => value - before[index])
    return simulatedTime(delta, this.cost, this.cpus).timeNs
  }

  /** CPUs and, after them, walkers. */
  get agents(): number {
    return this.world.tlbs?.agents ?? this.cpus
  }

  /** The checker that looks at every step, while there is one. */
  get watch(): Watch | undefined {
    return this.#watch
  }

  /** From now on every step that another CPU could see is checked, until `stopWatch`. */
  startWatch(): Watch {
    this.#watch ??= new Watch(this.world)
    this.#watch.elsewhere = this.#step
    return this.#watch
  }

  /** Ends `startWatch`. */
  stopWatch(): void {
    if (this.#watch === undefined) return
    this.#watch = undefined
    this.world.folios.observer = this.world.tlbs
    this.world.probe = this.#step
  }

  /** Calls `step` at every step that another CPU could see, with its name; `undefined` ends it. See `refuseInStep`. */
  onStep(step: ((what: string) => void) | undefined): void {
    this.#step =
      step &&
      ((what) => {
        this.#inStep = true
        try {
          step(what)
        } finally {
          this.#inStep = false
        }
      })
    if (this.#watch !== undefined) this.#watch.elsewhere = this.#step
    else this.world.probe = this.#step
  }

  /** Throws `inside-step` in the middle of an operation, where others must wait for its locks. */
  refuseInStep(what: string): void {
    if (!this.#inStep) return
    throw new EngineError(
      'inside-step',
      `${what}: inside onStep an operation is under way, and holds its locks: only looking is possible, and accesses by cpu(n) and walker(n).`
    )
  }

  /**
   * Somebody waits for the page-table locks at every lock-break test of fork, and runs `body` while
   * both are free. The parent's mmap_lock stays held: what needs it throws `mmap-lock-held`.
   * `undefined` ends it.
   */
  onLockBreak(body: ((at: LockBreak) => void) | undefined): void {
    const { world } = this
    world.contention = body && {
      wants: () => true,
      run: (parent, child, vpn) => {
        // Another process may fork meanwhile.
        const outer = world.mmapLocked
        world.mmapLocked = parent
        try {
          body({ parentPid: parent.pid, childPid: child.pid, vpn })
        } finally {
          world.mmapLocked = outer
        }
      }
    }
  }

  /** A write fault that takes no mmap_lock, as the speculative faults of 5.15 do; mainline has none. */
  speculativeStore(mm: Mm, vpn: number): void {
    const { world } = this
    this.refuseInStep('fill')
    const held = world.mmapLocked
    world.mmapLocked = undefined
    try {
      const pfn = accessPage(world, mm, vpn, true)
      this.#watch?.store(pfn)
    } finally {
      world.mmapLocked = held
    }
  }

  /** An operation of `mm` on `pages` pages from `vpn`, under the eyes of the watch. `gone`: the mm is not there after it. */
  act<T>(mm: Mm, vpn: number, pages: number, body: () => T, gone = false): T {
    const watch = this.#watch
    if (watch === undefined) return body()
    watch.begin(mm, vpn, Math.max(pages, 1))
    try {
      return body()
    } finally {
      watch.end(gone ? undefined : mm)
    }
  }

  /**
   * One load or store by CPU or walker number `agent` (walkers follow the CPUs), through its own TLB;
   * a store leaves `value` in the page. Inside `onStep` a fault is not handled: it waits. Throws `no-tlb` on a machine without TLBs, and what faults throw.
   */
  access(agent: number, mm: Mm, vpn: number, value?: number): AgentAccess {
    const { world } = this
    if (world.tlbs === undefined) {
      throw new EngineError('no-tlb', 'This machine has no TLBs: pass tlb: {} to machine().')
    }
    const { tlbs } = world
    const write = value !== undefined
    const stored = (found: AgentAccess): AgentAccess => {
      if (value === undefined || found.pfn < 0) return found
      world.folios.setContent(found.pfn, value)
      this.#watch?.store(found.pfn)
      return found
    }
    if (!this.#inStep) return this.act(mm, vpn, 1, () => stored(agentAccess(world, mm, agent, vpn, write)))
    const before = world.currentCpu
    world.currentCpu = agent
    try {
      const pfn = translate(world, tlbs, mm, vpn, write)
      return stored({ pfn, faults: pfn < 0 ? 1 : 0 })
    } finally {
      world.currentCpu = before
    }
  }

  /** One wake-up of khugepaged, which never runs by itself. */
  khugepaged(): KhugepagedPass {
    this.refuseInStep('khugepaged')
    return runKhugepaged(this.world)
  }

  /** Memory that others hold, so that what is free lies in pieces; answers the pages held. `bad-argument`. */
  fragment(how: Fragmentation): number {
    this.refuseInStep('fragment')
    return fragment(this.world, how)
  }

  /** The next process number. For processes. */
  nextPid(): number {
    return ++this.#pid
  }

  /** Entries an mm to record of the fork that begins now, 0 for none. For processes. */
  forkEntries(): number {
    if (this.#forksLeft === 0) return 0
    this.#forksLeft--
    return this.#forkEntries
  }
}

/** Puts a machine together. Throws `unknown-kernel`, `bad-argument`. */
export function createMachine(config: MachineConfig): Machine {
  const named = typeof config.kernel === 'string' ? kernelByName(config.kernel) : config.kernel
  const kernel = config.mteDesign === undefined ? named : { ...named, mteDesign: config.mteDesign }
  const {
    cpus = 1,
    granule = '4K',
    memoryBytes = DEFAULT_MEMORY,
    cpu,
    seed,
    swapBytes,
    swapDevice,
    trace,
    commandLine,
    forceVmemmap,
    restoresTagsLate
  } = config
  checkCpus(cpus)
  checkGranule(granule)
  checkMemory(memoryBytes, granule)
  if (swapBytes !== undefined) checkSwap(swapBytes, granule)
  const tlb = config.tlb && tlbConfig(config.tlb, cpus)
  const world = new World({
    kernel,
    granule,
    memoryBytes,
    cpu,
    seed,
    swapBytes,
    swapDevice,
    tlb,
    trace,
    commandLine,
    forceVmemmap,
    restoresTagsLate
  })
  return new Machine(kernel, cpus, config.cost, world)
}
