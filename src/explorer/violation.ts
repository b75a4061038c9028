/** What may go wrong in a model, and how it is called. Source: reference `hvo.md` section 5. */
import type { RuleId } from '../engine/hugetlb/sequences/step'

/** What the explorer holds a sequence to. */
export type Property =
  | 'break-before-make'
  /** Break-before-make by the clause about contents alone. */
  | 'contents'
  | 'fault'
  | 'freed-page'
  | 'tlb-conflict'
  | 'lost-write'
  | 'stale-read'
  | 'stale-translation'
  /** A lockless read of a block answers what was never there. */
  | 'torn-gather'
  | 'progress'

export interface ViolationKind {
  readonly property: Property
  /** Hazard of `hvo.md`, where it is one. */
  readonly hazard?: string
  /** The rule that is broken, or that allows the harm. */
  readonly rule?: RuleId
  readonly text: string
}

const kind = (property: Property, hazard: string | undefined, rule: RuleId | undefined, text: string) => ({
  property,
  hazard,
  rule,
  text
})

/** Codes of violations: positions in `VIOLATIONS`. */
export const V = {
  typeChange: 0,
  addressChange: 1,
  contentsChange: 2,
  sizeChange: 3,
  globalChange: 4,
  sizeAndMore: 5,
  fault: 6,
  faultInInterrupt: 7,
  faultUnderLock: 8,
  faultByNt: 9,
  readOnlyStore: 10,
  readOnlyRefcount: 11,
  freedAccess: 12,
  freedCached: 13,
  conflict: 14,
  mixtureAddress: 15,
  mixtureContents: 16,
  lostWrite: 17,
  staleRead: 18,
  tornRead: 19,
  deadlock: 20,
  lostDirty: 21,
  outdated: 22,
  tornGather: 23
} as const

export const VIOLATIONS: readonly ViolationKind[] = [
  kind('break-before-make', undefined, 'B1', 'memory type or shareability of a live entry changes directly'),
  kind('break-before-make', 'H3', 'B2', 'a live writable entry changes its output address directly'),
  kind('contents', 'H9', 'B2', 'a live entry changes to a page with other contents directly'),
  kind('break-before-make', 'H8', 'B3', 'the size of a live translation changes directly'),
  kind('break-before-make', undefined, 'B4', 'a global entry replaces a live non-global one'),
  kind('break-before-make', 'H8', 'B7', 'something else changes with the size in one store'),
  kind('fault', 'H1', 'B6', 'translation fault in the kernel: the entry is invalid'),
  kind('fault', 'H11', 'K5', 'translation fault in an interrupt on the updating CPU'),
  kind('progress', 'H2', 'K6', 'the fault handler waits for a lock that the interrupted code holds'),
  kind('fault', 'H1', 'B3', 'translation fault, which nT allows at FEAT_BBM level 1'),
  kind('fault', 'H5', 'B5', 'permission fault: a store through a read-only entry'),
  kind('fault', 'H6', 'K2', 'permission fault: an atomic refcount attempt through a read-only tail'),
  kind('freed-page', 'H7', 'K3', 'access to a page that was freed'),
  kind('freed-page', 'H7', 'K3', 'a page is freed while a translation to it may be used'),
  kind('tlb-conflict', 'H8', 'B8', 'TLB conflict abort: translations of two sizes for one page'),
  kind('break-before-make', 'H3', 'B8', 'a lookup may mix two entries with different frames'),
  kind('contents', 'H9', 'B8', 'a load may be made of bytes of two pages with different contents'),
  kind('lost-write', 'H4', 'K1', 'a store went to a page that is no longer mapped'),
  kind('stale-read', undefined, 'B10', "a load finds contents that are not the entry's"),
  kind('stale-read', 'H12', 'K7', 'a load of several words sees a page that is half copied'),
  kind('progress', undefined, undefined, 'nobody can go on'),
  kind('lost-write', undefined, 'K9', 'hardware recorded a store as dirty, and nobody kept it'),
  kind(
    'stale-translation',
    undefined,
    'B5',
    'a translation is used that no entry has had since the last flush'
  ),
  kind(
    'torn-gather',
    undefined,
    'K10',
    'a lockless read answers a page and a dirty state that the block had at no moment meanwhile'
  )
]

export const PROPERTIES: readonly Property[] = [...new Set(VIOLATIONS.map(({ property }) => property))]
