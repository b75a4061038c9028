/**
 * Faults in HugeTLB mappings.
 * Source: linux-6.1 and linux-6.12 mm/hugetlb.c (`hugetlb_fault`, `hugetlb_no_page`, `hugetlb_wp`,
 * `unmap_ref_private`); recorded counts.
 */
import { AF, WRITE, mkdirty, mkwrite, wrprotect } from '../arch/descriptor'
import { EngineError } from '../error'
import { copyUserPage, countMovedRmap } from '../mm/cow'
import { isModern } from '../kernel/names'
import { clearPages } from '../mm/fault-anon'
import { FAULT_UNSHARE, FAULT_WRITE } from '../mm/fault-flags'
import { ANON } from '../mm/folio'
import { VM_SHARED, VM_WRITE, type Mm, type Vma } from '../mm/mm'
import { pageProtection } from '../mm/protection'
import { prepareAnonVma } from '../mm/vma'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { allocHugetlbFolio, hugeIndex, poolOf } from './alloc'
import {
  clearFlushHuge,
  hugeProtection,
  hugePte,
  makeHugeEntry,
  setHugeAccessFlags,
  setHugePte
} from './entry'
import { HugetlbFile } from './file'
import type { HugeSize } from './sizes'
import { unmapRefPrivate } from './zap'

const COW_REUSE = COUNTER_INDEX.cowReuse
const COW_COPY = COUNTER_INDEX.cowCopy
const MAPCOUNT = COUNTER_INDEX.mapcount

/** One fault: the page at `vpn`, the first of a HugeTLB page, whose entries begin at `slot`. */
interface HugeFault {
  readonly world: World
  readonly mm: Mm
  readonly vma: Vma
  readonly vpn: number
  readonly slot: number
  readonly size: HugeSize
  readonly flags: number
}

/** The pool has no page for it: what the process gets is SIGBUS. */
function busError(world: World, vpn: number, why: string): EngineError {
  const address = (vpn * world.geometry.pageSize).toString(16)
  return new EngineError('EIO', `Bus error: 0x${address}: ${why}.`)
}

/** `hugetlb_fault`. Throws `EIO` (SIGBUS) where the pool has no page for this mapping. */
export function hugetlbFault(world: World, mm: Mm, vma: Vma, at: number, flags: number): void {
  const { calls } = world
  const { size } = poolOf(world, vma)
  const vpn = at - (at % size.pages)
  calls[FN.hugetlb_fault]++
  calls[FN.hugetlb_fault_mutex_hash]++
  calls[FN.hugetlb_vma_lock_read]++
  try {
    const slot = makeHugeEntry(world, mm, size, vpn)
    const fault: HugeFault = { world, mm, vma, vpn, slot, size, flags }
    const entry = hugePte(world, mm, slot, size)
    if (entry === 0) noPage(fault)
    else presentFault(fault, entry)
  } finally {
    calls[FN.hugetlb_vma_unlock_read]++
  }
}

function presentFault(fault: HugeFault, entry: number): void {
  const { world, mm, vpn, slot, size, flags } = fault
  if (flags !== 0 && (entry & WRITE) === 0) {
    writeProtected(fault)
    return
  }
  const write = (flags & FAULT_WRITE) !== 0
  setHugeAccessFlags(world, mm, vpn, slot, size, (write ? mkdirty(entry) : entry) | AF, write)
}

/** `make_huge_pte`. */
function hugeEntry(fault: HugeFault, writable: boolean): number {
  const { vma, size } = fault
  const attr = pageProtection(vma.flags)
  const access = writable && (vma.flags & VM_WRITE) !== 0 ? mkwrite(mkdirty(attr)) : wrprotect(attr)
  return hugeProtection(size, access | AF)
}

/** `hugetlb_no_page`: nothing is mapped there yet. */
function noPage(fault: HugeFault): void {
  const { world, mm, vma, vpn, slot, size, flags } = fault
  const { calls } = world
  calls[FN.hugetlb_fault_mutex_hash]++
  if (vma.huge?.unmapped === true) {
    throw busError(world, vpn, 'its page went to the process that had reserved it')
  }
  const shared = (vma.flags & VM_SHARED) !== 0
  const cached = vma.file instanceof HugetlbFile ? vma.file.find(hugeIndex(vma, size.pages, vpn)) : -1
  const pfn = cached >= 0 ? cached : newPage(fault)
  if (shared) {
    if (cached < 0) addToCache(fault, pfn)
    mapFilePage(world, mm, pfn)
  } else addNewAnonRmap(world, vma, pfn)
  setHugePte(world, mm, vpn, slot, size, hugeEntry(fault, shared), pfn)
  mm.hugetlbPages += size.pages
  world.probe?.('HugeTLB page mapped', pfn)
  // The store is not made to fault a second time.
  if ((flags & FAULT_WRITE) !== 0 && !shared) writeProtected(fault)
}

