/**
 * What a user-space allocator does to its process: it stores to pages and gives pages back. One heap is one
 * mapping; workloads (`arena.ts`, `bump.ts`, `js-heap.ts`) decide which pages.
 */
import { storePage } from '../mm/access'
import type { Mm } from '../mm/mm'
import { sysMadvise } from '../syscalls'
import type { World } from '../world'

/** Counts of a heap so far. */
export interface HeapCounts {
  /** Calls of `madvise(MADV_DONTNEED)`, and pages in them. */
  purges: number
  purgedPages: number
  /** Stores of workload operations to pages. */
  stores: number
}

/** Pages `0 .. pages` of a mapping. */
export class Heap {
  readonly counts: HeapCounts = { purges: 0, purgedPages: 0, stores: 0 }

  constructor(
    readonly world: World,
    readonly mm: Mm,
    readonly vpn: number,
    readonly pages: number
  ) {}

  /** Stores to each of the pages, with something that is not zero. */
  store(page: number, count: number): void {
    for (let at = page; at < page + count; at++) storePage(this.world, this.mm, this.vpn + at, (at % 255) + 1)
    this.counts.stores += count
  }

  /** Pages resident in the process, in whatever memory the heap lies. */
  get residentPages(): number {
    return this.mm.anonPages + this.mm.filePages
  }

  /** `madvise(MADV_DONTNEED)`. */
  purge(page: number, count: number): void {
    sysMadvise(this.world, this.mm, this.vpn + page, count, 'dontneed')
    this.counts.purges++
    this.counts.purgedPages += count
  }
}

/** One allocator at work; `run` may be called again and again. */
export interface Workload {
  /** Runs operations: allocations and frees. Throws what faults throw, and `ENOMEM` when the heap is full. */
  run(operations: number): void
  readonly report: WorkloadReport
}

/** Where a workload stands. */
export interface WorkloadReport extends Readonly<HeapCounts> {
  readonly operations: number
  readonly allocations: number
  readonly frees: number
  readonly liveBytes: number
  /** Pages with a live object in them: what the process needs. */
  readonly livePages: number
  /** Resident pages of the process. */
  readonly residentPages: number
  /** Bytes the workload itself keeps in this computer's memory. */
  readonly stateBytes: number
}
