/**
 * mprotect: VMA by VMA, entry by entry. Source: Linux 6.1 and 6.12, mm/mprotect.c, mm/huge_memory.c
 * (`change_huge_pmd`); reference `teardown.md` section 6b, `contpte.md` section 5.
 */
import { isDirty, isPmdLeaf, isPresent, mkwrite, SPECIAL, TABLE, UFFD_WP, WRITE } from '../arch/descriptor'
import { isBlockEntry } from '../contpte/exposed'
import { EngineError } from '../error'
import { changeHugetlb } from '../hugetlb/protect'
import { isHugetlb } from '../hugetlb/vma'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { protectBlockOrSplit } from './exposed/range'
import { FileMapping } from './file'
import { ANON, EXCLUSIVE } from './folio'
import { VM_ACCESS, VM_LOCKED, VM_MTE, VM_SHARED, VM_WRITE, type Mm, type Vma } from './mm'
import { modifyProtection, pageProtection } from './protection'
import { populateVma } from './populate'
import { RangeFlush } from './range-flush'
import { splitPmd } from './split'
import { flushBatchedPending } from './tlb-batched'
import { modifyVma } from './vma'
import { findPmd } from './walk'

/**
 * Gives `[start, end)` the access flags `access` (VM_READ, VM_WRITE, VM_EXEC, and VM_MTE besides). Answers
 * false at the first gap: what lies before it is changed. `EINVAL` likewise where tags cannot be,
 * and inside a HugeTLB page.
 */
export function mprotectRange(world: World, mm: Mm, start: number, end: number, access: number): boolean {
  let vma = mm.vmaAt(start)
  if (vma === undefined) return false
  const flush = new RangeFlush(world, mm)
  let at = start
  try {
    while (vma !== undefined && at < end) {
      const to = Math.min(vma.end, end)
      if ((access & VM_MTE) !== 0 && !mayBeTagged(vma)) {
        throw new EngineError('EINVAL', 'EINVAL: mprotect: PROT_MTE on a mapping that cannot have tags.')
      }
      const changed = changeVma(world, mm, vma, at, to, (vma.flags & ~VM_ACCESS) | access, flush)
      // Merged with the VMA that follows: that one has the protection already.
      at = Math.min(changed.end, end)
      vma = mm.vmaAt(at)
    }
  } catch (error) {
    // What lies before a refusal is changed; a run that a trace ends does nothing more.
    if (error instanceof EngineError) flush.finish()
    throw error
  }
  flush.finish()
  return at === end
}

/** `arch_validate_flags`: anonymous memory and tmpfs can have tags (VM_MTE_ALLOWED). */
function mayBeTagged({ file }: Vma): boolean {
  return file === undefined || (file instanceof FileMapping && file.shmem)
}

/**
 * `mprotect_fixup`: one VMA's part; answers the VMA that holds it then. One that has the protection
 * already is passed over.
 */
function changeVma(
  world: World,
  mm: Mm,
  vma: Vma,
  start: number,
  end: number,
  flags: number,
  flush: RangeFlush
): Vma {
  world.calls[FN.mprotect_fixup]++
  const old = vma.flags
  if (old === flags) return vma
  const changed = modifyVma(world, mm, vma, start, end, flags)
  world.calls[FN.change_protection]++
  if (isHugetlb(changed)) {
    changeHugetlb(world, mm, changed, start, end)
    return changed
  }
  const entries = world.geometry.tableEntries
  for (let vpn = start; vpn < end;) {
    const next = Math.min(vpn - (vpn % entries) + entries, end)
    changePmd(world, mm, changed, vpn, next, flush)
    vpn = next
  }
  flush.flush()
  // A locked private mapping that becomes writable: its pages are copied now, not at the first store.
  if ((old & (VM_WRITE | VM_SHARED | VM_LOCKED)) === VM_LOCKED && (flags & VM_WRITE) !== 0) {
    populateVma(world, mm, changed, start, end)
  }
  return changed
}

