/**
 * The simulator as one cell's script reaches it: numbers for handles on the script's side, engine
 * objects here. Everything that comes from the script is checked here.
 */
import { EngineError } from '../../engine/error'
import { createMachine, type Machine } from '../../engine/machine'
import type { Process } from '../../engine/process'
import { ADVICE, type Region } from '../../engine/region'
import type { Workload } from '../../engine/workload/heap'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { MAX_FORK_ENTRIES, MAX_FORK_VIEWS, MAX_MACHINES } from '../limits'
import type { ForkView } from '../results/types'
import { bad, text } from './arguments'
import { CALLS, type Handles } from './calls'
import type { CellTrace } from '../trace/cell-trace'
import { machineConfig, mmapRequest } from './machine-options'

/** The machines, processes and regions of one cell. */
export class CellMachines implements Handles {
  readonly #machines: Machine[] = []
  readonly #processes: Process[] = []
  readonly #regions: Region[] = []
  readonly #workloads: Workload[] = []

  /** @param seed the cell's, for machines whose script gives none */
  constructor(
    private readonly seed: number,
    private readonly trace?: CellTrace
  ) {}

  /** A call of `CALLS`: arguments as a JSON list, the answer as JSON. */
  call(name: string, json: string): string {
    const answer = CALLS[name](this, JSON.parse(json) as unknown[])
    return JSON.stringify(answer ?? null)
  }

  machineAt(id: unknown): Machine {
    return this.#machines[Number(id)]
  }

  processAt(id: unknown): Process {
    return this.#processes[Number(id)]
  }

  regionAt(id: unknown): Region {
    return this.#regions[Number(id)]
  }

  addWorkload(workload: Workload): number {
    return this.#workloads.push(workload) - 1
  }

  workloadAt(id: unknown): Workload {
    return this.#workloads[Number(id)]
  }

  through(region: Region, process: unknown): Process {
    if (process === undefined || process === null) return region.process
    const through = this.processAt(process)
    if (through.world === region.process.world) return through
    throw bad('process must be a process of the machine that the region belongs to')
  }

  /** Builds a machine from the script's options (JSON). */
  machine(json: string): { id: number; kernel: string; cpus: number } {
    if (this.#machines.length >= MAX_MACHINES) {
      throw new EngineError('limit-machines', `a cell may build at most ${MAX_MACHINES} machines`)
    }
    const machine = createMachine({
      ...machineConfig(JSON.parse(json), this.seed),
      trace: this.trace?.next()
    })
    this.trace?.machine(machine)
    machine.recordForks({ forks: MAX_FORK_VIEWS, entries: MAX_FORK_ENTRIES })
    return { id: this.#machines.push(machine) - 1, kernel: machine.kernel.name, cpus: machine.cpus }
  }

  counter(machine: number, index: number): number {
    return this.#machines[machine].counters.values[index]
  }

  sysfsRead(machine: number, path: unknown): string {
    return this.#machines[machine].sysfs.read(text('sysfs.read: the path', path))
  }

  sysfsWrite(machine: number, path: unknown, value: unknown): true {
    this.#machines[machine].sysfs.write(
      text('sysfs.write: the path', path),
      text('sysfs.write: the value', value)
    )
    return true
  }

  sysfsList(machine: number, path: unknown): string[] {
    return this.#machines[machine].sysfs.list(text('sysfs.list: the path', path))
  }

  spawn(machine: number): { id: number; pid: number } {
    return this.#process(this.#machines[machine].spawn())
  }

  time(machine: number, body: () => void): number {
    const timed = (): number => this.#machines[machine].time(body)
    return this.trace === undefined ? timed() : this.trace.timed(machine, timed)
  }

  mmap(process: number, json: string): { id: number; address: number; bytes: number; length: number } {
    const region = this.#processes[process].mmap(mmapRequest(JSON.parse(json)))
    return {
      id: this.#regions.push(region) - 1,
      address: region.address,
      bytes: region.bytes,
      length: region.length
    }
  }

  fork(process: number): { id: number; pid: number } {
    return this.#process(this.#processes[process].fork())
  }

  exit(process: number): true {
    this.#processes[process].exit()
    return true
  }

  regionWrite(region: number, from: number, count: number, process: number): true {
    this.#regions[region].write(given(from), given(count), this.#through(region, process))
    return true
  }

  regionRead(region: number, from: number, count: number, process: number): true {
    this.#regions[region].read(given(from), given(count), this.#through(region, process))
    return true
  }

  regionMadvise(region: number, advice: unknown, from: number, count: number, process: number): true {
    const known = ADVICE.find((one) => one === advice)
    if (!known) throw bad(`madvise: the advice must be one of ${ADVICE.join(', ')}`)
    this.#regions[region].madvise(known, given(from), given(count), this.#through(region, process))
    return true
  }

  regionMunmap(region: number, from: number, count: number, process: number): true {
    this.#regions[region].munmap(given(from), given(count), this.#through(region, process))
    return true
  }

  regionPte(region: number, page: number, process: number): object {
    return this.#regions[region].pte(this.#page(page), this.#through(region, process))
  }

  regionFolio(region: number, page: number, process: number): object | undefined {
    return this.#regions[region].folio(this.#page(page), this.#through(region, process))
  }

  regionFoldedBlocks(region: number, process: number): number {
    return this.#regions[region].foldedBlocks(this.#through(region, process))
  }

  /** Occurrences over all machines of the cell, ordered as `COUNTER_NAMES`. */
  counters(): number[] {
    return COUNTER_NAMES.map((_, index) =>
      this.#machines.reduce((sum, machine) => sum + machine.counters.values[index], 0)
    )
  }

  /** The cell's first forks, numbered through. */
  forks(): ForkView[] {
    const views = this.#machines.flatMap((machine) => machine.forkViews).slice(0, MAX_FORK_VIEWS)
    return views.map((view, index) => ({ ...view, index }))
  }

  #page(page: number): number {
    if (page < 0) throw bad('the page number is missing')
    return page
  }

  #through(region: number, process: number): Process {
    return this.through(this.#regions[region], process < 0 ? undefined : process)
  }

  #process(process: Process): { id: number; pid: number } {
    return { id: this.#processes.push(process) - 1, pid: process.pid }
  }
}

/** Scripts leave an option out as -1. */
function given(value: number): number | undefined {
  return value < 0 ? undefined : value
}
