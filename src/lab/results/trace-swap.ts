/** Swap and memory tags of some pages at an event of a trace, as panels show them. */

/** Tags of a page: one for all granules, or a hexadecimal digit for each. */
export type TracePageTags = number | string

/** One page of the range that is looked at. */
export interface TraceSwapPage {
  /** Its frame: mapped, or in the swap cache; -1 where it is nowhere in memory. */
  readonly pfn: number
  /** Order of its folio, and which page of it this is; -1 without a frame. */
  readonly order: number
  readonly index: number
  /** Its tags in tag memory; missing without a frame, or on a machine without tags. */
  readonly tags?: TracePageTags
  /** PG_mte_tagged; missing where the design has no such flag. */
  readonly tagged?: boolean
  /** Its swap slot, -1 for none. */
  readonly slot: number
  /** The slot was given back: it is told of because what became of its tags is. */
  readonly past: boolean
  /** Entries that name the slot. */
  readonly count: number
  /** Who has the slot besides: the swap cache, a slot cache of the CPU, nobody. */
  readonly held: 'cache' | 'parked' | 'none'
  /** Tags saved for the slot. */
  readonly saved?: TracePageTags
  /** Events at which tags were saved for the slot, looked up for a page that came back, dropped; 0 for never. */
  readonly savedAt: number
  readonly restoredAt: number
  readonly droppedAt: number
  /** What the look came to: `copied`, `there already`, `nothing saved`, `remembered`. */
  readonly restore: string
}

/** A process and its entries of those pages: `flags` as in `TraceEntries`, the slot of swap entries else -1. */
export interface TraceSwapMapping {
  readonly pid: number
  readonly flags: readonly number[]
  readonly slots: readonly number[]
}

/** Neighbouring slots that are alike. */
export interface TraceSlotRun {
  readonly slot: number
  readonly slots: number
  readonly count: number
  readonly held: TraceSwapPage['held']
  /** First page of the folio in the swap cache; 0 for none. */
  readonly folio: number
  /** Slots of them with saved tags. */
  readonly saved: number
}

export interface TraceSwap {
  readonly machine: number
  readonly pid: number
  readonly address: number
  readonly pageSize: number
  /** How tags are kept; missing without tags. */
  readonly design?: { readonly name: string; readonly title: string; readonly wrong?: string }
  /** The process asked for first, then those that have the same pages, in order. */
  readonly mappings: readonly TraceSwapMapping[]
  readonly pages: readonly TraceSwapPage[]
  readonly area: {
    /** Slots there are, the header not counted; 0 without an area. */
    readonly slots: number
    readonly used: number
    readonly cached: number
    readonly parked: number
    /** Slots with saved tags, and what those take. */
    readonly buffers: number
    readonly bytes: number
    /** How many runs; the first of them are listed. */
    readonly total: number
    readonly runs: readonly TraceSlotRun[]
  }
}
