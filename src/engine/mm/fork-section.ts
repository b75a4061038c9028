/** What the frame of fork and the designs that copy share: one section under both page-table locks. */
import type { ForkLog, World } from '../world'
import type { Mm } from './mm'

/** Progress from which the next iteration asks whether to drop the locks. */
export const PROGRESS_LIMIT = 32
/** Progress of an empty entry, and of each other one. */
export const PROGRESS_NONE = 1
export const PROGRESS_PRESENT = 8

/** What `CopyPresent` answers where it needs a page of its own for the child and none is in hand: -EAGAIN. */
export const NEEDS_PAGE = 0
/** No page in hand. */
export const NO_PAGE = -1

/** What the copying designs need to know of the VMA they work in, and what they keep while they do. */
export interface CopySection {
  readonly world: World
  readonly parent: Mm
  readonly child: Mm
  /** Private and possibly writable: writable entries are write-protected on both sides. */
  readonly cow: boolean
  readonly shared: boolean
  /** The VMA maps no file. */
  readonly anonymous: boolean
  /** The child's VMA keeps write-protection for userfaultfd. */
  readonly uffdWp: boolean
  /** Pages of the parent were pinned once: each exclusive page must be looked at. */
  readonly mayBePinned: boolean
  /** Value of a new page's entry in the child: the VMA's protection, dirty, writable if the VMA is. */
  readonly newPageAttr: number
  /** First frame of the page allocated to copy a pinned one, or `NO_PAGE`. */
  page: number
  /** The resident-set vector: added to the child's mm when the locks are dropped. */
  anon: number
  file: number
  swap: number
}

/** What one section comes to. */
export interface SectionTally {
  /** Progress since the last lock-break test. */
  progress: number
  /** Progress in all. */
  points: number
  tests: number
  batches: number
  /** Entries got through. */
  entries: number
}

/**
 * Copies what lies at the parent's `slot`, known to be present with the value `entry`, to the child's
 * `childSlot`; answers how many entries it took, at most `limit`, or `NEEDS_PAGE`.
 */
export type CopyPresent = (
  section: CopySection,
  slot: number,
  childSlot: number,
  entry: number,
  limit: number
) => number

/**
 * Another CPU that wants a page-table lock which fork holds. Fork asks at every lock-break test
 * (`need_resched`, `spin_needbreak`); where it breaks, `run` may do what another CPU would while both
 * locks are free: anything that takes no mmap_lock, such as reclaim, migration, rmap walks.
 */
export interface LockContention {
  /** Whether somebody waits. `vpn` is the page that fork looks at next. */
  wants(parent: Mm, child: Mm, vpn: number): boolean
  /** The locks are free. */
  run(parent: Mm, child: Mm, vpn: number): void
}

/** Appends `times` batches of `nr` entries, as far as the log takes them. */
export function logBatches(log: ForkLog, nr: number, times: number): void {
  for (let i = 0; i < times && log.batches.length < log.limit; i++) log.batches.push(nr)
}
