/**
 * The simulator as one cell's script reaches it: numbers for handles on the script's side, engine
 * objects here. Everything that comes from the script is checked here.
 */
import { EngineError } from '../../engine/error'
import { createMachine, type Machine } from '../../engine/machine'
import type { Process } from '../../engine/process'
import type { Region } from '../../engine/region'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { parseBytes } from '../bytes'
import { MAX_FORK_ENTRIES, MAX_FORK_VIEWS, MAX_MACHINES } from '../limits'
import type { ForkView } from '../results/types'
import { costProfileByName, costProfileNames } from './profiles'

const MACHINE_OPTIONS = ['kernel', 'cpus', 'granule', 'cost', 'memory']
const MMAP_OPTIONS = ['bytes', 'align', 'prot']
const ADVICE = ['dontneed', 'hugepage', 'nohugepage'] as const

function bad(message: string): EngineError {
  return new EngineError('bad-argument', message)
}

function options(call: string, json: string, known: readonly string[]): Record<string, unknown> {
  const value: unknown = JSON.parse(json)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw bad(`${call} takes an object of options`)
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined) throw bad(`${call} has no option '${unknown}': it takes ${known.join(', ')}`)
  return value as Record<string, unknown>
}

function bytes(call: string, name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  const parsed = parseBytes(value)
  if (parsed === undefined) {
    throw bad(
      `${call}: ${name} must be a number of bytes such as 4096, '64KiB' or '1GiB', not ${JSON.stringify(value)}`
    )
  }
  return parsed
}

function text(what: string, value: unknown): string {
  if (typeof value !== 'string') throw bad(`${what} must be a string`)
  return value
}

/** The machines, processes and regions of one cell. */
export class CellMachines {
  readonly #machines: Machine[] = []
  readonly #processes: Process[] = []
  readonly #regions: Region[] = []

  /** Builds a machine from the script's options (JSON). */
  machine(json: string): { id: number; kernel: string; cpus: number } {
    const given = options('machine', json, MACHINE_OPTIONS)
    if (typeof given.kernel !== 'string') throw bad("machine needs a kernel, e.g. { kernel: 'contpte-v2' }")
    if (given.granule !== undefined && given.granule !== '4K') {
      throw bad(`machine: granule ${JSON.stringify(given.granule)} is not simulated yet: use '4K'`)
    }
    if (given.cpus !== undefined && typeof given.cpus !== 'number')
      throw bad('machine: cpus must be a number')
    if (this.#machines.length >= MAX_MACHINES) {
      throw new EngineError('limit-machines', `a cell may build at most ${MAX_MACHINES} machines`)
    }
    const machine = createMachine({
      kernel: given.kernel,
      cpus: given.cpus,
      granule: given.granule,
      memoryBytes: bytes('machine', 'memory', given.memory),
      cost: given.cost === undefined ? undefined : this.#profile(given.cost)
    })
    machine.recordForks({ forks: MAX_FORK_VIEWS, entries: MAX_FORK_ENTRIES })
    return { id: this.#machines.push(machine) - 1, kernel: machine.kernel.name, cpus: machine.cpus }
  }

  #profile(name: unknown): ReturnType<typeof costProfileByName> {
    const profile = typeof name === 'string' ? costProfileByName(name) : undefined
    if (profile) return profile
    const names = costProfileNames().join(', ')
    throw new EngineError(
      'unknown-cost-profile',
      `unknown cost profile ${JSON.stringify(name)}; the profiles are: ${names}`
    )
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
    return this.#machines[machine].time(body)
  }

  mmap(process: number, json: string): { id: number; address: number; bytes: number; length: number } {
    const given = options('mmap', json, MMAP_OPTIONS)
    const size = bytes('mmap', 'bytes', given.bytes)
    if (size === undefined) throw bad("mmap needs a size, e.g. { bytes: '1GiB' }")
    if (given.prot !== undefined && given.prot !== 'r' && given.prot !== 'rw')
      throw bad("mmap: prot must be 'r' or 'rw'")
    const align = bytes('mmap', 'align', given.align)
    const region = this.#processes[process].mmap({ bytes: size, align, prot: given.prot })
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

  #through(region: number, process: number): Process | undefined {
    if (process < 0) return undefined
    const through = this.#processes[process]
    if (through.world !== this.#regions[region].process.world) {
      throw bad('process must be a process of the machine that the region belongs to')
    }
    return through
  }

  #process(process: Process): { id: number; pid: number } {
    return { id: this.#processes.push(process) - 1, pid: process.pid }
  }
}

/** Scripts leave an option out as -1. */
function given(value: number): number | undefined {
  return value < 0 ? undefined : value
}
