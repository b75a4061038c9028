import type { FolioInfo, PteInfo } from './inspect'
import type { Process } from './process'

export type Advice = 'dontneed' | 'hugepage' | 'nohugepage'

/** A mapped range of a process. Page numbers count from the start of the region. */
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
  write(from = 0, count = this.length - from): void {
    throw new Error(`not built yet: write ${from} ${count}`)
  }

  /** Loads from `count` pages from page `from`. Default: all. */
  read(from = 0, count = this.length - from): void {
    throw new Error(`not built yet: read ${from} ${count}`)
  }

  /** `madvise(2)` on pages `from .. from + count`. */
  madvise(advice: Advice, from = 0, count = this.length - from): void {
    throw new Error(`not built yet: madvise ${advice} ${from} ${count}`)
  }

  /** `munmap(2)` on pages `from .. from + count`. */
  munmap(from = 0, count = this.length - from): void {
    throw new Error(`not built yet: munmap ${from} ${count}`)
  }

  /** The entry of page `page` as it lies in memory, seen through `process` (default: the owner). */
  pte(page: number, process: Process = this.process): PteInfo {
    throw new Error(`not built yet: pte ${page} ${process.pid}`)
  }

  /** The folio of page `page`, or undefined where nothing is mapped. */
  folio(page: number, process: Process = this.process): FolioInfo | undefined {
    throw new Error(`not built yet: folio ${page} ${process.pid}`)
  }

  /** How many folded blocks lie in the region, seen through `process` (default: the owner). */
  foldedBlocks(process: Process = this.process): number {
    throw new Error(`not built yet: foldedBlocks ${process.pid}`)
  }
}
