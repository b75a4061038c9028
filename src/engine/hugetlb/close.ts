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

/** `hugetlb_vm_op_close`: the owner of a reservation gives back what it did not use up. */
export function closeHugeVma(world: World, vma: Vma): void {
  if (vma.huge === undefined) return
  world.calls[FN.hugetlb_vm_op_close]++
  world.calls[FN.hugetlb_vma_lock_free]++
  const { consumed } = vma.huge
  const pool = world.hugetlb.pool(vma.huge.order)
  if (consumed === undefined || pool === undefined) return
  let unused = 0
  const { pages } = pool.size
  const last = hugeIndex(vma, pages, vma.end)
  for (let index = hugeIndex(vma, pages, vma.start); index < last; index++) if (!consumed.has(index)) unused++
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
