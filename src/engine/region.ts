import { BLOCK_CALLS, callOnBlock, type BlockCall, type BlockCallResult } from './check/block-calls'
import { observeBlock, type BlockObservation } from './check/observe'
import { EngineError } from './error'
import { summarise } from './inspect'
import { accessPage, accessRange, loadPage, storePage } from './mm/access'
import { numaHint, userfaultWriteProtect } from './mm/change-marks'
import type { PinHow } from './mm/gup'
import type { Mm } from './mm/mm'
import { corruptEntry, type Corruption } from './corrupt'
import { checkProt } from './machine-options'
import type { Process } from './process'
import { explainStore, type StoreDecision } from './thp/explain'
import {
  sysMadvise,
  sysMlock,
  sysMprotect,
  sysMremap,
  sysMunmap,
  sysPin,
  type MadviseAdvice
} from './syscalls'
import {
  inspectBlock,
  inspectEntry,
  inspectFolioDetails,
  type BlockInfo,
  type FolioDetails,
  type PteDetails
} from './views'
import type { World } from './world'

/** Every advice, as `sysMadvise` takes it. */
export const ADVICE: readonly MadviseAdvice[] = [
  'dontneed',
  'free',
  'hugepage',
  'nohugepage',
  'cold',
  'pageout',
  'populate_read',
  'populate_write',
  'collapse',
  'dontfork',
  'dofork',
  'wipeonfork',
  'keeponfork'
]
export type Advice = MadviseAdvice

/**
 * A range that a process mapped. Page numbers count from its start. Every method that takes a
 * `process` works on that process's copy of the range: a child inherits it by fork.
 *
 * Errors: `bad-argument` for pages outside the region, `use-after-exit`, `EFAULT` and `EIO` for an
 * access the mapping does not allow (pages before it were touched), `ENOMEM` without memory,
 * `mmap-lock-held` for calls on the parent while fork lets another CPU run.
 */
export class Region {
  constructor(
    readonly process: Process,
    /** First virtual address. */
    readonly address: number,
    readonly bytes: number,
    /** Length in pages. */
    readonly length: number
  ) {}

  /** Stores to `count` pages from page `from`, ascending, faulting pages in. Default: all. */
  write(from = 0, count = this.length - from, process: Process = this.process): void {
    this.#touch('write', from, count, process, true)
  }

  /** Loads from `count` pages from page `from`, ascending. Default: all. */
  read(from = 0, count = this.length - from, process: Process = this.process): void {
    this.#touch('read', from, count, process, false)
  }

