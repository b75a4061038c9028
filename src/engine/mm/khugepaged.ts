/**
 * Registration with khugepaged. The thread never runs by itself (in the recordings it sleeps for ever):
 * `khugepaged-scan.ts` is one wake-up. Here is which mm it would scan, because the kernel asks for it on
 * mmap, merges and faults. Source: Linux 6.1 and 6.12, mm/khugepaged.c, `khugepaged_enter_vma`.
 */
import { hasFilesOf611 } from '../kernel/names'
import { orderAllowed, orderFitsSomewhere, vmaRefusal } from '../thp/orders'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { MMF_VM_HUGEPAGE, VM_HUGETLB, VM_NOHUGEPAGE, type Mm, type Vma } from './mm'

/**
 * Whether huge pages are enabled for anybody: what starts the thread. `hugepage_pmd_enabled` (6.10.4+),
 * `hugepage_flags_enabled` before. Source: reference `thp-sysfs.md` section 3.4.
 */
export function hugepagePmdEnabled({ thp, kernel, geometry }: World): boolean {
  const top = thp.top !== 'never'
  if (kernel.thpFiles === 'linux-6.1') return top
  if (!hasFilesOf611(kernel)) return top || thp.sizes.includes('always') || thp.sizes.includes('madvise')
  const size = thp.sizes[geometry.pmdOrder]
  return size === 'always' || size === 'madvise' || (size === 'inherit' && top)
}

/**
 * `start_stop_khugepaged`, after a write to a file it depends on. The first thing the thread does when
 * it starts is to drain the LRU batches of every CPU; recorded: `B.partial.64+2048`.
 */
export function startStopKhugepaged(world: World): void {
  const enabled = hugepagePmdEnabled(world)
  if (enabled && !world.thp.khugepagedRuns) world.lru.drainAll()
  world.thp.khugepagedRuns = enabled
}

/** Registers the mm if the VMA, with `flags`, is one that khugepaged could collapse. */
export function khugepagedEnterVma(world: World, mm: Mm, vma: Vma, flags: number): void {
  if ((mm.flags & MMF_VM_HUGEPAGE) !== 0 || !hugepagePmdEnabled(world)) return
  const old = world.kernel.faultOrders === 'pmd-only'
  const { pmdOrder } = world.geometry
  const huge = (flags & VM_HUGETLB) !== 0
  if (old) world.calls[FN.hugepage_vma_check]++
  else {
    // Settings of anonymous memory are looked at beforehand only for what is anonymous.
    if (!huge && !orderAllowed(world.thp, pmdOrder, flags & ~VM_NOHUGEPAGE)) return
    world.calls[FN.__thp_vma_allowable_orders]++
  }
  if (huge || vmaRefusal(mm, flags) !== undefined) return
  if (old && !orderAllowed(world.thp, pmdOrder, flags)) return
  if (vma.anonVma === 0 || !orderFitsSomewhere(vma, pmdOrder)) return
  mm.flags |= MMF_VM_HUGEPAGE
  world.calls[FN.__khugepaged_enter]++
}
