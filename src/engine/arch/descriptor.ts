/**
 * Level-3 descriptors as Linux uses them on arm64, in the lab's packing: one entry is two 32-bit
 * lanes, `attr` (everything but the output address) and `pfn`. Lane bits 11:0 are descriptor bits
 * 11:0 and lane bits 25:12 are descriptor bits 63:50, so no field moves relative to its neighbours.
 *
 * Names are those of the Arm ARM (stage 1, DDI 0487) and of Linux pgtable-hwdef.h / pgtable-prot.h.
 * Source: reference `architecture.md` section 2.
 */

/** Lane bit of a descriptor bit in 63:50. */
const high = (bit: number) => 1 << (bit - 38)

/** Bit 0: the hardware walks the entry. */
export const VALID = 1 << 0
/** Bit 1: a page (level 3) or a table (above); 0 above level 3 is a block. */
export const TYPE_PAGE = 1 << 1
/** Bit 2, AttrIndx 1 (MT_NORMAL_TAGGED): accesses through the entry see and check tags. */
export const TAGGED = 1 << 2
/** Bit 6, AP[1]: EL0 may access. */
export const USER = 1 << 6
/** Bit 7, AP[2]: not writable now; with `WRITE` it means writable-clean. */
export const RDONLY = 1 << 7
/** Bits 9:8: inner shareable. */
export const SHARED_INNER = 3 << 8
/** Bit 10: accessed. */
export const AF = 1 << 10
/** Bit 11: tagged with the ASID. */
export const NG = 1 << 11
/** Bit 51, DBM: Linux's "writable"; hardware may clear `RDONLY` on a store. */
export const WRITE = high(51)
/** Bit 52: one of an aligned run under one contiguous translation. */
export const CONT = high(52)
/** Bits 53 and 54: no execution at EL1, at EL0. */
export const PXN = high(53)
export const UXN = high(54)
/** Bit 55, software: dirty. */
export const DIRTY = high(55)
/** Bit 56, software: no struct page behind it that rmap knows. */
export const SPECIAL = high(56)
/** Bit 58 with VALID=0: present for the kernel, invalid for hardware (Linux up to 6.9). */
export const PROT_NONE = high(58)

/**
 * Lane bits without a place of their own in the descriptor, because Linux put them elsewhere in
 * different versions; `rawDescriptor` renders them in the layout asked for.
 */
/** Software: write-protected for userfaultfd (6.10+: bit 58 of a valid entry, bit 3 of a swap one). */
export const UFFD_WP = 1 << 26
/** With VALID=0: a swap entry; type in lane bits 7:3, offset in the pfn lane. */
export const SWAP = 1 << 27
/** With VALID=0: a migration entry; the pfn lane holds the frame. */
export const MIGRATION = 1 << 28
/** With VALID=0: a PTE marker. */
export const MARKER = 1 << 29
/** Bit 2 of a swap or migration entry: the page was anon-exclusive. */
export const SWAP_EXCLUSIVE = 1 << 2
/** Where the type of a swap entry begins in the lane. */
export const SWAP_TYPE_SHIFT = 3

/** What identifies a block that is folded. */
export const VALID_CONT = VALID | CONT

/** A table descriptor; its `pfn` lane holds the number of the next table. */
export const TABLE = VALID | TYPE_PAGE

/** Page protection of a private anonymous mapping that may be read: clean, young, not writable. */
export const PAGE_READONLY = VALID | TYPE_PAGE | USER | RDONLY | SHARED_INNER | AF | NG | PXN | UXN

/** Present for the kernel: valid, or marked PROT_NONE. */
export function isPresent(attr: number): boolean {
  return (attr & (VALID | PROT_NONE)) !== 0
}

/** Valid with the contiguous bit: part of a folded block. */
export function isValidCont(attr: number): boolean {
  return (attr & VALID_CONT) === VALID_CONT
}

