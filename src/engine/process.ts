import type { Machine } from './machine'
import type { Region } from './region'

/** How a region is mapped. */
export interface MmapRequest {
  readonly bytes: number
  /** Alignment of the first address in bytes. Default 2 MiB. */
  readonly align?: number
  /** Default `'rw'`. */
  readonly prot?: 'r' | 'rw'
}

/** A process: an mm with VMAs and page tables. */
export class Process {
  exited = false

  constructor(
    readonly machine: Machine,
    readonly pid: number
  ) {}

  /** Maps private anonymous memory; nothing is faulted in until it is touched. */
  mmap(request: MmapRequest): Region {
    throw new Error(`not built yet: mmap ${request.bytes}`)
  }

  /** Copies the process as `fork(2)` does, by the design of the machine's kernel. */
  fork(): Process {
    throw new Error('not built yet: fork')
  }

  /** Ends the process and frees what only it used. */
  exit(): void {
    throw new Error('not built yet: exit')
  }
}
