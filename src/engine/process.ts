import { EngineError } from './error'
import { countersBetween, viewMm } from './inspect'
import type { Machine } from './machine'
import { forkMm } from './mm/fork'
import { anonymousVma, VM_MAYWRITE, VM_READ, VM_WRITE, type Mm } from './mm/mm'
import { addVma } from './mm/vma'
import { exitMm } from './mm/zap'
import { Region } from './region'
import type { World } from './world'

/** How a region is mapped. */
export interface MmapRequest {
  /** A positive number; rounded up to whole pages. */
  readonly bytes: number
  /**
   * Alignment of the first address in bytes, a power of two of at least a page. Default 2 MiB. Below
   * 2 MiB the address is a multiple of it and of no larger power of two, so that what misalignment
   * does can be seen.
   */
  readonly align?: number
  /** Default `'rw'`. */
  readonly prot?: 'r' | 'rw'
}

/** Where regions begin, and the grid they are placed on: one never shares a table with another. */
const FIRST_ADDRESS = 0x10_0000_0000
const GRID = 2 ** 30
const DEFAULT_ALIGN = 2 * 1024 * 1024
/** Batch sizes kept of one fork. */
const MAX_BATCHES = 4096

/** A process: an mm with VMAs and page tables. Every method throws `use-after-exit` once it exited. */
export class Process {
  #mm: Mm | undefined
  /** First address never mapped yet. */
  #brk: number

  constructor(
    readonly machine: Machine,
    mm: Mm,
    brk = FIRST_ADDRESS - GRID
  ) {
    this.#mm = mm
    this.#brk = brk
    this.pid = mm.pid
  }

  readonly pid: number

  get exited(): boolean {
    return this.#mm === undefined
  }

  get world(): World {
    return this.machine.world
  }

  /** The mm, unless it is gone. */
  livingMm(): Mm {
    if (this.#mm !== undefined) return this.#mm
    throw new EngineError('use-after-exit', `Process ${this.pid} has exited.`)
  }

  /** Maps private anonymous memory; nothing is faulted in until it is touched. Throws `bad-argument`. */
  mmap(request: MmapRequest): Region {
    const mm = this.livingMm()
    const { pageSize, vaBits } = this.world.geometry
    const { bytes, align = DEFAULT_ALIGN, prot = 'rw' } = request
    if (!Number.isFinite(bytes) || bytes <= 0) {
      throw new EngineError('bad-argument', `mmap: bytes must be a positive number, not ${bytes}.`)
    }
    if (!Number.isInteger(align) || align < pageSize || !Number.isInteger(Math.log2(align))) {
      throw new EngineError(
        'bad-argument',
        `mmap: align must be a power of two of at least ${pageSize}, not ${align}.`
      )
    }
    if (prot !== 'r' && prot !== 'rw') {
      throw new EngineError('bad-argument', `mmap: prot must be 'r' or 'rw', not ${String(prot)}.`)
    }
    const length = Math.ceil(bytes / pageSize)
    const grid = Math.max(GRID, align)
    // At least a page stays free between two regions: neighbours would become one VMA.
    const base = Math.ceil((this.#brk + pageSize) / grid) * grid
    const address = base + (align < DEFAULT_ALIGN ? align : 0)
    const end = address + length * pageSize
    if (end > 2 ** vaBits) {
      throw new EngineError('ENOMEM', `ENOMEM: mmap of ${bytes} bytes does not fit the address space.`)
    }
    this.#brk = end
    const start = address / pageSize
    const flags = VM_READ | VM_MAYWRITE | (prot === 'rw' ? VM_WRITE : 0)
    addVma(this.world, mm, anonymousVma(start, start + length, flags))
    return new Region(this, address, length * pageSize, length)
  }

  /** Copies the process as `fork(2)` does, by the design of the machine's kernel. */
  fork(): Process {
    const parent = this.livingMm()
    const { machine, world } = this
    const pid = machine.nextPid()
    const limit = machine.forkEntries()
    if (limit === 0) return new Process(machine, forkMm(world, parent, pid), this.#brk)
    const parentBefore = viewMm(world, parent, limit)
    const before = world.counters.snapshot()
    const batches: number[] = []
    world.forkLog = { batches, limit: MAX_BATCHES }
    const child = forkMm(world, parent, pid)
    world.forkLog = undefined
    machine.forkViews.push({
      index: machine.forkViews.length,
      parentPid: parent.pid,
      childPid: pid,
      parentBefore,
      parentAfter: viewMm(world, parent, limit),
      child: viewMm(world, child, limit),
      counters: countersBetween(before, world.counters.values),
      batches
    })
    return new Process(machine, child, this.#brk)
  }

  /** Ends the process and frees what only it used. */
  exit(): void {
    exitMm(this.world, this.livingMm())
    this.#mm = undefined
  }
}
