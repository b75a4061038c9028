/**
 * mprotect and mremap of HugeTLB mappings.
 * Source: linux-6.1 and linux-6.12 mm/hugetlb.c (`hugetlb_change_protection`,
 * `move_hugetlb_page_tables`); mm/mmu_gather.c (`tlb_gather_mmu_vma`, late stable releases); recorded.
 */
import { isModern } from '../kernel/names'
import type { Mm, Vma } from '../mm/mm'
import { modifyProtection, pageProtection } from '../mm/protection'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { poolOf } from './alloc'
import { clearHugePte, findHugeEntry, hugeProtection, makeHugeEntry, setHugePte } from './entry'
import { tablePages, type HugeSize } from './sizes'

/** Which entries changed, and how they are invalidated at the end. */
class Changed {
  #start = Infinity
  #end = 0

  constructor(
    readonly world: World,
    readonly mm: Mm,
    readonly size: HugeSize,
    /** The range that a kernel without a gather flushes, whatever changed. */
    readonly range: readonly [start: number, end: number]
  ) {
    if (world.kernel.hugetlbFlush === 'gather') world.calls[FN.tlb_gather_mmu_vma]++
  }

  add(vpn: number): void {
    this.#start = Math.min(this.#start, vpn)
    this.#end = Math.max(this.#end, vpn + this.size.pages)
  }

  /**
   * The flush before the locks are dropped; then, with a gather, its end. `nested`: another gather of the
   * same mm is open, so that the whole ASID is invalidated once more.
   */
  finish(nested: boolean): void {
    const { world, mm, size } = this
    const { calls, tlbi, kernel } = world
    const modern = isModern(world)
    const gathers = kernel.hugetlbFlush === 'gather'
    const [start, end] = gathers ? [this.#start, this.#end] : this.range
    if (end > start) {
      // The compiler put `tlb_flush` into its callers here.
      calls[modern ? FN.__flush_tlb_range_nosync : FN.__flush_tlb_range]++
      tlbi.range(mm, start, end - start, gathers ? size.step : 1, gathers)
    }
    if (!gathers) return
    if (nested) {
      calls[FN.tlb_flush]++
      tlbi.mm(mm)
    }
    calls[FN.tlb_finish_mmu]++
    if (!modern) calls[FN.tlb_batch_pages_flush]++
  }
}

/** `hugetlb_change_protection` of `[start, end)`, which lies in `vma`: entries are taken out and put back changed. */
export function changeHugetlb(world: World, mm: Mm, vma: Vma, start: number, end: number): void {
  const { tables, calls } = world
  const { size } = poolOf(world, vma)
  const protection = pageProtection(vma.flags)
  calls[FN.hugetlb_change_protection]++
  calls[FN.hugetlb_mask_last_page]++
  calls[FN.hugetlb_vma_lock_write]++
  const changed = new Changed(world, mm, size, [start, end])
  for (let vpn = start; vpn < end; vpn += size.pages) {
    const slot = findHugeEntry(world, mm, size, vpn)
    if (slot === 0) {
      const table = tablePages(world.geometry, size)
      vpn += table - (vpn % table) - size.pages
      continue
    }
    if (tables.attr(slot) === 0) continue
    const pfn = tables.pfn(slot)
    const old = clearHugePte(world, mm, slot, size)
    world.probe?.('HugeTLB entries cleared')
    const entry = hugeProtection(size, modifyProtection(old, protection))
    setHugePte(world, mm, vpn, slot, size, entry, pfn)
    changed.add(vpn)
  }
  calls[FN.hugetlb_vma_unlock_write]++
  changed.finish(true)
}

/** `move_hugetlb_page_tables`: entry by entry; the old place is invalidated at the end. */
export function moveHugetlb(world: World, mm: Mm, vma: Vma, from: number, to: number, pages: number): void {
  const { tables, calls } = world
  const { size } = poolOf(world, vma)
  calls[FN.hugetlb_mask_last_page]++
  calls[FN.hugetlb_vma_lock_write]++
  const changed = new Changed(world, mm, size, [from, from + pages])
  for (let done = 0; done < pages; done += size.pages) {
    const slot = findHugeEntry(world, mm, size, from + done)
    if (slot === 0) {
      const table = tablePages(world.geometry, size)
      done += table - ((from + done) % table) - size.pages
      continue
    }
    if (tables.attr(slot) === 0) continue
    const newSlot = makeHugeEntry(world, mm, size, to + done)
    const pfn = tables.pfn(slot)
    const entry = clearHugePte(world, mm, slot, size)
    world.probe?.('HugeTLB entries taken out')
    setHugePte(world, mm, to + done, newSlot, size, entry, pfn)
    changed.add(from + done)
  }
  calls[FN.hugetlb_vma_unlock_write]++
  changed.finish(false)
}
