/**
 * Faulting in a range on a caller's behalf: mlock, MADV_POPULATE_READ and _WRITE. One page at a time is
 * looked up and, where it is not there as asked, faulted in. Source: Linux 6.1 and 6.12, mm/gup.c
 * (`__get_user_pages`, `follow_page_pte`, `follow_huge_pmd`).
 */
import { AF, isDirty, isPresent, mkdirty, PROT_NONE, SPECIAL, TABLE, VALID, WRITE } from '../arch/descriptor'
import { EngineError } from '../error'
import { followHugetlb, hasOwnLoop } from '../hugetlb/gup'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { handleMmFault } from './fault'
import { FAULT_WRITE, isAccessible } from './fault-flags'
import { FOLIO_DIRTY } from './folio'
import { VM_READ, VM_SHARED, VM_WRITE, type Mm, type Vma } from './mm'
import { findLeaf, findPmd, leafPages } from './walk'

/** Faults that one page may take before it counts as stuck. */
const MAX_FAULTS = 8

/**
 * `MADV_POPULATE_*`: `ENOMEM` at the first page without a VMA, `EINVAL` at one that may not be accessed so,
 * `EFAULT` at one that a store or load would be killed at with SIGBUS.
 */
export function populate(
  world: World,
  mm: Mm,
  start: number,
  end: number,
  write: boolean
): 'ENOMEM' | 'EINVAL' | 'EFAULT' | undefined {
  let at = start
  let failed: 'ENOMEM' | 'EINVAL' | 'EFAULT' | undefined
  while (at < end && failed === undefined) {
    const vma = mm.vmaAt(at)
    if (vma === undefined) failed = 'ENOMEM'
    else if (write ? (vma.flags & VM_WRITE) === 0 : (vma.flags & (VM_READ | VM_WRITE)) === 0)
      failed = 'EINVAL'
    else {
      const to = Math.min(end, vma.end)
      if (faultIn(world, mm, vma, at, to, write)) at = to
      else failed = 'EFAULT'
    }
  }
  world.lru.drain()
  return failed
}

/**
 * `populate_vma_page_range`: what mlock does to a VMA's part. Writable private mappings are written to,
 * so that nothing is left to copy. False where the VMA allows no access, or a page cannot be had.
 */
export function populateVma(world: World, mm: Mm, vma: Vma, start: number, end: number): boolean {
  if (!isAccessible(vma)) return false
  if (world.kernel.functionNames === 'linux-6.12') world.calls[FN.gup_vma_lookup]++
  const whole = faultIn(world, mm, vma, start, end, (vma.flags & (VM_WRITE | VM_SHARED)) === VM_WRITE)
  world.lru.drain()
  return whole
}

/** Pages `[start, end)` of one VMA, ascending; false at the first that is SIGBUS. */
function faultIn(world: World, mm: Mm, vma: Vma, start: number, end: number, write: boolean): boolean {
  try {
    if (hasOwnLoop(world, vma)) followHugetlb(world, mm, vma, start, end, write)
    else faultInEach(world, mm, vma, start, end, write)
    return true
  } catch (error) {
    if (error instanceof EngineError && error.code === 'EIO') return false
    throw error
  }
}

function faultInEach(world: World, mm: Mm, vma: Vma, start: number, end: number, write: boolean): void {
  let at = start
  for (let faults = 0; at < end;) {
    const found = followPage(world, mm, vma, at, write)
    if (found > 0) {
      at += found
      faults = 0
      continue
    }
    if (faults++ === MAX_FAULTS) throw new Error(`populating page ${at} makes no progress`)
    handleMmFault(world, mm, vma, at, write ? FAULT_WRITE : 0)
  }
}

/** `follow_page_mask` with FOLL_TOUCH: how many pages from `vpn` on are there as asked, 0 for none. */
function followPage(world: World, mm: Mm, vma: Vma, vpn: number, write: boolean): number {
  const { tables, geometry, calls, kernel } = world
  if (kernel.functionNames === 'linux-6.1') {
    calls[FN.follow_page_mask]++
    calls[FN.follow_huge_addr]++
  }
  const huge = findLeaf(world, mm, vpn)
  if (huge !== 0) return followLeaf(world, vpn, huge, leafPages(world, mm, vpn), write)
  const pmd = findPmd(world, mm, vpn)
  if (pmd === 0) return 0
  const leaf = tables.attr(pmd)
  if ((leaf & TABLE) !== TABLE) return 0
  const slot = (tables.pfn(pmd) << geometry.tableShift) + (vpn % geometry.tableEntries)
  return followEntry(world, mm, vma, slot, write) ? 1 : 0
}

/** `follow_page_pte`: an access is noted in the folio, and a store that the entry does not show. */
function followEntry(world: World, mm: Mm, vma: Vma, slot: number, write: boolean): boolean {
  const { ops, tables, folios, calls, lru, kernel } = world
  calls[FN.follow_page_pte]++
  const entry = ops.ptepGet(mm, slot)
  if (!isPresent(entry)) return false
  if ((entry & (VALID | PROT_NONE)) === PROT_NONE && isAccessible(vma)) return false
  calls[FN.vm_normal_page]++
  if (write && (entry & WRITE) === 0) return false
  if (kernel.functionNames === 'linux-6.12') calls[FN.try_grab_folio]++
  if ((entry & SPECIAL) !== 0) {
    calls[FN.folio_mark_accessed]++
    return true
  }
  const pfn = tables.pfn(slot)
  if (write && !isDirty(entry)) folios.setFlags(pfn, FOLIO_DIRTY)
  lru.markAccessed(pfn)
  return true
}

/** `follow_huge_pmd`: the leaf itself becomes young, and dirty by a store. */
function followLeaf(world: World, vpn: number, pmd: number, pages: number, write: boolean): number {
  const { tables, calls, kernel } = world
  const leaf = tables.attr(pmd)
  if ((leaf & VALID) === 0 || (write && (leaf & WRITE) === 0)) return 0
  if (kernel.functionNames === 'linux-6.12') calls[FN.try_grab_folio]++
  tables.set(pmd, (write ? mkdirty(leaf) : leaf) | AF, tables.pfn(pmd))
  return pages - (vpn % pages)
}
