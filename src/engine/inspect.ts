/**
 * What the outside may see of page tables and folios: plain copies, never the state itself. Looking
 * never counts.
 */

/** One page-table entry, decoded. */
export interface PteInfo {
  readonly present: boolean
  readonly valid: boolean
  readonly writable: boolean
  readonly readOnly: boolean
  readonly dirty: boolean
  readonly young: boolean
  readonly contiguous: boolean
  /** Page frame number, or -1 when the entry maps nothing. */
  readonly pfn: number
}

/** The folio behind a page. */
export interface FolioInfo {
  /** First page frame of the folio. */
  readonly pfn: number
  readonly order: number
  readonly refcount: number
  /** Mapcount of the page asked for. */
  readonly mapcount: number
  /** Whether the page asked for is anon-exclusive. */
  readonly exclusive: boolean
}

/** Bits of `PteView.flags`. */
export const VIEW_BITS = {
  present: 1,
  valid: 2,
  writable: 4,
  readOnly: 8,
  dirty: 16,
  young: 32,
  contiguous: 64,
  swap: 128
} as const

/** Entries of one VMA in address order, packed in parallel arrays; see `lab/results/types.ts`. */
export interface PteView {
  readonly pid: number
  readonly address: number
  readonly pageSize: number
  readonly blockEntries: number
  readonly total: number
  readonly flags: readonly number[]
  readonly pfn: readonly number[]
  readonly raw: readonly string[]
  readonly mapcount: readonly number[]
  readonly refcount: readonly number[]
  readonly order: readonly number[]
  readonly exclusive: readonly number[]
  readonly summary: {
    readonly present: number
    readonly writable: number
    readonly readOnly: number
    readonly foldedBlocks: number
  }
}

/** What one `fork()` did. */
export interface ForkView {
  readonly index: number
  readonly parentPid: number
  readonly childPid: number
  readonly parentBefore: readonly PteView[]
  readonly parentAfter: readonly PteView[]
  readonly child: readonly PteView[]
  /** Counters this fork added (only those not 0). */
  readonly counters: Readonly<Record<string, number>>
  /** Sizes of the batches copied, in order, at most 4,096 of them. */
  readonly batches: readonly number[]
}