/** A page of zeroes for the fault. */
function newPage(fault: HugeFault): number {
  const { world, mm, vma, vpn, size } = fault
  const { calls } = world
  const isPrivate = (vma.flags & VM_SHARED) === 0
  if (isPrivate && isModern(world)) prepareAnonVma(world, mm, vma)
  const pfn = allocHugetlbFolio(world, vma, vpn, false)
  if (pfn < 0) {
    calls[FN.hugetlb_pte_stable]++
    throw busError(world, vpn, 'the pool has no HugeTLB page for it')
  }
  calls[isModern(world) ? FN.folio_zero_user : FN.clear_huge_page]++
  clearPages(world, mm, size.pages)
  const { folios } = world
  for (let i = 0; i < size.pages; i++) if (folios.content(pfn + i) !== 0) folios.setContent(pfn + i, 0)
  if (isPrivate && !isModern(world)) prepareAnonVma(world, mm, vma)
  return pfn
}

/** `hugetlb_add_to_page_cache`: the cache holds the reference that the folio was taken with. */
function addToCache({ world, vma, vpn, size }: HugeFault, pfn: number): void {
  const { folios, hugetlb } = world
  if (!(vma.file instanceof HugetlbFile)) throw new Error('a shared HugeTLB mapping without a file')
  vma.file.add(hugeIndex(vma, size.pages, vpn), pfn)
  hugetlb.restoreReserve.delete(pfn)
  for (let i = 0; i < size.pages; i++) folios.addWord(pfn + i, -ANON)
}

function mapFilePage(world: World, mm: Mm, pfn: number): void {
  world.folios.addRefs(pfn, 1)
  world.folios.addEntire(pfn, 1)
  mm.count(MAPCOUNT, 1)
}

/** `hugetlb_add_new_anon_rmap`: one mapping of the whole, exclusive; the reservation is used for good. */
export function addNewAnonRmap(world: World, vma: Vma, pfn: number): void {
  const { folios, calls, hugetlb } = world
  if (isModern(world)) calls[FN.hugetlb_add_new_anon_rmap]++
  else {
    calls[FN.hugepage_add_new_anon_rmap]++
    calls[FN.__page_set_anon_rmap]++
  }
  hugetlb.restoreReserve.delete(pfn)
  folios.addEntire(pfn, 1)
  folios.addWord(pfn, world.exclusive)
  folios.setAnonVma(pfn, vma.anonVma)
}

/** `hugetlb_wp`: the page is reused where this is its only mapping, else copied. */
function writeProtected(fault: HugeFault): void {
  const { world, mm, vma, vpn, slot, size, flags } = fault
  const { folios, tables, calls } = world
  const unshare = (flags & FAULT_UNSHARE) !== 0
  calls[FN.hugetlb_wp]++
  if ((vma.flags & VM_SHARED) !== 0) {
    if (!unshare) makeWritable(fault)
    return
  }
  const old = tables.pfn(slot)
  if (folios.entireMapcount(old) === 1 && (folios.word(old) & ANON) !== 0) {
    if (!folios.isExclusive(old)) {
      countMovedRmap(world)
      folios.setAnonVma(old, vma.anonVma)
      folios.addWord(old, world.exclusive)
    }
    mm.count(COW_REUSE, 1)
    if (!unshare) makeWritable(fault)
    return
  }
  const outside = vma.huge?.consumed !== undefined
  folios.addRefs(old, 1)
  const copy = allocHugetlbFolio(world, vma, vpn, outside)
  if (copy < 0) {
    folios.put(old)
    if (!outside) throw busError(world, vpn, 'the pool has no HugeTLB page for a copy')
    takeFromChildren(fault, old)
    return
  }
  prepareAnonVma(world, mm, vma)
  copyHugePage(world, mm, old, copy, size)
  clearFlushHuge(world, mm, vpn, slot, size)
  world.probe?.('HugeTLB entry cleared for a copy')
  dropRmap(world, mm, old)
  addNewAnonRmap(world, vma, copy)
  setHugePte(world, mm, vpn, slot, size, hugeEntry(fault, !unshare), copy)
  world.probe?.('HugeTLB copy mapped', copy)
  mm.count(COW_COPY, 1)
  folios.put(old)
  folios.put(old)
}

/** The owner of the reservation finds the pool empty: children lose their mapping of the page, and it is reused. */
function takeFromChildren(fault: HugeFault, old: number): void {
  const { world, vma, vpn } = fault
  const { calls } = world
  calls[FN.hugetlb_fault_mutex_hash]++
  calls[FN.hugetlb_vma_unlock_read]++
  unmapRefPrivate(world, vma, vpn, old)
  calls[FN.hugetlb_vma_lock_read]++
  calls[FN.hugetlb_wp]--
  writeProtected(fault)
}

/** `set_huge_ptep_writable`. */
function makeWritable({ world, mm, vpn, slot, size }: HugeFault): void {
  const entry = mkwrite(mkdirty(hugePte(world, mm, slot, size)))
  setHugeAccessFlags(world, mm, vpn, slot, size, entry, true)
}

/** `copy_user_large_folio`, page by page. */
export function copyHugePage(world: World, mm: Mm, from: number, to: number, size: HugeSize): void {
  if (isModern(world)) world.calls[FN.copy_user_large_folio]++
  for (let i = 0; i < size.pages; i++) copyUserPage(world, mm, from + i, to + i)
}

/** `hugetlb_remove_rmap`, `page_remove_rmap` up to 6.7: one mapping of the whole goes. */
export function dropRmap(world: World, mm: Mm, pfn: number): void {
  world.folios.addEntire(pfn, -1)
  mm.count(MAPCOUNT, 1)
  if (!isModern(world)) world.calls[FN.page_remove_rmap]++
  world.probe?.('rmap removed', pfn)
}
