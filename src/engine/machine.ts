import { GEOMETRIES, type Granule } from './arch/granule'
import type { CpuFeatures } from './arch/cpu'
import { simulatedTime } from './cost/model'
import type { CostProfile } from './cost/profile'
import { EngineError } from './error'
import type { ForkView } from './inspect'
import { kernelByName, type KernelRecord } from './kernel'
import { newMm } from './mm/fork'
import { Process } from './process'
import { Sysfs } from './thp/sysfs'
import type { Counters } from './trace/counters'
import { World } from './world'

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
  /** For choices that hardware may make either way; nothing modelled so far makes one. */
  readonly seed?: number
}

const MAX_CPUS = 1024
const DEFAULT_MEMORY = 16 * 2 ** 30
const MIN_MEMORY = 16 * 2 ** 20
const MAX_MEMORY = 4 * 2 ** 40

/**
 * A simulated arm64 machine. Its transparent-huge-page settings start as a kernel's do, except that
 * the top-level `enabled` is `never`: see `ThpSettings`.
 */
export class Machine {
  readonly world: World
  readonly sysfs: Sysfs
  /** The forks recorded so far; see `recordForks`. */
  readonly forkViews: ForkView[] = []
  #pid = 0
  #forksLeft = 0
  #forkEntries = 0

  constructor(
    readonly kernel: KernelRecord,
    readonly cpus: number,
    readonly cost: CostProfile | undefined,
    world: World
  ) {
    this.world = world
    this.sysfs = new Sysfs(world.thp)
  }

  get counters(): Counters {
    return this.world.counters
  }

  /** Starts a process with an empty address space. */
  spawn(): Process {
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
  const kernel = typeof config.kernel === 'string' ? kernelByName(config.kernel) : config.kernel
  const { cpus = 1, granule = '4K', memoryBytes = DEFAULT_MEMORY } = config
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > MAX_CPUS) {
    throw new EngineError('bad-argument', `cpus must be a whole number from 1 to ${MAX_CPUS}, not ${cpus}.`)
  }
  if (!Object.hasOwn(GEOMETRIES, granule)) {
    const names = Object.keys(GEOMETRIES).join(', ')
    throw new EngineError('bad-argument', `granule must be one of ${names}, not ${String(granule)}.`)
  }
  if (!Number.isFinite(memoryBytes) || memoryBytes < MIN_MEMORY || memoryBytes > MAX_MEMORY) {
    throw new EngineError(
      'bad-argument',
      `memory must be from 16 MiB to 4 TiB (${MIN_MEMORY} to ${MAX_MEMORY} bytes), not ${memoryBytes}.`
    )
  }
  return new Machine(kernel, cpus, config.cost, new World({ kernel, granule, memoryBytes, cpu: config.cpu }))
}
