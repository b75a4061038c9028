/**
 * Which HugeTLB page a mapping gets: one it reserved, one that nobody was promised, or a surplus one.
 * Source: linux-6.1 mm/hugetlb.c (`alloc_huge_page`, `vma_needs_reservation`, `vma_has_reserves`),
 * linux-6.12 (`alloc_hugetlb_folio`); recorded counts.
 */
import { isModern } from '../kernel/names'
import { VM_SHARED, type Vma } from '../mm/mm'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { HugetlbFile } from './file'
import type { HugetlbPool } from './pools'

/** The pool that a VMA of HugeTLB pages takes from. */
export function poolOf(world: World, vma: Vma): HugetlbPool {
  const pool = vma.huge === undefined ? undefined : world.hugetlb.pool(vma.huge.order)
  if (pool === undefined) throw new Error('a VMA of HugeTLB pages without a pool')
  return pool
}

/** `vma_hugecache_offset`: which page of the VMA's file lies at page `vpn`. */
export function hugeIndex(vma: Vma, pages: number, vpn: number): number {
  return Math.floor((vpn - vma.start + vma.pgoff) / pages)
}

/**
 * A folio with one reference for the page at `vpn`, or -1: the pool has none that this mapping may
 * take. `avoidReserve`: the owner of a reservation copies a page, which nobody reserved.
 */
export function allocHugetlbFolio(world: World, vma: Vma, vpn: number, avoidReserve: boolean): number {
  const { calls, hugetlb } = world
  const pool = poolOf(world, vma)
  if (isModern(world)) calls[FN.alloc_hugetlb_folio]++
  const index = hugeIndex(vma, pool.size.pages, vpn)
  const consumed = vma.huge?.consumed
  const promises =
    (vma.flags & VM_SHARED) !== 0 && vma.file instanceof HugetlbFile ? vma.file.promised : undefined
  // A private mapping holds a reservation for every page that it did not use it up for.
  const promised = promises?.has(index) ?? (consumed !== undefined && !consumed.has(index))
  const uncharged = !promised || avoidReserve
  if (uncharged) calls[FN.hugetlb_cgroup_charge_cgroup_rsvd]++
  calls[FN.hugetlb_cgroup_charge_cgroup]++
  const reserves = promised && !avoidReserve
  const pfn = take(pool, reserves)
  if (pfn < 0) {
    calls[FN.hugetlb_cgroup_uncharge_cgroup]++
    if (uncharged) calls[FN.hugetlb_cgroup_uncharge_cgroup_rsvd]++
    return -1
  }
  if (reserves) {
    pool.reserved--
    hugetlb.restoreReserve.add(pfn)
  }
  calls[FN.hugetlb_cgroup_commit_charge]++
  if (uncharged) calls[FN.hugetlb_cgroup_commit_charge_rsvd]++
  consumed?.add(index)
  promises?.delete(index)
  return pfn
}

/** `dequeue_hugetlb_folio_vma`, and where it finds none a surplus page. */
function take(pool: HugetlbPool, reserves: boolean): number {
  if (pool.free > 0 && (reserves || pool.available > 0)) return pool.dequeue()
  const pfn = pool.allocSurplus()
  if (pfn >= 0) pool.world.folios.addRefs(pfn, 1)
  return pfn
}
