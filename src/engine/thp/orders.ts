import { VM_HUGEPAGE, VM_NOHUGEPAGE, type Mm, type Vma } from '../mm/mm'
import type { World } from '../world'
import type { ThpSettings } from './settings'

/** Whether settings and advice allow folios of `order` (2..PMD order) in a VMA: rule A, 6.8+. */
export function orderAllowed(thp: ThpSettings, order: number, vmaFlags: number): boolean {
  if ((vmaFlags & VM_NOHUGEPAGE) !== 0) return false
  const advised = (vmaFlags & VM_HUGEPAGE) !== 0
  const size = thp.sizes[order]
  if (size === 'inherit') return thp.top === 'always' || (thp.top === 'madvise' && advised)
  return size === 'always' || (size === 'madvise' && advised)
}

/**
 * The orders `alloc_anon_folio` tries for a store to `vpn`, highest first, 0 last: allowed, below
 * the PMD order, the aligned block inside the VMA, and all its entries still empty. Reads the
 * entries it looks at. Source: reference `thp-sysfs.md` section 6.2.
 */
export function faultOrders(world: World, mm: Mm, vma: Vma, vpn: number, slot: number): number[] {
  const orders: number[] = []
  for (let order = world.geometry.pmdOrder - 1; order >= 2; order--) {
    if (!orderAllowed(world.thp, order, vma.flags)) continue
    const nr = 2 ** order
    const first = vpn - (vpn % nr)
    if (first < vma.start || first + nr > vma.end) continue
    // Once one block was found empty, every smaller one inside it is.
    if (orders.length === 0 && !rangeIsNone(world, mm, slot - (vpn - first), nr)) continue
    orders.push(order)
  }
  orders.push(0)
  return orders
}

function rangeIsNone(world: World, mm: Mm, slot: number, nr: number): boolean {
  for (let i = 0; i < nr; i++) {
    if (world.ops.ptepGetLockless(mm, slot + i) !== 0) return false
  }
  return true
}

/**
 * Whether a first touch of `vpn` asks for a PMD leaf: the PMD size is allowed and its aligned range
 * lies inside the VMA. (That no table is there yet is for the caller to see.) Source: section 6.1.
 */
export function pmdLeafWanted(world: World, vma: Vma, vpn: number): boolean {
  const { pmdOrder } = world.geometry
  if (!orderAllowed(world.thp, pmdOrder, vma.flags)) return false
  const nr = 2 ** pmdOrder
  const first = vpn - (vpn % nr)
  return first >= vma.start && first + nr <= vma.end
}