  #touch(what: string, from: number, count: number, process: Process, write: boolean): void {
    const vpn = this.#range(what, from, count)
    const { world, machine } = process
    machine.refuseInStep(what)
    const mm = process.livingMm()
    const { watch } = machine
    if (watch === undefined) {
      accessRange(world, mm, vpn, vpn + count, write)
      return
    }
    for (let at = vpn; at < vpn + count; at++) {
      machine.act(mm, at, 1, () => {
        const pfn = accessPage(world, mm, at, write)
        if (write) watch.store(pfn)
      })
    }
  }

  /** Stores one byte, 0 to 255, into page `page`. */
  store(page: number, value: number, process: Process = this.process): void {
    const vpn = this.#range('store', page, 1)
    if (!Number.isInteger(value) || value < 0 || value > 255)
      throw new EngineError('bad-argument', `store: the value must be a byte, 0 to 255, not ${value}.`)
    this.#touch('store', page, 1, process, true)
    storePage(process.world, process.livingMm(), vpn, value)
  }

  /** Loads the byte that page `page` holds. */
  load(page: number, process: Process = this.process): number {
    this.#touch('load', page, 1, process, false)
    return loadPage(process.world, process.livingMm(), this.#range('load', page, 1))
  }

  /** A system call on pages `from .. from + count` of `process`, under the eyes of its machine's watch. */
  #call<T>(
    what: string,
    from: number,
    count: number,
    process: Process,
    body: (world: World, mm: Mm, vpn: number) => T
  ): T {
    const vpn = this.#range(what, from, count)
    const mm = process.callingMm(what)
    return process.machine.act(mm, vpn, count, () => body(process.world, mm, vpn))
  }

  /**
   * `madvise(2)` on pages `from .. from + count`. Throws `ENOMEM` where part of the range was
   * unmapped, after the rest was advised, and `EINVAL` for an advice that does not exist or does not fit.
   */
  madvise(advice: Advice, from = 0, count = this.length - from, process: Process = this.process): void {
    if (!ADVICE.includes(advice)) {
      throw new EngineError('EINVAL', `EINVAL: no advice '${advice}'; there are ${ADVICE.join(', ')}.`)
    }
    this.#call('madvise', from, count, process, (world, mm, vpn) => {
      if (count === 0) return
      sysMadvise(world, mm, vpn, count, advice)
      if (advice === 'free') process.machine.watch?.cleaned(mm, vpn, count)
    })
  }

  /** `munmap(2)` on pages `from .. from + count`. */
  munmap(from = 0, count = this.length - from, process: Process = this.process): void {
    this.#call('munmap', from, count, process, (world, mm, vpn) => {
      if (count === 0) throw new EngineError('EINVAL', 'EINVAL: munmap of no pages.')
      sysMunmap(world, mm, vpn, count)
    })
  }

  /** `mprotect(2)`; `prot` as in `MmapRequest`. `ENOMEM` at the first gap, after what lies before it changed. */
  mprotect(prot: string, from = 0, count = this.length - from, process: Process = this.process): void {
    checkProt('mprotect', prot)
    this.#call('mprotect', from, count, process, (world, mm, vpn) => {
      sysMprotect(world, mm, vpn, count, prot)
    })
  }

  /**
   * `mremap(MREMAP_MAYMOVE | MREMAP_FIXED)` of pages `from .. from + count` to page `at` of another
   * region, which is unmapped there first. `EFAULT`, `EINVAL` as the kernel gives them.
   */
  mremap(to: Region, at = 0, from = 0, count = this.length - from, process: Process = this.process): void {
    const target = to.#range('mremap', at, count)
    this.#call('mremap', from, count, process, (world, mm, vpn) => {
      sysMremap(world, mm, vpn, count, target)
    })
  }

  /** `mlock(2)`: marks and populates. `ENOMEM` where part of the range is not mapped, or allows no access. */
  mlock(from = 0, count = this.length - from, process: Process = this.process): void {
    this.#call('mlock', from, count, process, (world, mm, vpn) => {
      sysMlock(world, mm, vpn, count)
    })
  }

  /**
   * `pin_user_pages_fast`: answers how many pages it pinned before the first that it could not; `EFAULT`
   * where that is the first one. `Process.unpin` lets go.
   */
  pin(
    from = 0,
    count = this.length - from,
    how: PinHow = { write: true, longterm: true },
    process: Process = this.process
  ): number {
    return this.#call('pin', from, count, process, (world, mm, vpn) => sysPin(world, mm, vpn, count, how))
  }

  /** What NUMA balancing's scan does to present entries; see `change-marks.ts`. */
  numaHint(from = 0, count = this.length - from, process: Process = this.process): void {
    this.#call('numaHint', from, count, process, (world, mm, vpn) => {
      numaHint(world, mm, vpn, count)
    })
  }

  /** Registers with userfaultfd for write protection and protects what is mapped; see `change-marks.ts`. */
  writeProtect(
    from = 0,
    count = this.length - from,
    process: Process = this.process,
    how: { readonly forkEvents?: boolean } = {}
  ): void {
    this.#call('writeProtect', from, count, process, (world, mm, vpn) => {
      userfaultWriteProtect(world, mm, vpn, count, how.forkEvents)
    })
  }

  /** Page number of page `page`, for accesses by other CPUs and walkers. */
  vpn(page: number): number {
    return this.#range('page', page, 1)
  }

  /** The entry of page `page` as it lies in memory, seen through `process` (default: the owner). */
  pte(page: number, process: Process = this.process): PteDetails {
    return inspectEntry(process.world, process.livingMm(), this.#range('pte', page, 1))
  }

  /** The contpte block that holds page `page`; it may reach beyond the region. */
  block(page: number, process: Process = this.process): BlockInfo {
    return inspectBlock(process.world, process.livingMm(), this.#range('block', page, 1))
  }

  /** What other CPUs can make of the block that holds page `page`, as it stands at this very step. */
  observe(page: number, process: Process = this.process): BlockObservation {
    const mm = process.livingMm()
    return observeBlock(process.world, mm, this.#range('observe', page, 1), mm.exiting)
  }

  /** What `call` on the entry of page `page` would do now: made in a copy of its block. */
  whatIf(page: number, call: BlockCall, process: Process = this.process): BlockCallResult {
    if (!BLOCK_CALLS.includes(call)) {
      throw new EngineError('bad-argument', `whatIf: no call '${call}'; there are ${BLOCK_CALLS.join(', ')}.`)
    }
    const vpn = this.#range('whatIf', page, 1)
    const { world } = process
    return callOnBlock(world, process.livingMm(), vpn, vpn % world.geometry.contPtes, call)
  }

  /** The folio of page `page`, or undefined where nothing is mapped (or the zero page is). */
  folio(page: number, process: Process = this.process): FolioDetails | undefined {
    return inspectFolioDetails(process.world, process.livingMm(), this.#range('folio', page, 1))
  }

  /** What the next store to page `page` would be given, and why nothing larger. `EFAULT` where nothing is mapped. */
  explain(page: number, process: Process = this.process): StoreDecision {
    const vpn = this.#range('explain', page, 1)
    const mm = process.livingMm()
    const vma = mm.vmaAt(vpn)
    if (vma === undefined) throw new EngineError('EFAULT', `EFAULT: no VMA holds page ${page}.`)
    return explainStore(process.world, mm, vma, vpn)
  }

  /** Writes bits of the entry of page `page` behind the kernel's back; see `corruptEntry`. */
  corrupt(page: number, change: Corruption, process: Process = this.process): void {
    corruptEntry(process.world, process.livingMm(), this.#range('corrupt', page, 1), change)
  }

  /** How many folded blocks begin in the region, seen through `process` (default: the owner). */
  foldedBlocks(process: Process = this.process): number {
    const vpn = this.#range('foldedBlocks', 0, this.length)
    return summarise(process.world, process.livingMm(), vpn, vpn + this.length).foldedBlocks
  }

  /** First page number of a range of pages of the region. */
  #range(what: string, from: number, count: number): number {
    if (
      !Number.isInteger(from) ||
      !Number.isInteger(count) ||
      from < 0 ||
      count < 0 ||
      from + count > this.length
    ) {
      throw new EngineError(
        'bad-argument',
        `${what}: pages ${from} to ${from + count - 1} are not inside this region of ${this.length} pages (0 to ${this.length - 1}).`
      )
    }
    return this.address / this.process.world.geometry.pageSize + from
  }
}
