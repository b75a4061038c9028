import { EngineError, mmapLockHeld } from './error'
import { mmapHugetlb } from './hugetlb/map'
import { countersBetween, viewMm } from './inspect'
import type { Machine } from './machine'
import { checkProt } from './machine-options'
import { forkMm } from './mm/fork'
import { FileMapping, sharedMemory } from './mm/file'
import { anonymousVma, VM_MAYWRITE, VM_SHARED, type Mm } from './mm/mm'
import { accessFlags } from './mm/protection'
import { addVma } from './mm/vma'
import { exitMm } from './mm/zap'
import { Region } from './region'
import { sysClearRefs, sysMarkChp, sysThpDisable, sysUnpin } from './syscalls'
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
  /** Letters r, w, x in any order, or `none`. Default `'rw'`. */
  readonly prot?: string
  /** MAP_SHARED; anonymous memory is then tmpfs. Default private. */
  readonly shared?: boolean
  /** A file of the mapping's length on a disk, with folios of up to `folioBytes` in the page cache. */
  readonly file?: { readonly folioBytes: number }
  /** MAP_HUGETLB: bytes of the HugeTLB pages. */
  readonly huge?: number
  /** With `huge`: every page is reserved now. Default true; false is MAP_NORESERVE. */
  readonly reserve?: boolean
  /** Name given by prctl(PR_SET_VMA_ANON_NAME) at once. OnePlus marks ranges of 2 MiB and more that have one of `CHP_NAMES`. */
  readonly name?: string
}

/** Names of ranges in which OnePlus uses 64K folios; reference `oneplus.md` section 2. */
export const CHP_NAMES: readonly string[] = ['libc_malloc', 'dalvik-main space (region space)']

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
  /** Sizes of the batches by which fork copied this process, in order, at most 4,096; none for the first one. */
  readonly batches: number[] = []

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

  /** The mm, for a call that takes its mmap_lock: not while fork holds it. */
  callingMm(call: string): Mm {
    const mm = this.livingMm()
    this.machine.refuseInStep(call)
    if (this.world.mmapLocked === mm) throw mmapLockHeld(mm, call)
    return mm
  }

  /** Maps memory; nothing is faulted in until it is touched. Throws `bad-argument`, `ENOMEM`, `EINVAL` for a HugeTLB size that is none. */
  mmap(request: MmapRequest): Region {
    const mm = this.callingMm('mmap')
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
    checkProt('mmap', prot)
    const huge = request.huge
    // A HugeTLB mapping is of whole pages, at a multiple of their size.
    const length = (Math.ceil(bytes / (huge ?? pageSize)) * (huge ?? pageSize)) / pageSize
    const grid = Math.max(GRID, align, huge ?? 0)
    // At least a page stays free between two regions: neighbours would become one VMA.
    const base = Math.ceil((this.#brk + pageSize) / grid) * grid
    const address = base + (huge === undefined && align < DEFAULT_ALIGN ? align : 0)
    const end = address + length * pageSize
    if (end > 2 ** vaBits) {
      throw new EngineError('ENOMEM', `ENOMEM: mmap of ${bytes} bytes does not fit the address space.`)
    }
    this.#brk = end
    const start = address / pageSize
    const shared = request.shared === true ? VM_SHARED : 0
    if (huge !== undefined) {
      this.#mapHuge(
        mm,
        start,
        length,
        huge,
        accessFlags(prot) | VM_MAYWRITE | shared,
        request.reserve !== false
      )
      return new Region(this, address, length * pageSize, length)
    }
    const vma = anonymousVma(start, start + length, accessFlags(prot) | VM_MAYWRITE | shared)
    if (request.file !== undefined) vma.file = this.#file(length, request.file.folioBytes)
    else if (shared !== 0) vma.file = sharedMemory(length)
    if (vma.file !== undefined) vma.pgoff = 0
    addVma(this.world, mm, vma)
    if (request.name !== undefined && CHP_NAMES.includes(request.name)) {
      sysMarkChp(this.world, mm, start, length)
    }
    return new Region(this, address, length * pageSize, length)
  }

  /** `MAP_HUGETLB` of pages of `bytes` each. */
  #mapHuge(mm: Mm, vpn: number, pages: number, bytes: number, flags: number, reserve: boolean): void {
    const { pageSize } = this.world.geometry
    const pool = this.world.hugetlb.pools.find(({ size }) => size.pages * pageSize === bytes)
    if (pool === undefined) {
      const sizes = this.world.hugetlb.pools.map(({ size }) => size.pages * pageSize)
      throw new EngineError(
        'EINVAL',
        `EINVAL: mmap: no HugeTLB pages of ${bytes} bytes; there are those of ${sizes.join(', ')}.`
      )
    }
    mmapHugetlb(this.world, mm, { vpn, pages, order: pool.order, flags, reserve })
  }

  /** A file that nobody else has, of `pages` pages. */
  #file(pages: number, folioBytes: number): FileMapping {
    const { pageSize, pmdOrder } = this.world.geometry
    const order = Math.log2(folioBytes / pageSize)
    if (!Number.isInteger(order) || order < 0 || order > pmdOrder) {
      const most = pageSize * 2 ** pmdOrder
      throw new EngineError(
        'bad-argument',
        `mmap: file: folio must be a power of two from ${pageSize} to ${most} bytes, not ${folioBytes}.`
      )
    }
    return new FileMapping(`file ${++this.machine.files}`, pages, false, order)
  }

  /** A write of `value` to /proc/pid/clear_refs. `EINVAL` for anything but 1 to 5. */
  clearRefs(value: number): void {
    sysClearRefs(this.world, this.callingMm('clear_refs'), value)
  }

  /** `prctl(PR_SET_THP_DISABLE)`. */
  thpDisable(disable: boolean): void {
    sysThpDisable(this.world, this.callingMm('prctl'), disable)
  }

  /** Drops every pin that was taken through this process. */
  unpin(): void {
    this.machine.refuseInStep('unpin')
    sysUnpin(this.world, this.livingMm())
  }

  /** Copies the process as `fork(2)` does, by the design of the machine's kernel. Throws `ENOMEM`. */
  fork(): Process {
    const parent = this.callingMm('fork')
    const { machine, world } = this
    const pid = machine.nextPid()
    const limit = machine.forkEntries()
    const parentBefore = limit === 0 ? [] : viewMm(world, parent, limit)
    const before = world.counters.snapshot()
    const batches: number[] = []
    const outer = world.forkLog
    world.forkLog = { batches, limit: MAX_BATCHES }
    const first = parent.vmas.at(0)?.start ?? 0
    let child: Mm
    try {
      child = machine.act(parent, first, 1, () => forkMm(world, parent, pid))
    } finally {
      world.forkLog = outer
    }
    machine.watch?.end(child)
    const forked = new Process(machine, child, this.#brk)
    forked.batches.push(...batches)
    if (limit === 0) return forked
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
    return forked
  }

  /** Ends the process and frees what only it used. */
  exit(): void {
    const mm = this.callingMm('exit')
    const first = mm.vmas.at(0)?.start ?? 0
    this.machine.act(mm, first, 1, () => exitMm(this.world, mm), true)
    this.#mm = undefined
  }
}
