/**
 * What one cell of a page-table drawing says. The grammar is the same in every panel: the fill is the
 * access, the letter says it again for those who cannot see the fill, an underline is dirty, a dot is
 * young.
 */
import { PTE_VIEW_BITS, type PteView } from '../../protocol/results'
import { TRACE_ENTRY_BITS } from '../../protocol/trace'

export type PteAccess = 'writable' | 'read-only' | 'none' | 'swap' | 'prot-none' | 'marker'

const LETTERS: Readonly<Record<PteAccess, string>> = {
  writable: 'W',
  'read-only': 'R',
  none: '·',
  swap: 'S',
  'prot-none': 'P',
  marker: 'M'
}

/** The letter of an access, as drawn in a cell. */
export function letterOf(access: PteAccess): string {
  return LETTERS[access]
}

/** The access of an entry from its `PTE_VIEW_BITS`. */
export function accessOf(flags: number): PteAccess {
  if (flags & (PTE_VIEW_BITS.migration | PTE_VIEW_BITS.marker)) return 'marker'
  if (flags & PTE_VIEW_BITS.swap) return 'swap'
  if (!(flags & PTE_VIEW_BITS.present)) return 'none'
  if (!(flags & PTE_VIEW_BITS.valid)) return 'prot-none'
  return flags & PTE_VIEW_BITS.writable ? 'writable' : 'read-only'
}

export const isDirty = (flags: number) => (flags & PTE_VIEW_BITS.dirty) !== 0
export const isYoung = (flags: number) => (flags & PTE_VIEW_BITS.young) !== 0

/** Whether hardware may treat the entry as part of a contiguous block: CONT counts on valid entries only. */
export const isContiguous = (flags: number) =>
  (flags & PTE_VIEW_BITS.contiguous) !== 0 && (flags & PTE_VIEW_BITS.valid) !== 0

const WORDS: Readonly<Partial<Record<PteAccess, string>>> = {
  'prot-none': 'PROT_NONE',
  marker: 'migration entry or marker'
}

/** Whether the current step changed the entry. */
export const isChanged = (flags: number) => (flags & TRACE_ENTRY_BITS.changed) !== 0
/** Whether the entry's block breaks a rule of contiguous mappings. */
export const isBroken = (flags: number) => (flags & TRACE_ENTRY_BITS.broken) !== 0

/** An entry in words, for screen readers, tooltips and the table beside the drawing. */
export function describeFlags(flags: number): string {
  const access = accessOf(flags)
  if (access === 'none') return 'none'
  const words: string[] = [WORDS[access] ?? access]
  if (access !== 'swap' && access !== 'marker') {
    if (isDirty(flags)) words.push('dirty')
    if (isYoung(flags)) words.push('young')
    if (isContiguous(flags)) words.push('contiguous')
  }
  return words.join(', ')
}

/** The virtual address of entry `index`, as `0x...`. */
export function addressOf(view: PteView, index: number): string {
  return `0x${(view.address + index * view.pageSize).toString(16)}`
}

/** One drawn row: the entries of one aligned run of `blockEntries` addresses. */
export interface BlockRow {
  /** Index of the first entry in the view's arrays. */
  readonly first: number
  /** Entries in this row; the first and the last row of an unaligned VMA hold fewer. */
  readonly count: number
  /** Empty places before the first entry, so that columns stay aligned to the block. */
  readonly lead: number
  /** Address of the first entry. */
  readonly address: string
  /** `folded`: all entries contiguous. `broken`: some valid entries contiguous, others not. */
  readonly contiguity: 'none' | 'folded' | 'broken'
}

/**
 * Cuts a view into rows of one contiguous block each, aligned by virtual address as the hardware
 * aligns them. A row whose valid entries disagree on the contiguous bit is `broken`: it violates the
 * rule that a block is marked as a whole (architecture T6; only valid entries count).
 */
export function blockRows(view: PteView): BlockRow[] {
  const rows: BlockRow[] = []
  const { blockEntries } = view
  const shown = view.flags.length
  let first = 0
  while (first < shown) {
    const page = Math.floor(view.address / view.pageSize) + first
    const lead = page % blockEntries
    const count = Math.min(blockEntries - lead, shown - first)
    rows.push({
      first,
      count,
      lead,
      address: addressOf(view, first),
      contiguity: contiguityOf(view, first, count)
    })
    first += count
  }
  return rows
}

function contiguityOf(view: PteView, first: number, count: number): BlockRow['contiguity'] {
  let contiguous = 0
  let valid = 0
  for (let i = first; i < first + count; i++) {
    if (!(view.flags[i] & PTE_VIEW_BITS.valid)) continue
    valid++
    if (isContiguous(view.flags[i])) contiguous++
  }
  if (contiguous === 0) return 'none'
  return contiguous === valid ? 'folded' : 'broken'
}

/** Indices of entries whose descriptor differs between two views of the same VMA. */
export function changedEntries(before: PteView | undefined, after: PteView): ReadonlySet<number> {
  const changed = new Set<number>()
  for (let i = 0; i < after.raw.length; i++) if (before?.raw[i] !== after.raw[i]) changed.add(i)
  return changed
}

/** Indices of entries that the current step changed, as the simulator marked them. */
export function changedIn(view: PteView): ReadonlySet<number> {
  const changed = new Set<number>()
  view.flags.forEach((flags, index) => {
    if (isChanged(flags)) changed.add(index)
  })
  return changed
}

/** What two entries are compared by: access, dirty, young and contiguous. Frames are not: allocators may differ. */
const COMPARED =
  PTE_VIEW_BITS.present |
  PTE_VIEW_BITS.valid |
  PTE_VIEW_BITS.writable |
  PTE_VIEW_BITS.dirty |
  PTE_VIEW_BITS.young |
  PTE_VIEW_BITS.contiguous |
  PTE_VIEW_BITS.swap |
  PTE_VIEW_BITS.migration |
  PTE_VIEW_BITS.marker

/** Indices of entries that two views of the same addresses have in different states. */
export function differing(a: PteView | undefined, b: PteView | undefined): ReadonlySet<number> {
  const differs = new Set<number>()
  if (!a || !b || a.address !== b.address) return differs
  const count = Math.min(a.flags.length, b.flags.length)
  for (let at = 0; at < count; at++) if ((a.flags[at] ^ b.flags[at]) & COMPARED) differs.add(at)
  return differs
}
