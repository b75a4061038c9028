/**
 * More of what the outside may see: what a page's entry is, its block, the TLB of a CPU, VMAs and the
 * resident set. Plain copies; looking never counts. `inspect.ts` has the rest.
 */
import {
  CONT,
  MARKER,
  MIGRATION,
  PROT_NONE,
  RDONLY,
  SPECIAL,
  SWAP,
  UFFD_WP,
  VALID,
  WRITE,
  isPmdLeaf
} from './arch/descriptor'
import { inconsistent, misprogrammed } from './check/contiguity'
import { staleEntry } from './check/translations'
import type { Violation } from './check/violation'
import { CHECKS } from './check'
import { takeCensus } from './check/census'
import { inspectFolio, inspectPte, type FolioInfo, type PteInfo } from './inspect'
import { VM_CHP } from './mm/exposed/block'
import { ANON } from './mm/folio'
import {
  VM_EXEC,
  VM_HUGEPAGE,
  VM_HUGETLB,
  VM_LOCKED,
  VM_NOHUGEPAGE,
  VM_READ,
  VM_SHARED,
  VM_UFFD_WP,
  VM_WRITE,
  VM_DONTCOPY,
  VM_WIPEONFORK,
  type Mm
} from './mm/mm'
import { findPmd, findSlot } from './mm/walk'
import type { World } from './world'

/**
 * What an entry is: nothing, a page, the shared page of zeroes, a page without access (PROT_NONE
 * or a NUMA hint), a page inside a PMD leaf, or one of the entries that are not present.
 */
export type EntryKind = 'none' | 'page' | 'zero' | 'protnone' | 'pmd' | 'swap' | 'migration' | 'marker'

/** The kind of the entry of `vpn`. */
export function entryKind(world: World, mm: Mm, vpn: number): EntryKind {
  const slot = findSlot(world, mm, vpn)
  if (slot === 0) {
    const pmd = findPmd(world, mm, vpn)
    return pmd !== 0 && isPmdLeaf(world.tables.attr(pmd)) ? 'pmd' : 'none'
  }
  const attr = world.tables.attr(slot)
  if ((attr & VALID) !== 0) return (attr & SPECIAL) === 0 ? 'page' : 'zero'
  if ((attr & SWAP) !== 0) return 'swap'
  if ((attr & MIGRATION) !== 0) return 'migration'
  if ((attr & MARKER) !== 0) return 'marker'
  return (attr & PROT_NONE) === 0 ? 'none' : 'protnone'
}

/** One entry, decoded, with what it is. */
export interface PteDetails extends PteInfo {
  readonly kind: EntryKind
  /** Write-protected for userfaultfd. */
  readonly uffdWp: boolean
}

/** The entry of `vpn` as it lies in memory. */
export function inspectEntry(world: World, mm: Mm, vpn: number): PteDetails {
  const slot = findSlot(world, mm, vpn)
  const uffdWp = slot !== 0 && (world.tables.attr(slot) & UFFD_WP) !== 0
  return { ...inspectPte(world, mm, vpn), kind: entryKind(world, mm, vpn), uffdWp }
}

/** The folio behind a page, with what only large folios have. */
export interface FolioDetails extends FolioInfo {
  /** Base pages. */
  readonly pages: number
  /** Mappings of the folio as a whole: by PMD leaves, or by blocks of OnePlus. */
  readonly entireMapcount: number
  /** Pins (FOLL_PIN) of the folio. */
  readonly pincount: number
  readonly anonymous: boolean
}

/** The folio behind `vpn`; undefined where nothing is mapped, and for the shared zero page. */
export function inspectFolioDetails(world: World, mm: Mm, vpn: number): FolioDetails | undefined {
  const info = inspectFolio(world, mm, vpn)
  if (info === undefined) return undefined
  const { folios } = world
  return {
    ...info,
    pages: 2 ** info.order,
    entireMapcount: folios.entireMapcount(info.pfn),
    pincount: folios.pincount(info.pfn),
    anonymous: (folios.word(info.pfn) & ANON) !== 0
  }
}

/** The contpte block that holds a page. */
export interface BlockInfo {
  /** All entries valid and contiguous, in line, of one folio: what the contpte layer keeps. */
  readonly folded: boolean
  /** Entries that are valid. */
  readonly valid: number
  /** Entries that are valid and have the contiguous bit. */
  readonly contiguous: number
  /** Valid entries disagree on the contiguous bit, or contiguous ones on the rest: hardware may do anything. */
  readonly misprogrammed: boolean
  readonly entries: readonly PteDetails[]
}

