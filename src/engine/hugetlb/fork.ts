/**
 * fork of HugeTLB mappings. Source: linux-6.1 and linux-6.12 mm/hugetlb.c (`copy_hugetlb_page_range`,
 * `hugetlb_install_folio`, `hugetlb_dup_vma_private`, `hugetlb_vm_op_open`); recorded counts.
 */
import { AF, mkdirty, mkwrite, wrprotect } from '../arch/descriptor'
import { ANON, EXCLUSIVE } from '../mm/folio'
import { isCowMapping, MMF_HAS_PINNED, VM_WRITE, type Mm, type Vma } from '../mm/mm'
import { pageProtection } from '../mm/protection'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { allocHugetlbFolio, poolOf } from './alloc'
import { findHugeEntry, hugeProtection, hugePte, makeHugeEntry, setHugePte, wrprotectHuge } from './entry'
import { addNewAnonRmap, copyHugePage } from './fault'
import { tablePages } from './sizes'
import { openHugeVma } from './vma'

const MAPCOUNT = COUNTER_INDEX.mapcount
const FOLIO_REF = COUNTER_INDEX.folioRef
const EXCLUSIVE_CLEAR = COUNTER_INDEX.exclusiveClear

/**
 * The child's VMA: reservations stay with the parent. That an owner took a page away is forgotten, too: the
 * child of a process that would get SIGBUS there reads zeroes.
 */
export function dupHugeVma(world: World, copy: Vma): void {
  if (copy.huge === undefined) return
  world.calls[FN.hugetlb_dup_vma_private]++
  copy.huge = { order: copy.huge.order }
  openHugeVma(world, copy)
}

/**
 * Copies what the parent's VMA maps: the child shares every page, and private ones are write-protected
 * on both sides, by taking contiguous entries out and flushing them each time. A page that may be pinned
 * is copied at once. False where the pool has none for that.
 */
export function copyHugetlbPageRange(world: World, parent: Mm, child: Mm, vma: Vma, copy: Vma): boolean {
  const { tables, folios, calls } = world
  const { size } = poolOf(world, vma)
  const cow = isCowMapping(vma)
  calls[FN.copy_hugetlb_page_range]++
  calls[FN.hugetlb_mask_last_page]++
  if (!cow) calls[FN.hugetlb_vma_lock_read]++
  let whole = true
  for (let vpn = vma.start; whole && vpn < vma.end; vpn += size.pages) {
    const slot = findHugeEntry(world, parent, size, vpn)
    if (slot === 0) {
      const table = tablePages(world.geometry, size)
      vpn += table - (vpn % table) - size.pages
      continue
    }
    const childSlot = makeHugeEntry(world, child, size, vpn)
    const entry = hugePte(world, parent, slot, size)
    if (entry === 0) continue
    const pfn = tables.pfn(slot)
    folios.addRefs(pfn, 1)
    parent.count(FOLIO_REF, 1)
    if (mustCopy(world, parent, pfn)) {
      whole = installCopy(world, child, copy, childSlot, vpn, pfn)
      folios.put(pfn)
      continue
    }
    if (folios.isExclusive(pfn)) {
      folios.addWord(pfn, -EXCLUSIVE)
      child.count(EXCLUSIVE_CLEAR, 1)
    }
    folios.addEntire(pfn, 1)
    child.count(MAPCOUNT, 1)
    if (cow) wrprotectHuge(world, parent, vpn, slot, size)
    setHugePte(world, child, vpn, childSlot, size, cow ? wrprotect(entry) : entry, pfn)
    child.hugetlbPages += size.pages
    world.probe?.('fork: HugeTLB page mapped', pfn)
  }
  if (!cow) calls[FN.hugetlb_vma_unlock_read]++
  return whole
}

/** `hugetlb_try_dup_anon_rmap` says -EBUSY: the page is the parent's alone and may be pinned. */
function mustCopy(world: World, parent: Mm, pfn: number): boolean {
  const { folios } = world
  if ((folios.word(pfn) & ANON) === 0 || (parent.flags & MMF_HAS_PINNED) === 0) return false
  if (folios.pincount(pfn) === 0) return false
  return folios.isExclusive(pfn) || (!world.kernel.anonExclusive && folios.entireMapcount(pfn) === 1)
}

/** The child gets a copy of its own, writable at once. */
function installCopy(
  world: World,
  child: Mm,
  copy: Vma,
  childSlot: number,
  vpn: number,
  pfn: number
): boolean {
  const { size } = poolOf(world, copy)
  const own = allocHugetlbFolio(world, copy, vpn, true)
  if (own < 0) return false
  copyHugePage(world, child, pfn, own, size)
  addNewAnonRmap(world, copy, own)
  const attr = mkdirty(pageProtection(copy.flags)) | AF
  const entry = (copy.flags & VM_WRITE) === 0 ? attr : mkwrite(attr)
  setHugePte(world, child, vpn, childSlot, size, hugeProtection(size, entry), own)
  child.hugetlbPages += size.pages
  return true
}
