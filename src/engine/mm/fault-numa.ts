/**
 * Faults in entries that were made inaccessible to learn who uses them (NUMA hinting). With one node
 * nothing migrates: what was taken away is given back.
 * Source: linux-6.12 mm/memory.c (`do_numa_page`, `numa_rebuild_large_mapping`), linux-6.1
 * (`do_numa_page`), mm/huge_memory.c (`do_huge_pmd_numa_page`); reference `contpte.md` section 5.
 */
import { AF, PROT_NONE, VALID, WRITE, mkwrite } from '../arch/descriptor'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { isModern } from './fault-anon'
import { ANON } from './folio'
import { VM_SHARED, VM_WRITE, type Mm, type Vma } from './mm'
import { modifyProtection, pageProtection } from './protection'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write

/** `do_numa_page`: in 6.12 every entry of the folio that this table and VMA hold comes back at once. */
export function numaFault(world: World, mm: Mm, vma: Vma, vpn: number, slot: number): void {
  const { ops, tables, folios, geometry, calls } = world
  ops.ptepGet(mm, slot)
  const pfn = tables.pfn(slot)
  const large = folios.order(pfn) > 0
  calls[isModern(world) ? FN.vm_normal_folio : FN.vm_normal_page]++
  if (!large || !isModern(world)) {
    // The generic start of a change clears the entry; what it was is known by now.
    rebuild(world, mm, vma, slot, giveBack(world, vma, tables.attr(slot), pfn))
    return
  }
  const head = folios.head(pfn)
  const inTable = vpn - (vpn % geometry.tableEntries)
  const first = vpn - (pfn - head)
  const start = Math.max(first, inTable, vma.start)
  const end = Math.min(first + 2 ** folios.order(pfn), inTable + geometry.tableEntries, vma.end)
  for (let page = start; page < end; page++) {
    const at = slot - (vpn - page)
    const entry = ops.ptepGet(mm, at)
    if ((entry & (VALID | PROT_NONE)) !== PROT_NONE || folios.head(tables.pfn(at)) !== head) continue
    rebuild(world, mm, vma, at, giveBack(world, vma, entry, tables.pfn(at)))
  }
}

/** `numa_rebuild_single_mapping`. */
function rebuild(world: World, mm: Mm, vma: Vma, slot: number, writable: boolean): void {
  const { ops, tables } = world
  const pfn = tables.pfn(slot)
  const old = ops.ptepModifyProtStart(mm, slot)
  const entry = modifyProtection(old, pageProtection(vma.flags)) | AF
  ops.ptepModifyProtCommit(mm, slot, pfn, writable ? mkwrite(entry) : entry)
}

/** Whether the entry may be writable again: the kernel asks what mprotect would ask. */
function giveBack(world: World, vma: Vma, entry: number, pfn: number): boolean {
  const { folios } = world
  const plain = modifyProtection(entry, pageProtection(vma.flags))
  if ((plain & WRITE) !== 0) return true
  if ((vma.flags & (VM_WRITE | VM_SHARED)) !== VM_WRITE) return false
  return (folios.word(pfn) & ANON) !== 0 && folios.isExclusive(pfn)
}

/** `do_huge_pmd_numa_page`. */
export function hugeNumaFault(world: World, mm: Mm, vma: Vma, pmd: number, leaf: number): void {
  const { tables } = world
  const pfn = tables.pfn(pmd)
  const entry = modifyProtection(leaf, pageProtection(vma.flags)) | AF
  mm.count(READ, 1)
  mm.count(PLAIN_WRITE, 1)
  world.mte?.syncLeaf(entry, pfn)
  tables.set(pmd, giveBack(world, vma, leaf, pfn) ? mkwrite(entry) : entry, pfn)
}
