import type { Granule } from './arch/granule'
import { simulatedTime } from './cost/model'
import type { CostProfile } from './cost/profile'
import { EngineError } from './error'
import type { ForkView } from './inspect'
import { kernelByName, type KernelRecord } from './kernel'
import { Process } from './process'
import { Sysfs } from './thp/sysfs'
import { Counters } from './trace/counters'

/** How a machine is put together. */
export interface MachineConfig {
  /** A kernel's name, or a record. */
  readonly kernel: string | KernelRecord
  /** CPUs that each run the same loop on an mm of their own (1..1024). Default 1. */
  readonly cpus?: number
  /** Default '4K'. */
  readonly granule?: Granule
  /** Physical memory. Default 16 GiB. */
  readonly memoryBytes?: number
  /** Without one, `time` is an error. */
  readonly cost?: CostProfile
  readonly seed?: number
}

/** A simulated arm64 machine. */
export class Machine {
  readonly counters = new Counters()
  readonly sysfs = new Sysfs()
  /** The forks recorded so far; see `recordForks`. */
  readonly forkViews: ForkView[] = []
  #pid = 0

  constructor(
    readonly kernel: KernelRecord,
    readonly cpus: number,
    readonly cost: CostProfile | undefined
  ) {}

  /** Starts a process with an empty address space. */
  spawn(): Process {
    return new Process(this, ++this.#pid)
  }

  /** Keeps views of the next `forks` forks, with at most `entries` entries an mm. Counts nothing. */
  recordForks(limits: { readonly forks: number; readonly entries: number }): void {
    throw new Error(`not built yet: recordForks ${limits.forks}`)
  }

  /**
   * Runs `body` and answers how long it takes in simulated nanoseconds when all `cpus` CPUs do the
   * same at once. Throws `no-cost-profile`.
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
}

/** Puts a machine together. Throws `unknown-kernel`, `bad-argument`. */
export function createMachine(config: MachineConfig): Machine {
  const kernel = typeof config.kernel === 'string' ? kernelByName(config.kernel) : config.kernel
  const cpus = config.cpus ?? 1
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > 1024) {
    throw new EngineError('bad-argument', `cpus must be a whole number from 1 to 1024, not ${cpus}.`)
  }
  return new Machine(kernel, cpus, config.cost)
}
