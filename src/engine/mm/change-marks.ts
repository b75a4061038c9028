/**
 * The two other users of change_protection: NUMA balancing, which takes access away to learn who uses a
 * page, and userfaultfd write protection. Entries change one by one, as under mprotect, so a folded
 * block unfolds; only the VMA's flags stay as they are.
 * Source: linux-6.12 mm/mprotect.c (`change_pte_range` with MM_CP_PROT_NUMA, MM_CP_UFFD_WP),
 * mm/mempolicy.c (`change_prot_numa`), mm/userfaultfd.c (`uffd_wp_range`); reference `contpte.md`
 * section 5 (NUMA hinting row), `architecture.md` section 2 (bit 58).
 */
import {
  isPmdLeaf,
  isPresent,
  PROT_NONE,
  SPECIAL,
  TABLE,
  UFFD_WP,
  VALID,
  wrprotect
} from '../arch/descriptor'
import { EngineError } from '../error'
import type { World } from '../world'
import { isAccessible } from './fault-flags'
import { VM_UFFD_FORK, VM_UFFD_WP, type Mm, type Vma } from './mm'
import { modifyProtection, PAGE_NONE } from './protection'
import { RangeFlush } from './range-flush'
import { isHugetlb } from '../hugetlb/vma'
import { modifyVma } from './vma'
import { findPmd } from './walk'

/** What becomes of a present entry; the same value leaves it alone. */
type Change = (entry: number) => number

function notModelled(what: string): EngineError {
  return new EngineError('not-modelled', `${what} is not simulated yet.`)
}

/**
 * `change_prot_numa` on pages `[vpn, vpn + pages)`: present entries lose access and give it back at the
 * next fault. Which pages the scan would choose is left to the caller; the shared page of zeroes is
 * passed over. `not-modelled` for PMD leaves, and for blocks of OnePlus.
 */
export function numaHint(world: World, mm: Mm, vpn: number, pages: number): void {
  eachVma(world, mm, vpn, pages, (vma) =>
    // The scan passes HugeTLB mappings over.
    isAccessible(vma) && !isHugetlb(vma)
      ? (entry) =>
          (entry & SPECIAL) !== 0 || (entry & (VALID | PROT_NONE)) === PROT_NONE
            ? entry
            : modifyProtection(entry, PAGE_NONE)
      : undefined
  )
}

/**
 * userfaultfd: registers pages `[vpn, vpn + pages)` for write protection and protects what is mapped
 * there (UFFDIO_REGISTER, UFFDIO_WRITEPROTECT). With fork events (UFFD_FEATURE_EVENT_FORK) children stay
 * registered and keep the marks, so that fork copies even what faults would bring back. `EINVAL` where
 * arm64 has no such thing (up to 6.9), `ENOENT` where part of the range is not mapped, `not-modelled`
 * for PMD leaves.
 */
export function userfaultWriteProtect(
  world: World,
  mm: Mm,
  vpn: number,
  pages: number,
  forkEvents = false
): void {
  if (world.kernel.layout !== 'linux-6.10')
    throw new EngineError('EINVAL', 'EINVAL: arm64 has userfaultfd write protection from 6.10 on.')
  for (let at = vpn; at < vpn + pages;) {
    const vma = mm.vmaAt(at)
    if (vma === undefined)
      throw new EngineError('ENOENT', 'ENOENT: userfaultfd: part of the range is not mapped.')
    if (isHugetlb(vma)) throw notModelled('userfaultfd of HugeTLB mappings')
    const end = Math.min(vma.end, vpn + pages)
    const flags = vma.flags | VM_UFFD_WP | (forkEvents ? VM_UFFD_FORK : 0)
    modifyVma(world, mm, vma, at, end, flags)
    at = end
  }
  eachVma(world, mm, vpn, pages, () => (entry) => wrprotect(entry) | UFFD_WP)
}

function eachVma(
  world: World,
  mm: Mm,
  vpn: number,
  pages: number,
  changeOf: (vma: Vma) => Change | undefined
): void {
  if (world.kernel.pteOps === 'exposed') throw notModelled('Taking access away from blocks of OnePlus')
  const end = vpn + pages
  const flush = new RangeFlush(world, mm)
  for (let i = mm.vmaIndex(vpn); i < mm.vmas.length && mm.vmas[i].start < end; i++) {
    const vma = mm.vmas[i]
    const change = changeOf(vma)
    if (change !== undefined)
      changeVma(world, mm, Math.max(vma.start, vpn), Math.min(vma.end, end), change, flush)
    flush.flush()
  }
  flush.finish()
}

function changeVma(
  world: World,
  mm: Mm,
  start: number,
  end: number,
  change: Change,
  flush: RangeFlush
): void {
  const { ops, tables, geometry } = world
  for (let vpn = start; vpn < end;) {
    const next = Math.min(vpn - (vpn % geometry.tableEntries) + geometry.tableEntries, end)
    const pmd = findPmd(world, mm, vpn)
    if (pmd !== 0 && isPmdLeaf(tables.attr(pmd))) throw notModelled('Taking access away from a PMD leaf')
    if (pmd !== 0 && (tables.attr(pmd) & TABLE) === TABLE) {
      const slot = (tables.pfn(pmd) << geometry.tableShift) + (vpn % geometry.tableEntries)
      for (let i = 0; i < next - vpn; i++) {
        const present = ops.ptepGet(mm, slot + i)
        if (!isPresent(present) || change(present) === present) continue
        const pfn = tables.pfn(slot + i)
        ops.ptepModifyProtCommit(mm, slot + i, pfn, change(ops.ptepModifyProtStart(mm, slot + i)))
        flush.entries(vpn + i, 1)
      }
    }
    vpn = next
  }
}
