/** What the frame of fork and the designs that copy share: one section under both page-table locks. */
import type { ForkLog, World } from '../world'
import type { Mm } from './mm'

/** Progress from which the next iteration asks whether to drop the locks. */
export const PROGRESS_LIMIT = 32
/** Progress of an empty entry, and of each present one. */
export const PROGRESS_NONE = 1
export const PROGRESS_PRESENT = 8

/** What the copying designs need to know of the section they work in. */
export interface CopySection {
  readonly world: World
  readonly parent: Mm
  readonly child: Mm
  /** Private and possibly writable: writable entries are write-protected on both sides. */
  readonly cow: boolean
  readonly shared: boolean
}

/** What one section comes to. */
export interface SectionTally {
  /** Progress since the last lock-break test. */
  progress: number
  /** Progress in all. */
  points: number
  tests: number
  batches: number
}

/**
 * Copies what lies at the parent's `slot`, known to be present with the value `entry`, to the child's
 * `childSlot`; answers how many entries it took, at most `limit`.
 */
export type CopyPresent = (
  section: CopySection,
  slot: number,
  childSlot: number,
  entry: number,
  limit: number
) => number

/** Appends `times` batches of `nr` entries, as far as the log takes them. */
export function logBatches(log: ForkLog, nr: number, times: number): void {
  for (let i = 0; i < times && log.batches.length < log.limit; i++) log.batches.push(nr)
}
