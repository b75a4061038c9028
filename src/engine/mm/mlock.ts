/**
 * mlock: marks VMAs, takes what they map off the LRU's reach, and faults in the rest. Source: Linux 6.1
 * and 6.12, mm/mlock.c; reference `teardown.md` section 6b.
 */
import { isPmdLeaf, isPresent, SPECIAL, TABLE } from '../arch/descriptor'
import { isHugetlb } from '../hugetlb/vma'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { walkTables } from './madvise-walk'
import { VM_LOCKED, type Mm, type Vma } from './mm'
import { populateVma } from './populate'
import { BATCH_NR, folioPteBatch, FPB_IGNORE_DIRTY } from './pte-batch'
import { modifyVma } from './vma'

/** Locks `[start, end)`. `ENOMEM` where part of it is not mapped (what lies before is locked) or allows no access. */
export function mlockRange(world: World, mm: Mm, start: number, end: number): 'ENOMEM' | undefined {
  let at = start
  for (let vma = mm.vmaAt(at); vma !== undefined && at < end; vma = mm.vmaAt(at)) {
    const to = Math.min(vma.end, end)
    at = Math.min(lockVma(world, mm, vma, at, to).end, end)
  }
  if (at < end) return 'ENOMEM'
  for (at = start; at < end;) {
    const vma = mm.vmaAt(at)
    if (vma === undefined) return 'ENOMEM'
    const to = Math.min(vma.end, end)
    if (!populateVma(world, mm, vma, at, to)) return 'ENOMEM'
    at = to
  }
  return undefined
}

/** `mlock_fixup`: one VMA's part; answers the VMA that holds it then. */
function lockVma(world: World, mm: Mm, vma: Vma, start: number, end: number): Vma {
  // HugeTLB pages are never reclaimed: nothing to mark, only to fault in.
  if ((vma.flags & VM_LOCKED) !== 0 || isHugetlb(vma)) return vma
  const locked = modifyVma(world, mm, vma, start, end, vma.flags | VM_LOCKED)
  world.lru.drain()
  walkTables(world, mm, start, end, (pmd, from, to) => {
    lockTable(world, mm, locked, pmd, from, to)
  })
  world.lru.drain()
  return locked
}

/** `mlock_pte_range`. Folios of which only a part lies in the range stay as they are. */
function lockTable(world: World, mm: Mm, vma: Vma, pmd: number, start: number, end: number): void {
  const { tables, folios, geometry, ops, calls, kernel, lru } = world
  const leaf = tables.attr(pmd)
  if (isPmdLeaf(leaf)) {
    if (folios.word(tables.pfn(pmd)) !== 0) lru.mlock(tables.pfn(pmd))
    return
  }
  if ((leaf & TABLE) !== TABLE) return
  const modern = kernel.functionNames === 'linux-6.12'
  const slot = (tables.pfn(pmd) << geometry.tableShift) + (start % geometry.tableEntries)
  let nr = 1
  for (let at = 0; at < end - start; at += nr) {
    nr = 1
    const entry = ops.ptepGet(mm, slot + at)
    if (!isPresent(entry)) continue
    calls[FN.vm_normal_page]++
    if (modern) calls[FN.vm_normal_folio]++
    if ((entry & SPECIAL) !== 0) continue
    const pfn = tables.pfn(slot + at)
    const pages = 1 << folios.order(pfn)
    if (pages > 1 && !modern) continue
    // `folio_mlock_step` reads the entry once more; its batch is compiled in.
    if (modern) ops.ptepGet(mm, slot + at)
    if (pages > 1) {
      calls[FN.folio_pte_batch]--
      nr = folioPteBatch(world, mm, slot + at, entry, pfn, end - start - at, FPB_IGNORE_DIRTY) & BATCH_NR
      const first = start + at - (pfn - folios.head(pfn))
      const inside = first >= Math.max(vma.start, start) && first + pages <= Math.min(vma.end, end)
      if (!inside || nr !== pages) continue
    }
    lru.mlock(pfn)
  }
}
