/**
 * What the outside may see of page tables and folios: plain copies, never the state itself. Looking
 * never counts.
 */

import {
  AF,
  MARKER,
  MIGRATION,
  RDONLY,
  SWAP,
  VALID,
  WRITE,
  isDirty,
  isPmdLeaf,
  isPresent,
  isValidCont,
  rawDescriptor
} from './arch/descriptor'
import type { Mm, Vma } from './mm/mm'
import { findPmd, findSlot } from './mm/walk'
import { COUNTER_NAMES } from './trace/counters'
import type { World } from './world'

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
  swap: 128,
  migration: 512,
  marker: 1024
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

/** The entry of `vpn` as it lies in memory. */
export function inspectPte(world: World, mm: Mm, vpn: number): PteInfo {
  const slot = findSlot(world, mm, vpn)
  const leaf = slot === 0 ? findPmd(world, mm, vpn) : 0
  const isLeaf = leaf !== 0 && isPmdLeaf(world.tables.attr(leaf))
  const attr = isLeaf ? world.tables.attr(leaf) : slot === 0 ? 0 : world.tables.attr(slot)
  const present = isPresent(attr)
  const pfn = isLeaf
    ? world.tables.pfn(leaf) + (vpn % world.geometry.tableEntries)
    : slot === 0
      ? -1
      : world.tables.pfn(slot)
  return {
    present,
    valid: (attr & VALID) !== 0,
    writable: (attr & WRITE) !== 0,
    readOnly: (attr & RDONLY) !== 0,
    dirty: isDirty(attr),
    young: (attr & AF) !== 0,
    contiguous: isValidCont(attr),
    pfn: present ? pfn : -1
  }
}

/** The folio behind `vpn`; undefined where nothing is mapped, and for the shared zero page. */
export function inspectFolio(world: World, mm: Mm, vpn: number): FolioInfo | undefined {
  const { pfn } = inspectPte(world, mm, vpn)
  const { folios } = world
  if (pfn < 0 || folios.word(pfn) === 0) return undefined
  return {
    pfn: folios.head(pfn),
    order: folios.order(pfn),
    refcount: folios.refcount(pfn),
    mapcount: folios.mapcount(pfn),
    exclusive: folios.isExclusive(pfn)
  }
}

/** What a range of entries holds in all. */
export function summarise(world: World, mm: Mm, start: number, end: number): PteView['summary'] {
  const { tables, geometry } = world
  let present = 0
  let writable = 0
  let readOnly = 0
  let folded = 0
  for (let vpn = start; vpn < end;) {
    const next = Math.min(vpn - (vpn % geometry.tableEntries) + geometry.tableEntries, end)
    const slot = findSlot(world, mm, vpn)
    for (let i = 0; slot !== 0 && i < next - vpn; i++) {
      const attr = tables.attr(slot + i)
      if (!isPresent(attr)) continue
      present++
      if ((attr & WRITE) !== 0) writable++
      if ((attr & RDONLY) !== 0) readOnly++
      // A block counts where its first entry lies in the range.
      if (isValidCont(attr) && ((slot + i) & (geometry.contPtes - 1)) === 0) folded++
    }
    vpn = next
  }
  return { present, writable, readOnly, foldedBlocks: folded }
}

/** One VMA as the Fork panel draws it, at most `limit` entries from its start. */
export function viewVma(world: World, mm: Mm, vma: Vma, limit: number): PteView {
  const { geometry, folios } = world
  const shown = Math.min(vma.end - vma.start, limit)
  const entries = Array.from({ length: shown }, (_, i) => inspectPte(world, mm, vma.start + i))
  const meta = entries.map(({ pfn }) =>
    pfn < 0
      ? [0, 0, 0, 0]
      : [folios.mapcount(pfn), folios.refcount(pfn), folios.order(pfn), Number(folios.isExclusive(pfn))]
  )
  return {
    pid: mm.pid,
    address: vma.start * geometry.pageSize,
    pageSize: geometry.pageSize,
    blockEntries: geometry.contPtes,
    total: vma.end - vma.start,
    flags: entries.map((pte, i) => viewFlags(pte) | invalidFlags(world, mm, vma.start + i)),
    pfn: entries.map(({ pfn }) => pfn),
    raw: entries.map((_, i) => rawAt(world, mm, vma.start + i)),
    mapcount: meta.map((each) => each[0]),
    refcount: meta.map((each) => each[1]),
    order: meta.map((each) => each[2]),
    exclusive: meta.map((each) => each[3]),
    summary: summarise(world, mm, vma.start, vma.end)
  }
}

/** Every VMA of an mm in address order; `limit` bounds the entries of all of them together. */
export function viewMm(world: World, mm: Mm, limit: number): PteView[] {
  let left = limit
  return mm.vmas.map((vma) => {
    const view = viewVma(world, mm, vma, left)
    left -= view.flags.length
    return view
  })
}

/** What was counted between two snapshots, by name, without the zeroes. */
export function countersBetween(before: Float64Array, after: Float64Array): Record<string, number> {
  return Object.fromEntries(
    COUNTER_NAMES.map((name, i) => [name, after[i] - before[i]] as const).filter(([, n]) => n !== 0)
  )
}

function viewFlags(pte: PteInfo): number {
  return (
    (pte.present ? VIEW_BITS.present : 0) |
    (pte.valid ? VIEW_BITS.valid : 0) |
    (pte.writable ? VIEW_BITS.writable : 0) |
    (pte.readOnly ? VIEW_BITS.readOnly : 0) |
    (pte.dirty ? VIEW_BITS.dirty : 0) |
    (pte.young ? VIEW_BITS.young : 0) |
    (pte.contiguous ? VIEW_BITS.contiguous : 0)
  )
}

/** What an entry that maps nothing stands for: a swap slot, or a migration entry or marker. */
function invalidFlags(world: World, mm: Mm, vpn: number): number {
  const slot = findSlot(world, mm, vpn)
  const attr = slot === 0 ? 0 : world.tables.attr(slot)
  if (isPresent(attr)) return 0
  return (
    ((attr & SWAP) !== 0 ? VIEW_BITS.swap : 0) |
    ((attr & MIGRATION) !== 0 ? VIEW_BITS.migration : 0) |
    ((attr & MARKER) !== 0 ? VIEW_BITS.marker : 0)
  )
}

function rawAt(world: World, mm: Mm, vpn: number): string {
  const slot = findSlot(world, mm, vpn)
  if (slot === 0) return '0'
  return rawDescriptor(
    world.tables.attr(slot),
    world.tables.pfn(slot),
    world.geometry.pageShift,
    world.layout
  )
}
