/**
 * Splitting a PMD leaf into a table of entries that map the same pages. The folio stays whole.
 * Source: reference `teardown.md` section 6b (6.1 and 6.12, recorded), `contpte.md` section 5,
 * `thp-sysfs.md` section 6.4.
 */
import { PROT_NONE, SPECIAL, TYPE_PAGE, USER, VALID, isDirty, isPmdLeaf, mkclean } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { EXCLUSIVE, FOLIO_DIRTY, FOLIO_DOUBLE_MAP } from './folio'
import { VM_READ, VM_WRITE, type Mm } from './mm'
import { migrationEntry } from './migration-entry'
import { addAnonRmapPtes, dropDoubleMap, munlockUnmapped, removeRmapPmd, removeRmapPtes } from './rmap'
import { findPmd, withdrawTable } from './walk'

const FOLIO_REF = COUNTER_INDEX.folioRef
const MAPCOUNT = COUNTER_INDEX.mapcount

/**
 * `__split_huge_pmd`: where the PMD-level entry of `vpn` is a leaf, replaces it by a table whose
 * entries map the same pages; true if so. The leaf is first made invalid and flushed with its walk
 * caches (one PMD stride); entries are then written as one batch, so that whole blocks are born folded.
 * The huge zero page becomes entries of the small one. `locked`: only `split_huge_pmd_locked` (6.12), for a
 * walk that holds the lock.
 */
export function splitPmd(world: World, mm: Mm, vpn: number, locked = false): boolean {
  const { tables, geometry, calls, kernel, vm } = world
  if (!locked) calls[FN.__split_huge_pmd]++
  const modern = kernel.functionNames === 'linux-6.12'
  if (modern) calls[FN.split_huge_pmd_locked]++
  const pmd = findPmd(world, mm, vpn)
  if (pmd === 0 || !isPmdLeaf(tables.attr(pmd))) return false
  vm[VM.thp_split_pmd]++
  const first = vpn - (vpn % geometry.tableEntries)
  const leaf = tables.attr(pmd)
  const pfn = tables.pfn(pmd)
  const zero = world.folios.word(pfn) === 0
  calls[zero ? FN.pmdp_huge_clear_flush : FN.pmdp_invalidate]++
  tables.set(pmd, 0, 0)
  world.probe?.('PMD leaf invalid')
  flushPmd(world, mm, first)
  const table = zero
    ? splitZero(world, mm, first, leaf)
    : splitAnon(world, mm, first, entryOfLeaf(mm, first, leaf), pfn)
  if (!zero) munlockUnmapped(world, mm.vmaAt(vpn)?.flags ?? 0, pfn, true)
  tables.link(pmd, table)
  world.probe?.('PMD table linked')
  return true
}

/**
 * `__split_huge_pmd` with `freeze`: where a leaf maps the folio at `head`, it becomes a table of
 * migration entries at once, and the leaf's reference goes.
 */
export function freezePmd(world: World, mm: Mm, vpn: number, head: number): void {
  const { tables, folios, geometry, ops, calls, kernel, vm } = world
  calls[FN.__split_huge_pmd]++
  if (kernel.functionNames === 'linux-6.12') calls[FN.split_huge_pmd_locked]++
  const pmd = findPmd(world, mm, vpn)
  if (pmd === 0 || !isPmdLeaf(tables.attr(pmd)) || tables.pfn(pmd) !== head) return
  vm[VM.thp_split_pmd]++
  const nr = geometry.tableEntries
  const first = vpn - (vpn % nr)
  const leaf = tables.attr(pmd)
  calls[FN.pmdp_invalidate]++
  tables.set(pmd, 0, 0)
  world.probe?.('PMD leaf invalid')
  flushPmd(world, mm, first)
  if (isDirty(leaf)) folios.setFlags(head, FOLIO_DIRTY)
  const exclusive = folios.isExclusive(head)
  if (exclusive) folios.addWord(head, -EXCLUSIVE)
  const table = withdrawTable(world, mm, first)
  const entry = migrationEntry(leaf, exclusive)
  for (let i = 0; i < nr; i++) ops.setPteInline(mm, (table << geometry.tableShift) + i, head + i, entry)
  if (kernel.doubleMap) {
    // Every page is mapped, the leaf unmapped, and then every page unmapped again.
    folios.addRefs(head, nr - 1)
    addAnonRmapPtes(world, mm, head, nr, false)
    dropLeafMapping(world, mm, head)
    for (let i = 0; i < nr; i++) removeRmapPtes(world, mm, head + i, 1)
    folios.addRefs(head, -nr)
  } else {
    removeRmapPmd(world, mm, head)
    folios.addRefs(head, -1)
  }
  tables.link(pmd, table)
  world.probe?.('PMD table linked')
}