/** The block around `vpn`. */
export function inspectBlock(world: World, mm: Mm, vpn: number): BlockInfo {
  const { tables, geometry } = world
  const c = geometry.contPtes
  const first = vpn - (vpn % c)
  const entries = Array.from({ length: c }, (_, i) => inspectEntry(world, mm, first + i))
  const slot = findSlot(world, mm, first)
  let valid = 0
  let contiguous = 0
  for (let i = 0; slot !== 0 && i < c; i++) {
    const attr = tables.attr(slot + i)
    if ((attr & VALID) === 0) continue
    valid++
    if ((attr & CONT) !== 0) contiguous++
  }
  const whole = slot !== 0 && contiguous === c && inconsistent(world, slot) < 0
  return {
    folded: whole,
    valid,
    contiguous,
    misprogrammed: slot !== 0 && misprogrammed(world, slot),
    entries
  }
}

/** One entry of a TLB. */
export interface TlbEntry {
  readonly pid: number
  /** First virtual address it translates, and how many base pages. */
  readonly address: number
  readonly pages: number
  /** First page frame. */
  readonly pfn: number
  /** One entry for a whole contpte block. */
  readonly coalesced: boolean
  /** Stores pass, with or without the descriptor being marked dirty first. */
  readonly writable: boolean
  /** Stores pass without any table being looked at. */
  readonly dirty: boolean
  /** It is not what the tables say now: an invalidation is due, or under way. */
  readonly stale: boolean
}

/** What the TLB of a CPU or walker holds; nothing on a machine without TLBs. */
export function inspectTlb(world: World, agent: number): TlbEntry[] {
  const { tlbs, geometry } = world
  const found: TlbEntry[] = []
  if (tlbs === undefined) return found
  for (let at = agent * tlbs.entries; at < (agent + 1) * tlbs.entries; at++) {
    if (tlbs.pid[at] <= 0) continue
    const attr = tlbs.attr[at]
    const mm = world.mms.find(({ pid }) => pid === tlbs.pid[at])
    found.push({
      pid: tlbs.pid[at],
      address: tlbs.vpn[at] * geometry.pageSize,
      pages: tlbs.pages[at],
      pfn: tlbs.pfn[at],
      coalesced: tlbs.pages[at] > 1 && (attr & CONT) !== 0,
      writable: (attr & RDONLY) === 0 || (attr & WRITE) !== 0,
      dirty: (attr & RDONLY) === 0,
      stale: mm === undefined || staleEntry(world, tlbs, mm, at) !== undefined
    })
  }
  return found
}

/** A VMA, decoded. */
export interface VmaInfo {
  readonly start: number
  readonly end: number
  /** Letters r, w, x, or `none`. */
  readonly prot: string
  readonly shared: boolean
  /** What it maps, empty for private anonymous memory. */
  readonly file: string
  /** Other VM_* flags, by the names madvise and mlock give them. */
  readonly flags: readonly string[]
}

const FLAG_NAMES: readonly (readonly [number, string])[] = [
  [VM_HUGEPAGE, 'hugepage'],
  [VM_NOHUGEPAGE, 'nohugepage'],
  [VM_LOCKED, 'locked'],
  [VM_DONTCOPY, 'dontfork'],
  [VM_WIPEONFORK, 'wipeonfork'],
  [VM_UFFD_WP, 'uffd_wp'],
  [VM_HUGETLB, 'hugetlb'],
  [VM_CHP, 'marked']
]

/** The VMAs of an mm in address order. */
export function inspectVmas(world: World, mm: Mm): VmaInfo[] {
  const { pageSize } = world.geometry
  return mm.vmas.map((vma) => {
    const { flags } = vma
    const letters =
      ((flags & VM_READ) === 0 ? '' : 'r') +
      ((flags & VM_WRITE) === 0 ? '' : 'w') +
      ((flags & VM_EXEC) === 0 ? '' : 'x')
    return {
      start: vma.start * pageSize,
      end: vma.end * pageSize,
      prot: letters === '' ? 'none' : letters,
      shared: (flags & VM_SHARED) !== 0,
      file: vma.file?.name ?? '',
      flags: FLAG_NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name)
    }
  })
}

/** The resident-set counters of an mm, in pages. */
export interface ResidentSet {
  readonly anon: number
  readonly file: number
  readonly swap: number
}

/** RSS as /proc/pid/status tells it. */
export function residentSet(mm: Mm): ResidentSet {
  return { anon: mm.anonPages, file: mm.filePages, swap: mm.swapEntries }
}

/** Every broken invariant, the first of each kind. Looks at everything; counts and changes nothing. */
export function violations(world: World): Violation[] {
  const census = takeCensus(world)
  return CHECKS.flatMap((check) => check(world, census) ?? [])
}
