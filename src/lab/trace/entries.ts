/** Entries of a replica: what maps a page, and what panels want to know of it. */
import {
  AF,
  MARKER,
  MIGRATION,
  PROT_NONE,
  RDONLY,
  SPECIAL,
  SWAP,
  UFFD_WP,
  VALID,
  WRITE,
  isDirty,
  isPmdLeaf,
  isPresent,
  isValidCont
} from '../../engine/arch/descriptor'
import { inconsistent, misprogrammed } from '../../engine/check/contiguity'
import { findPmd, findSlot } from '../../engine/mm/walk'
import type { Replica, ReplicaMm } from '../../engine/trace/replica'
import { TRACE_ENTRY_BITS } from '../results/trace'
import { PTE_VIEW_BITS } from '../results/types'

/** The last-level or PMD-leaf entry of a page. */
export interface Entry {
  /** 0 where no table is. */
  readonly slot: number
  readonly attr: number
  readonly pfn: number
  /** Mapped by a PMD leaf. */
  readonly huge: boolean
}

const NONE: Entry = { slot: 0, attr: 0, pfn: 0, huge: false }

/** The entry of page `vpn`. */
export function entryAt(replica: Replica, mm: ReplicaMm, vpn: number): Entry {
  const { tables, geometry } = replica
  const slot = findSlot(replica, mm, vpn)
  if (slot !== 0) return { slot, attr: tables.attr(slot), pfn: tables.pfn(slot), huge: false }
  const pmd = findPmd(replica, mm, vpn)
  if (pmd === 0) return NONE
  const attr = tables.attr(pmd)
  if (attr === 0 || (!isPmdLeaf(attr) && isPresent(attr))) return NONE
  return { slot: pmd, attr, pfn: tables.pfn(pmd) + (vpn % geometry.tableEntries), huge: true }
}

/** Bits of `PTE_VIEW_BITS` and `TRACE_ENTRY_BITS` of an entry by itself. */
export function flagsOf(replica: Replica, { attr, pfn, huge }: Entry): number {
  if (attr === 0) return 0
  const present = isPresent(attr)
  const valid = (attr & VALID) !== 0
  let flags = 0
  if (present) flags |= PTE_VIEW_BITS.present
  if (valid) flags |= PTE_VIEW_BITS.valid
  if (present && (attr & WRITE) !== 0) flags |= PTE_VIEW_BITS.writable
  if (present && (attr & RDONLY) !== 0) flags |= PTE_VIEW_BITS.readOnly
  if (present && isDirty(attr)) flags |= PTE_VIEW_BITS.dirty
  if (present && (attr & AF) !== 0) flags |= PTE_VIEW_BITS.young
  if (isValidCont(attr)) flags |= PTE_VIEW_BITS.contiguous
  if (!valid && (attr & SWAP) !== 0) flags |= PTE_VIEW_BITS.swap
  if (!valid && (attr & PROT_NONE) !== 0) flags |= TRACE_ENTRY_BITS.protNone
  if (!valid && (attr & MIGRATION) !== 0) flags |= TRACE_ENTRY_BITS.migration
  if (!valid && (attr & MARKER) !== 0) flags |= TRACE_ENTRY_BITS.marker
  if ((attr & UFFD_WP) !== 0) flags |= TRACE_ENTRY_BITS.uffdWp
  if (huge) flags |= TRACE_ENTRY_BITS.huge
  if (present && ((attr & SPECIAL) !== 0 || replica.folios.word(pfn) === 0)) flags |= TRACE_ENTRY_BITS.special
  return flags
}

/**
 * Whether the block at `block` breaks a rule: what hardware minds always, what the contpte layer keeps
 * only between operations (`settled`).
 */
export function isBroken(replica: Replica, block: number, exposed: boolean, settled: boolean): boolean {
  if (misprogrammed(replica, block)) return true
  if (!settled) return false
  const { tables, folios, geometry } = replica
  const pteOps = exposed ? 'exposed' : 'absent'
  return inconsistent({ tables, folios, geometry, kernel: { pteOps } }, block) >= 0
}
