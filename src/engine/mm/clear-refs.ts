/**
 * Writes to /proc/pid/clear_refs. Source: Linux 6.1 and 6.12, fs/proc/task_mmu.c (`clear_refs_write`);
 * reference `teardown.md` section 6b.
 */
import { AF, isPmdLeaf, isPresent, SPECIAL, TABLE } from '../arch/descriptor'
import { isHugetlb } from '../hugetlb/vma'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { FOLIO_REFERENCED } from './folio'
import { walkTables } from './madvise-walk'
import type { Mm } from './mm'

/**
 * 1 clears the accessed state of all pages, 2 of anonymous and 3 of file mappings, without any TLB
 * invalidation; 4 (soft-dirty, which arm64 lacks) only invalidates the ASID; 5 resets a peak that is
 * not modelled. Answers false for any other value.
 */
export function clearRefs(world: World, mm: Mm, value: number): boolean {
  if (!Number.isInteger(value) || value < 1 || value > 5) return false
  if (value === 4) world.tlbi.mm(mm)
  if (value > 3) return true
  for (const vma of mm.vmas) {
    // The walk has no callback for HugeTLB mappings.
    if (isHugetlb(vma)) continue
    if ((value === 2 && vma.file !== undefined) || (value === 3 && vma.file === undefined)) continue
    walkTables(world, mm, vma.start, vma.end, (pmd, start, end) => {
      clearTable(world, mm, pmd, start, end)
    })
  }
  return true
}

function clearTable(world: World, mm: Mm, pmd: number, start: number, end: number): void {
  const { tables, folios, geometry, ops, calls, kernel } = world
  const leaf = tables.attr(pmd)
  if (isPmdLeaf(leaf)) {
    tables.set(pmd, leaf & ~AF, tables.pfn(pmd))
    if (folios.word(tables.pfn(pmd)) !== 0) folios.setFlags(tables.pfn(pmd), 0, FOLIO_REFERENCED)
    return
  }
  if ((leaf & TABLE) !== TABLE) return
  const slot = (tables.pfn(pmd) << geometry.tableShift) + (start % geometry.tableEntries)
  for (let i = 0; i < end - start; i++) {
    const entry = ops.ptepGet(mm, slot + i)
    if (!isPresent(entry)) continue
    calls[FN.vm_normal_page]++
    if (kernel.functionNames === 'linux-6.12') calls[FN.vm_normal_folio]++
    if ((entry & SPECIAL) !== 0 || folios.word(tables.pfn(slot + i)) === 0) continue
    ops.ptepTestAndClearYoung(mm, slot + i)
    folios.setFlags(tables.pfn(slot + i), 0, FOLIO_REFERENCED)
  }
}
