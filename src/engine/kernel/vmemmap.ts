/**
 * HugeTLB vmemmap optimisation, version by version: data of a kernel record.
 * Source: reference `hvo.md` sections 1 and 2 (5.14 to 6.12; arm64 selected it from 5.19 to 6.1.15).
 */
export interface VmemmapDesign {
  /** arm64 builds it in: 5.19 to 6.1.15; commit 060a2c92d1b6 took it out, for want of break-before-make. */
  readonly selected: boolean
  /** Vmemmap pages that an optimised folio keeps: 2 in 5.14 to 5.17, 1 since 5.18. */
  readonly kept: 1 | 2
  /** The first page is copied to a new one, where there is memory for it (6.2+). */
  readonly copiesHead: boolean
  /** Folios are done in batches: all leaves split, one flush, all remapped, one flush, all pages freed (6.7+). */
  readonly batched: boolean
  /** `synchronize_rcu` before the remap, so that earlier refcount attempts are over: 6.10+, once a batch since 6.11. */
  readonly waitsForReaders: boolean
}

const BEFORE_5_18: VmemmapDesign = {
  selected: false,
  kept: 2,
  copiesHead: false,
  batched: false,
  waitsForReaders: false
}

const SINCE_5_18: VmemmapDesign = { ...BEFORE_5_18, kept: 1 }

const SINCE_6_7: VmemmapDesign = { ...SINCE_5_18, copiesHead: true, batched: true }

/** By the version in which they came. */
export const VMEMMAP = {
  before518: BEFORE_5_18,
  selected519: { ...SINCE_5_18, selected: true },
  since518: SINCE_5_18,
  since67: SINCE_6_7,
  since611: { ...SINCE_6_7, waitsForReaders: true }
} as const satisfies Record<string, VmemmapDesign>
