/**
 * What HugeTLB mappings do when a VMA is cut or copied.
 * Source: linux-6.1 and linux-6.12 mm/hugetlb.c (`hugetlb_vm_ops`, `hugetlb_split`);
 * recorded counts.
 */
import { EngineError } from '../error'
import { isModern } from '../kernel/names'
import { VM_HUGETLB, VM_SHARED, type Vma } from '../mm/mm'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { hugeSize } from './sizes'

/** Whether a VMA maps HugeTLB pages. */
export function isHugetlb(vma: Pick<Vma, 'flags'>): boolean {
  return (vma.flags & VM_HUGETLB) !== 0
}

/** `hugetlb_vm_op_split`: a HugeTLB page lies in one VMA. Throws `EINVAL`. */
export function maySplitHuge(world: World, vma: Vma, vpn: number): void {
  if (vma.huge === undefined) return
  world.calls[FN.hugetlb_vm_op_split]++
  const { pages } = hugeSize(world.geometry, vma.huge.order)
  if (vpn % pages === 0) return
  throw new EngineError('EINVAL', `EINVAL: page ${vpn} lies inside a HugeTLB page of ${pages} pages.`)
}

/** A VMA was cut: the new one opens the file again, and 6.1 looks for shared tables at both of its ends. */
export function splitHuge(world: World, vma: Vma): void {
  if (vma.huge === undefined) return
  openHugeVma(world, vma)
  world.calls[FN.hugetlb_split] += isModern(world) ? 1 : 2
}

/** `hugetlb_vm_op_open`. */
export function openHugeVma(world: World, vma: Vma): void {
  world.calls[FN.hugetlb_vm_op_open]++
  if ((vma.flags & VM_SHARED) !== 0) world.calls[FN.hugetlb_vma_lock_alloc]++
}