/** `flush_pmd_tlb_range` of one leaf. */
export function flushPmd(world: World, mm: Mm, vpn: number): void {
  const { tlbi, geometry, calls, kernel } = world
  calls[kernel.functionNames === 'linux-6.12' ? FN.__flush_tlb_range_nosync : FN.__flush_tlb_range]++
  tlbi.range(mm, vpn, geometry.tableEntries, geometry.tableEntries, false)
}

/**
 * What each entry is made of: the leaf as a page. Access taken away for NUMA hinting comes back, for
 * it is the VMA that says what is allowed.
 */
function entryOfLeaf(mm: Mm, vpn: number, leaf: number): number {
  const entry = leaf | TYPE_PAGE
  const vma = mm.vmaAt(vpn)
  const allowed = vma !== undefined && (vma.flags & (VM_READ | VM_WRITE)) !== 0
  return (entry & VALID) === 0 && allowed ? (entry & ~PROT_NONE) | VALID | USER : entry
}

function splitAnon(world: World, mm: Mm, first: number, entry: number, pfn: number): number {
  const { tables, folios, geometry, ops, calls, kernel } = world
  const nr = geometry.tableEntries
  const exclusive = folios.isExclusive(pfn)
  if (isDirty(entry)) folios.setFlags(pfn, FOLIO_DIRTY)
  mm.count(FOLIO_REF, 1)
  folios.addRefs(pfn, nr - 1)
  world.probe?.('references of a split PMD leaf', pfn)
  if (kernel.doubleMap) {
    const table = withdrawTable(world, mm, first)
    ops.setPtes(mm, table << geometry.tableShift, pfn, mkclean(entry), nr)
    addAnonRmapPtes(world, mm, pfn, nr, exclusive)
    dropLeafMapping(world, mm, pfn)
    return table
  }
  calls[FN.folio_add_anon_rmap_ptes]++
  addAnonRmapPtes(world, mm, pfn, nr, exclusive)
  const table = withdrawTable(world, mm, first)
  const slot = tables.geometry.tableEntries * table
  ops.setPtes(mm, slot, pfn, kernel.pmdSplitDirty === 'folio' ? mkclean(entry) : entry, nr)
  removeRmapPmd(world, mm, pfn)
  return table
}

/** Up to 6.1: the leaf's own mapping goes; while others by PMD remain, every page counts once more. */
function dropLeafMapping(world: World, mm: Mm, pfn: number): void {
  const { folios } = world
  if (folios.entireMapcount(pfn) > 1 && (folios.flags(pfn) & FOLIO_DOUBLE_MAP) === 0) {
    folios.setFlags(pfn, FOLIO_DOUBLE_MAP)
    const nr = 1 << folios.order(pfn)
    for (let i = 0; i < nr; i++) folios.addWord(pfn + i, 1)
    mm.count(MAPCOUNT, nr)
  }
  mm.count(MAPCOUNT, 1)
  if (folios.addEntire(pfn, -1) === 0) dropDoubleMap(world, mm, pfn)
}

/** `__split_huge_zero_page_pmd`: every entry maps the shared page of zeroes, set one by one. */
function splitZero(world: World, mm: Mm, first: number, leaf: number): number {
  const { geometry, ops, zeroPfn } = world
  const table = withdrawTable(world, mm, first)
  const slot = table << geometry.tableShift
  const entry = entryOfLeaf(mm, first, leaf) | SPECIAL
  for (let i = 0; i < geometry.tableEntries; i++) ops.setPteInline(mm, slot + i, zeroPfn, entry)
  return table
}
