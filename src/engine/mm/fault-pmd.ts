/**
 * PMD leaves in faults: anonymous memory mapped 2 MiB (or the granule's PMD size) at a time, the huge
 * zero page, and what a store to one that is write-protected does.
 * Source: linux-6.12 and linux-6.1 mm/huge_memory.c (`do_huge_pmd_anonymous_page`,
 * `do_huge_pmd_wp_page`, `huge_pmd_set_accessed`); reference `thp-sysfs.md` sections 6.1 and 6.4,
 * `contpte.md` section 5; recorded counts.
 */
import { AF, TYPE_PAGE, UFFD_WP, mkdirty, mkwrite } from '../arch/descriptor'
import { orderFits } from '../thp/orders'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { countMovedRmap } from './cow'
import { deferSplit } from './deferred'
import { allocAnonFolio, clearPages, countNewAnon, isModern } from './fault-anon'
import { FAULT_UNSHARE, FAULT_WRITE } from './fault-flags'
import { FOLIO_SWAPCACHE } from './folio'
import { khugepagedEnterVma } from './khugepaged'
import { VM_LOCKED, VM_WRITE, type Mm, type Vma } from './mm'
import { pageProtection } from './protection'
import { splitPmd } from './split-pmd'
import { freeFolioSwap } from './swap-entries'
import { faultEffort } from './pressure'
import { prepareAnonVma } from './vma'
import { depositTable } from './walk'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const CAS = COUNTER_INDEX.cas
const COW_REUSE = COUNTER_INDEX.cowReuse
const PAGE_ALLOC = COUNTER_INDEX.pageAlloc
const FOLIO_ALLOC = COUNTER_INDEX.folioAlloc
const RSS = COUNTER_INDEX.rss

/**
 * `do_huge_pmd_anonymous_page`: the PMD-level entry at `pmd` is empty and a leaf allowed. False where
 * smaller folios must do: it does not fit the VMA, or there is no memory for it.
 */
export function hugeAnonymousFault(
  world: World,
  mm: Mm,
  vma: Vma,
  vpn: number,
  pmd: number,
  flags: number
): boolean {
  const { calls, geometry, folios, thpStats, vm, thp } = world
  const order = geometry.pmdOrder
  calls[FN.do_huge_pmd_anonymous_page]++
  if (!orderFits(vma, vpn, order)) return false
  prepareAnonVma(world, mm, vma)
  khugepagedEnterVma(world, mm, vma, vma.flags)
  if ((flags & FAULT_WRITE) === 0 && thp.useZeroPage === 1) return mapHugeZero(world, mm, vma, pmd)
  const pfn = allocAnonFolio(world, order, faultEffort(world.thp, vma.flags))
  if (pfn < 0) {
    vm[VM.thp_fault_fallback]++
    thpStats.add(order, 'anon_fault_fallback')
    return false
  }
  depositTable(world, mm)
  calls[isModern(world) ? FN.folio_zero_user : FN.clear_huge_page]++
  clearPages(world, mm, 2 ** order)
  folios.addEntire(pfn, 1)
  folios.addWord(pfn, world.exclusive)
  countNewAnon(world, order)
  folios.setAnonVma(pfn, vma.anonVma)
  world.lru.addVma(pfn, (vma.flags & VM_LOCKED) !== 0)
  // Dirty also after a load: the kernel makes it so that the folio is written once.
  const leaf = mkdirty(pageProtection(vma.flags) & ~TYPE_PAGE)
  setPmd(world, mm, pmd, (vma.flags & VM_WRITE) === 0 ? leaf : mkwrite(leaf), pfn)
  mm.anonPages += 2 ** order
  mm.count(RSS, 1)
  if (world.kernel.thpFiles === 'linux-6.12') deferSplit(world, pfn, false)
  vm[VM.thp_fault_alloc]++
  thpStats.add(order, 'anon_fault_alloc')
  world.probe?.('PMD leaf mapped')
  return true
}

function setPmd(world: World, mm: Mm, pmd: number, attr: number, pfn: number): void {
  mm.count(PLAIN_WRITE, 1)
  world.mte?.syncLeaf(attr, pfn)
  world.tables.set(pmd, attr, pfn)
}