/** `change_pmd_range` for what one PMD-level entry covers. */
function changePmd(world: World, mm: Mm, vma: Vma, start: number, end: number, flush: RangeFlush): void {
  const { tables, geometry } = world
  const pmd = findPmd(world, mm, start)
  if (pmd === 0) return
  if (isPmdLeaf(tables.attr(pmd))) {
    if (end - start === geometry.tableEntries) {
      changeLeaf(world, mm, vma, pmd, start, flush)
      return
    }
    splitPmd(world, mm, start)
  }
  if ((tables.attr(pmd) & TABLE) !== TABLE) return
  const slot = (tables.pfn(pmd) << geometry.tableShift) + (start % geometry.tableEntries)
  changeEntries(world, mm, vma, slot, start, end - start, flush)
}

/** `change_huge_pmd`: the leaf is made invalid and flushed with its walk caches, then set anew. */
function changeLeaf(world: World, mm: Mm, vma: Vma, pmd: number, vpn: number, flush: RangeFlush): void {
  const { tables, calls, kernel, tlbi, geometry } = world
  const nr = geometry.tableEntries
  calls[FN.change_huge_pmd]++
  calls[FN.pmdp_invalidate_ad]++
  const old = tables.attr(pmd)
  const pfn = tables.pfn(pmd)
  tables.set(pmd, 0, 0)
  world.probe?.('PMD leaf invalid')
  calls[kernel.functionNames === 'linux-6.1' ? FN.__flush_tlb_range : FN.__flush_tlb_range_nosync]++
  tlbi.range(mm, vpn, nr, nr, false)
  let entry = modifyProtection(old, pageProtection(vma.flags))
  if (kernel.writeUpgrade === 'exclusive' && (entry & WRITE) === 0 && leafUpgrades(world, vma, entry, pfn)) {
    entry = mkwrite(entry)
  }
  world.mte?.syncLeaf(entry, pfn)
  tables.set(pmd, entry, pfn)
  flush.leaf(vpn)
}

/** `can_change_pmd_writable` (6.2+). */
function leafUpgrades(world: World, vma: Vma, entry: number, pfn: number): boolean {
  if ((vma.flags & VM_WRITE) === 0 || (entry & UFFD_WP) !== 0) return false
  if ((vma.flags & VM_SHARED) !== 0) return false
  world.calls[FN.vm_normal_page_pmd]++
  return (world.folios.word(pfn) & (ANON | EXCLUSIVE)) === (ANON | EXCLUSIVE)
}

/** `change_pte_range`: each present entry is taken out and put back under the new protection. */
function changeEntries(
  world: World,
  mm: Mm,
  vma: Vma,
  slot: number,
  vpn: number,
  nr: number,
  flush: RangeFlush
): void {
  const { ops, tables } = world
  const protection = pageProtection(vma.flags)
  let changed = 0
  flushBatchedPending(world, mm)
  for (let i = 0; i < nr; i++) {
    // Swap entries carry no protection; markers and empty entries stay.
    const present = ops.ptepGet(mm, slot + i)
    if (!isPresent(present)) continue
    if (world.kernel.pteOps === 'exposed' && isBlockEntry(present)) {
      i += protectBlockOrSplit(world, mm, slot + i, nr - i, protection) - 1
      continue
    }
    const pfn = tables.pfn(slot + i)
    const old = ops.ptepModifyProtStart(mm, slot + i)
    let entry = modifyProtection(old, protection)
    if ((entry & WRITE) === 0 && entryUpgrades(world, vma, entry, pfn)) entry = mkwrite(entry)
    ops.ptepModifyProtCommit(mm, slot + i, pfn, entry)
    flush.entries(vpn + i, 1)
    changed++
  }
  if (world.kernel.functionNames === 'linux-6.1') return
  world.calls[FN.ptep_modify_prot_start] += changed
  world.calls[FN.ptep_modify_prot_commit] += changed
}

/**
 * `can_change_pte_writable`: whether an entry of a VMA that may be written may be made writable
 * without a fault: its page is anonymous and exclusive; up to 6.1 it must be dirty besides.
 */
function entryUpgrades(world: World, vma: Vma, entry: number, pfn: number): boolean {
  if ((vma.flags & (VM_WRITE | VM_SHARED)) !== VM_WRITE || (entry & UFFD_WP) !== 0) return false
  if (world.kernel.writeUpgrade === 'dirty-exclusive' && !isDirty(entry)) return false
  world.calls[FN.vm_normal_page]++
  if ((entry & SPECIAL) !== 0) return false
  return (world.folios.word(pfn) & (ANON | EXCLUSIVE)) === (ANON | EXCLUSIVE)
}