/** A swap entry, migration entry or marker: neither present nor none. */
export function isSwapType(attr: number): boolean {
  return (attr & VALID) === 0 && (attr & (SWAP | MIGRATION | MARKER)) !== 0
}

/** A PMD-level entry that maps a whole huge page: present, and no table. */
export function isPmdLeaf(attr: number): boolean {
  return isPresent(attr) && (attr & TYPE_PAGE) === 0
}

/** Dirty by software, or by hardware (writable and not read-only). */
export function isDirty(attr: number): boolean {
  return (attr & DIRTY) !== 0 || (attr & (WRITE | RDONLY)) === WRITE
}

/** Sets dirty; a writable entry also loses `RDONLY`. */
export function mkdirty(attr: number): number {
  return (attr & WRITE) === 0 ? attr | DIRTY : (attr | DIRTY) & ~RDONLY
}

/** Clears dirty; the next store must set it again. */
export function mkclean(attr: number): number {
  return (attr & ~DIRTY) | RDONLY
}

/** Makes an entry writable; a dirty one is so at once. */
export function mkwrite(attr: number): number {
  return (attr & DIRTY) === 0 ? attr | WRITE : (attr | WRITE) & ~RDONLY
}

/** Write-protects and keeps what hardware recorded as dirty in `DIRTY`. */
export function wrprotect(attr: number): number {
  const dirty = (attr & (WRITE | RDONLY)) === WRITE ? DIRTY : 0
  return (attr & ~WRITE) | RDONLY | dirty
}

/**
 * The entry without what may differ inside a folded block: AF and DIRTY cleared, RDONLY set
 * (reference `contpte.md` section 4, F6).
 */
export function normalise(attr: number): number {
  return (attr & ~(AF | DIRTY)) | RDONLY
}

/** How a kernel lays out what the architecture leaves free: invalid entries and software bits. */
export interface DescriptorLayout {
  /** `linux-6.1`: PROT_NONE is bit 58, swap offset 57:8. `linux-6.10`: bit 11 and 61:12, uffd-wp exists. */
  readonly swap: 'linux-6.1' | 'linux-6.10'
  /** FEAT_LPA2 is in use: bits 9:8 hold address bits, not shareability. */
  readonly lpa2: boolean
}

/** The layout up to 6.9 without LPA2. */
export const LAYOUT_6_1: DescriptorLayout = { swap: 'linux-6.1', lpa2: false }

/** The 64-bit descriptor as it lies in memory, hexadecimal without `0x`. */
export function rawDescriptor(
  attr: number,
  pfn: number,
  pageShift: number,
  layout: DescriptorLayout = LAYOUT_6_1
): string {
  if (isSwapType(attr)) return rawSwapEntry(attr, pfn, layout)
  const modern = layout.swap === 'linux-6.10'
  let lane = attr & ((1 << 26) - 1)
  if (layout.lpa2) lane &= ~SHARED_INNER
  if (modern && (lane & (VALID | PROT_NONE)) === PROT_NONE) lane = (lane & ~PROT_NONE) | NG
  if (modern && (attr & UFFD_WP) !== 0) lane |= PROT_NONE
  const low = BigInt(lane & 0xfff)
  const top = BigInt(lane >>> 12) << 50n
  return (top | (BigInt(pfn) << BigInt(pageShift)) | low).toString(16)
}

function rawSwapEntry(attr: number, offset: number, layout: DescriptorLayout): string {
  const type = BigInt((attr >>> SWAP_TYPE_SHIFT) & 31)
  const exclusive = BigInt(attr & SWAP_EXCLUSIVE)
  if (layout.swap === 'linux-6.1') return (exclusive | (type << 3n) | (BigInt(offset) << 8n)).toString(16)
  const uffd = (attr & UFFD_WP) === 0 ? 0n : 8n
  return (exclusive | uffd | (type << 6n) | (BigInt(offset) << 12n)).toString(16)
}
