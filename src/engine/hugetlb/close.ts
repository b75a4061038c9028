/**
 * What HugeTLB mappings do when VMAs are removed.
 * Source: linux-6.1 and linux-6.12 mm/hugetlb.c (`hugetlb_vm_op_close`), fs/hugetlbfs/inode.c; recorded counts.
 */
import { isFileMapped } from '../mm/file'
import type { Vma } from '../mm/mm'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { hugeIndex } from './alloc'
import { HugetlbFile } from './file'

/** How many pages of `pages` base pages a VMA reserved, as their owner, and did not use up. */
export function unusedPromises(vma: Vma, pages: number): number {
  const consumed = vma.huge?.consumed
  if (consumed === undefined) return 0
  let unused = 0
  const last = hugeIndex(vma, pages, vma.end)
  for (let index = hugeIndex(vma, pages, vma.start); index < last; index++) if (!consumed.has(index)) unused++
  return unused
}

/** `hugetlb_vm_op_close`: the owner of a reservation gives back what it did not use up. */
export function closeHugeVma(world: World, vma: Vma): void {
  if (vma.huge === undefined) return
  world.calls[FN.hugetlb_vm_op_close]++
  world.calls[FN.hugetlb_vma_lock_free]++
  const pool = world.hugetlb.pool(vma.huge.order)
  if (pool === undefined) return
  const unused = unusedPromises(vma, pool.size.pages)
  if (unused > 0) pool.unreserve(unused)
}

/** VMAs are gone: files that no other one maps go too. */
export function closeHugeVmas(world: World, vmas: readonly Vma[]): void {
  for (const vma of vmas) closeHugeVma(world, vma)
  const evicted = new Set<HugetlbFile>()
  for (const { file } of vmas) {
    if (!(file instanceof HugetlbFile) || evicted.has(file) || isFileMapped(world, file)) continue
    evicted.add(file)
    file.evict(world)
  }
}