/** A load with `use_zero_page`: the huge zero page, read-only, without a folio or resident set of its own. */
function mapHugeZero(world: World, mm: Mm, vma: Vma, pmd: number): boolean {
  const { calls, vm } = world
  if (isModern(world)) calls[FN.mm_get_huge_zero_folio]++
  const pfn = hugeZeroPage(world, mm)
  if (pfn < 0) {
    vm[VM.thp_fault_fallback]++
    return false
  }
  depositTable(world, mm)
  if (isModern(world)) calls[FN.set_pmd_at]++
  setPmd(world, mm, pmd, pageProtection(vma.flags) & ~TYPE_PAGE, pfn)
  world.probe?.('PMD leaf mapped')
  return true
}

/**
 * The first page of the huge zero page, allocated when it is first wanted; -1 without memory. It is
 * no folio of anybody's: its pages have no words.
 */
export function hugeZeroPage(world: World, mm: Mm): number {
  if (world.hugeZeroPfn >= 0) return world.hugeZeroPfn
  const order = world.geometry.pmdOrder
  const pfn = world.folios.buddy.alloc(order)
  if (pfn < 0) {
    world.vm[VM.thp_zero_page_alloc_failed]++
    return -1
  }
  if (isModern(world)) world.calls[FN.folio_alloc_noprof]++
  clearPages(world, mm, 2 ** order)
  for (let i = 0; i < 2 ** order; i++)
    if (world.folios.content(pfn + i) !== 0) world.folios.setContent(pfn + i, 0)
  mm.count(FOLIO_ALLOC, 1)
  mm.count(PAGE_ALLOC, 2 ** order)
  world.vm[VM.thp_zero_page_alloc]++
  world.hugeZeroPfn = pfn
  return pfn
}

/** `huge_pmd_set_accessed`: the leaf allows the access, hardware did not record it. */
export function hugeSetAccessed(
  world: World,
  mm: Mm,
  vpn: number,
  pmd: number,
  leaf: number,
  write: boolean
): void {
  const young = leaf | AF
  setPmdAccessFlags(world, mm, vpn, pmd, write ? mkdirty(young) : young, write)
}

/** `pmdp_set_access_flags`: relaxes the leaf; `dirty` flushes its first page, which drops the whole leaf. */
function setPmdAccessFlags(
  world: World,
  mm: Mm,
  vpn: number,
  pmd: number,
  attr: number,
  dirty: boolean
): void {
  const { tables, calls, tlbi, geometry } = world
  calls[isModern(world) ? FN.__ptep_set_access_flags : FN.ptep_set_access_flags]++
  mm.count(READ, 1)
  if (tables.attr(pmd) === attr) return
  mm.count(CAS, 1)
  tables.set(pmd, attr, tables.pfn(pmd))
  if (dirty) tlbi.page(mm, vpn - (vpn % geometry.tableEntries))
}

/**
 * `wp_huge_pmd`: the leaf may not be written. The folio is reused where its first page is exclusive or
 * nobody else holds it. Else the leaf is split, and false says that its entries decide.
 */
export function hugeWriteProtectFault(
  world: World,
  mm: Mm,
  vma: Vma,
  vpn: number,
  pmd: number,
  leaf: number,
  flags: number
): boolean {
  const { tables, folios, calls } = world
  const unshare = (flags & FAULT_UNSHARE) !== 0
  if (!unshare && (leaf & UFFD_WP) !== 0) {
    splitPmd(world, mm, vpn)
    return false
  }
  calls[FN.do_huge_pmd_wp_page]++
  const pfn = tables.pfn(pmd)
  if (pfn !== world.hugeZeroPfn && (folios.isExclusive(pfn) || canReuseHuge(world, vma, pfn))) {
    if (!folios.isExclusive(pfn)) folios.addWord(pfn, world.exclusive)
    if (unshare) return true
    mm.count(COW_REUSE, 1)
    const dirty = mkdirty(leaf | AF)
    const entry = (vma.flags & VM_WRITE) === 0 ? dirty : mkwrite(dirty)
    setPmdAccessFlags(world, mm, vpn, pmd, entry, true)
    return true
  }
  splitPmd(world, mm, vpn)
  return false
}

/** Whether nobody but this leaf holds the folio. It is in no LRU batch: those never keep large folios. */
function canReuseHuge(world: World, vma: Vma, pfn: number): boolean {
  const { folios } = world
  const cached = (folios.flags(pfn) & FOLIO_SWAPCACHE) !== 0
  if (folios.refcount(pfn) > (cached ? 1 + 2 ** folios.order(pfn) : 1)) return false
  if (cached) freeFolioSwap(world, pfn)
  if (folios.refcount(pfn) !== 1) return false
  countMovedRmap(world)
  world.folios.setAnonVma(pfn, vma.anonVma)
  return true
}
