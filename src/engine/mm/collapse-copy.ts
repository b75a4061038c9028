/**
 * The second half of MADV_COLLAPSE: the table is taken out, its pages isolated and copied, and a leaf put in
 * its place. Source: Linux 6.1 and 6.12, mm/khugepaged.c (`collapse_huge_page`,
 * `__collapse_huge_page_isolate`, `__collapse_huge_page_copy`); recorded counts.
 */
import { TABLE, TYPE_PAGE, UFFD_WP, WRITE, isPresent, mkdirty, mkwrite } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { copyUserPage } from './cow'
import { deferSplit } from './deferred'
import { clearPages, countNewAnon, isModern } from './fault-anon'
import { FOLIO_LOCKED, FOLIO_LRU, FOLIO_SWAPCACHE } from './folio'
import { folioMapcount } from './mapcount'
import { VM_LOCKED, VM_WRITE, type Mm, type Vma } from './mm'
import { pageProtection } from './protection'
import { munlockUnmapped, removeRmapPtes } from './rmap'
import { freeSwapCache } from './swap-entries'
import { isUserfaultArmed } from './userfault'
import { depositUsedTable, findPmd } from './walk'

const RSS = COUNTER_INDEX.rss

/** `enum scan_result`, as far as anonymous memory meets it. */
export type ScanResult =
  | 'succeed'
  | 'pmd-mapped'
  | 'pmd-null'
  | 'pmd-none'
  | 'exceed-none'
  | 'exceed-swap'
  | 'exceed-shared'
  | 'lack-referenced'
  | 'non-present'
  | 'uffd-wp'
  | 'page-ro'
  | 'page-null'
  | 'page-anon'
  | 'page-count'
  | 'page-lock'
  | 'page-lru'
  | 'del-page-lru'
  | 'alloc-failed'
  | 'address-range'
  | 'vma-check'
  | 'any-process'
  | 'vma-null'
  | 'fail'

/** Folios taken off their lists: the large ones wait apart until all of their pages are copied. */
interface Isolated {
  readonly small: number[]
  readonly large: number[]
}

/**
 * Replaces the table that covers `[vpn, vpn + nr)` by a leaf of the new folio at `pfn`. The table is
 * unlinked and its addresses flushed first, so that nobody can use them while they are copied; where a
 * page turns out to be in use after all it is linked again.
 */
export function collapseInto(world: World, mm: Mm, vma: Vma, vpn: number, pfn: number): ScanResult {
  const { tables, geometry, calls, tlbi } = world
  const pmd = findPmd(world, mm, vpn)
  const table = tables.pfn(pmd)
  const slot = table << geometry.tableShift
  calls[FN.pmdp_collapse_flush]++
  calls[isModern(world) ? FN.__flush_tlb_range_nosync : FN.__flush_tlb_range]++
  tables.set(pmd, 0, 0)
  tlbi.range(mm, vpn, geometry.tableEntries, 1, false)
  const isolated: Isolated = { small: [], large: [] }
  const result = isolate(world, mm, vma, slot, isolated)
  if (result !== 'succeed') {
    release(world, isolated)
    tables.set(pmd, TABLE, table)
    return result
  }
  copyPages(world, mm, slot, pfn)
  dropPages(world, mm, vma, slot)
  for (const head of isolated.large) {
    freeSwapCache(world, head)
    putBack(world, head)
  }
  mapLeaf(world, vma, pmd, pfn)
  depositUsedTable(world, mm, table)
  world.probe?.('PMD leaf mapped', pfn)
  if (world.kernel.thpFiles === 'linux-6.12') deferSplit(world, pfn, false)
  return 'succeed'
}

/** `__collapse_huge_page_isolate`: every folio leaves its list, if nobody else holds it. */
function isolate(world: World, mm: Mm, vma: Vma, slot: number, isolated: Isolated): ScanResult {
  const { ops, tables, folios, calls, geometry } = world
  const seen = new Set<number>()
  let writable = false
  for (let at = slot; at < slot + geometry.tableEntries; at++) {
    const entry = ops.ptepGet(mm, at)
    if (isEmptyOrZero(world, entry, at)) {
      if (isUserfaultArmed(vma)) return 'exceed-none'
      continue
    }
    if (!isPresent(entry)) return 'non-present'
    if ((entry & UFFD_WP) !== 0) return 'uffd-wp'
    calls[FN.vm_normal_page]++
    const head = folios.head(tables.pfn(at))
    const large = folios.order(head) > 0
    if (!large || !seen.has(head)) {
      const result = isolateFolio(world, head)
      if (result !== 'succeed') return result
      seen.add(head)
      isolated[large ? 'large' : 'small'].push(head)
    }
    if ((entry & WRITE) !== 0) writable = true
  }
  return writable ? 'succeed' : 'page-ro'
}

