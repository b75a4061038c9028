import { FreeMap } from './free-map'

/** What a machine keeps for compaction. */
export interface CompactionState {
  /** Pages that others hold, see `fragment.ts`. */
  others: number
  /** Pages of others that can be moved, by frame. */
  readonly movable: FreeMap
  /** Order that a sleeping kcompactd is woken for, 0 for none. */
  wanted: number
  /** The block that the next scan begins at. */
  cursor: number
  /** Deferral after failures: attempts skipped so far, their limit as a power of two, the order that failed. */
  considered: number
  shift: number
  failedOrder: number
}

export function newCompaction(): CompactionState {
  return {
    others: 0,
    movable: new FreeMap(),
    wanted: 0,
    cursor: 0,
    considered: 0,
    shift: 0,
    failedOrder: Infinity
  }
}
