import { EngineError } from './error'
import { inspectFolio, inspectPte, summarise, type FolioInfo, type PteInfo } from './inspect'
import { accessRange } from './mm/access'
import { munmapRange } from './mm/zap'
import type { Process } from './process'
import { sysMadvise } from './syscalls'

export const ADVICE = ['dontneed', 'hugepage', 'nohugepage'] as const
export type Advice = (typeof ADVICE)[number]

/**
 * A range that a process mapped. Page numbers count from its start. Every method that takes a
 * `process` works on that process's copy of the range: a child inherits it by fork.
 *
 * Errors: `bad-argument` for pages outside the region, `use-after-exit`, `EFAULT` for an access the
 * mapping does not allow (pages before it were touched), `ENOMEM` without memory.
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
    const vpn = this.#range('write', from, count)
    accessRange(process.world, process.livingMm(), vpn, vpn + count, true)
  }

  /** Loads from `count` pages from page `from`, ascending. Default: all. */
  read(from = 0, count = this.length - from, process: Process = this.process): void {
    const vpn = this.#range('read', from, count)
    accessRange(process.world, process.livingMm(), vpn, vpn + count, false)
  }

  /**
   * `madvise(2)` on pages `from .. from + count`. Throws `ENOMEM` where part of the range was
   * unmapped, after the rest was advised, and `EINVAL` for an advice that does not exist.
   */
  madvise(advice: Advice, from = 0, count = this.length - from, process: Process = this.process): void {
    const vpn = this.#range('madvise', from, count)
    if (!ADVICE.includes(advice)) {
      throw new EngineError('EINVAL', `EINVAL: no advice '${advice}'; there are ${ADVICE.join(', ')}.`)
    }
    const mm = process.livingMm()
    if (count > 0) sysMadvise(process.world, mm, vpn, count, advice)
  }

  /** `munmap(2)` on pages `from .. from + count`. */
  munmap(from = 0, count = this.length - from, process: Process = this.process): void {
    const vpn = this.#range('munmap', from, count)
    if (count === 0) throw new EngineError('EINVAL', 'EINVAL: munmap of no pages.')
    munmapRange(process.world, process.livingMm(), vpn, vpn + count)
  }

  /** The entry of page `page` as it lies in memory, seen through `process` (default: the owner). */
  pte(page: number, process: Process = this.process): PteInfo {
    return inspectPte(process.world, process.livingMm(), this.#range('pte', page, 1))
  }

  /** The folio of page `page`, or undefined where nothing is mapped (or the zero page is). */
  folio(page: number, process: Process = this.process): FolioInfo | undefined {
    return inspectFolio(process.world, process.livingMm(), this.#range('folio', page, 1))
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