function isolateFolio(world: World, head: number): ScanResult {
  const { folios, calls } = world
  if ((folios.flags(head) & FOLIO_LOCKED) !== 0) return 'page-lock'
  if (!isRefcountSuitable(world, head)) return 'page-count'
  calls[FN.folio_isolate_lru]++
  if ((folios.flags(head) & FOLIO_LRU) === 0) return 'del-page-lru'
  folios.addRefs(head, 1)
  folios.setFlags(head, 0, FOLIO_LRU)
  return 'succeed'
}

/** `pte_none_or_zero`: nothing there, or the shared page of zeroes. */
export function isEmptyOrZero(world: World, entry: number, slot: number): boolean {
  return entry === 0 || (isPresent(entry) && world.tables.pfn(slot) === world.zeroPfn)
}

/** `is_refcount_suitable`: nobody holds the folio but who maps it, and the swap cache. */
export function isRefcountSuitable(world: World, pfn: number): boolean {
  const { folios, calls } = world
  if (!isModern(world)) calls[FN.folio_mapcount]++
  const cached = (folios.flags(pfn) & FOLIO_SWAPCACHE) !== 0
  return folios.refcount(pfn) === folioMapcount(world, pfn) + (cached ? 1 << folios.order(pfn) : 0)
}

/** `folio_putback_lru`: back to a list, and the reference of the isolation goes. */
function putBack(world: World, head: number): void {
  world.calls[FN.folio_putback_lru]++
  world.lru.add(head)
  world.folios.put(head)
}

/** `release_pte_folio`, a function of its own in 6.12. */
function releaseFolio(world: World, head: number): void {
  if (isModern(world)) world.calls[FN.release_pte_folio]++
  putBack(world, head)
}

/** `release_pte_pages`: backwards over the entries, then the large folios. */
function release(world: World, { small, large }: Isolated): void {
  for (const head of [...small].reverse()) releaseFolio(world, head)
  for (const head of large) releaseFolio(world, head)
}

function copyPages(world: World, mm: Mm, slot: number, pfn: number): void {
  const { ops, tables, geometry } = world
  for (let i = 0; i < geometry.tableEntries; i++) {
    const entry = ops.ptepGet(mm, slot + i)
    if (isEmptyOrZero(world, entry, slot + i)) clearPages(world, mm, 1)
    else copyUserPage(world, mm, tables.pfn(slot + i), pfn + i)
  }
}

/** The old entries go one by one, without a flush: the whole range was flushed before. */
function dropPages(world: World, mm: Mm, vma: Vma, slot: number): void {
  const { ops, tables, folios, geometry } = world
  for (let at = slot; at < slot + geometry.tableEntries; at++) {
    // 6.1 copies and clears in one loop, with one read.
    const entry = isModern(world) ? ops.ptepGet(mm, at) : tables.attr(at)
    if (isEmptyOrZero(world, entry, at)) {
      mm.anonPages++
      mm.count(RSS, 1)
      if (entry !== 0) ops.ptepGetAndClear(mm, at)
      continue
    }
    const pfn = tables.pfn(at)
    if (folios.order(pfn) === 0) releaseFolio(world, pfn)
    ops.ptepGetAndClear(mm, at)
    removeRmapPtes(world, mm, pfn, 1)
    munlockUnmapped(world, vma.flags, pfn)
    if (folios.order(pfn) === 0) freeSwapCache(world, pfn)
    folios.put(pfn)
  }
}

function mapLeaf(world: World, vma: Vma, pmd: number, pfn: number): void {
  const { folios, tables, lru, geometry } = world
  folios.addEntire(pfn, 1)
  folios.addWord(pfn, world.exclusive)
  countNewAnon(world, geometry.pmdOrder)
  folios.setAnonVma(pfn, vma.anonVma)
  lru.addVma(pfn, (vma.flags & VM_LOCKED) !== 0)
  const leaf = mkdirty(pageProtection(vma.flags) & ~TYPE_PAGE)
  world.mte?.syncLeaf(leaf, pfn)
  tables.set(pmd, (vma.flags & VM_WRITE) === 0 ? leaf : mkwrite(leaf), pfn)
}
