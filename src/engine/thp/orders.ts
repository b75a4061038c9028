/**
 * Which folio orders a fault may use: the settings and the VMA's advice, then what fits and is empty.
 * Sets of orders are bit masks, bit n for order n.
 * Source: reference `thp-sysfs.md` sections 5 and 6; linux-6.12 include/linux/huge_mm.h
 * (`thp_vma_allowable_orders`), linux-6.1 mm/huge_memory.c (`hugepage_vma_check`).
 */
import { MMF_DISABLE_THP, VM_HUGEPAGE, VM_NOHUGEPAGE, type Mm, type Vma } from '../mm/mm'
import { isUserfaultArmed } from '../mm/userfault'
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { ThpSettings } from './settings'
import { MIN_ANON_ORDER } from './sizes'

/** Why the settings refuse a size: its own file or the top level it inherits, and which value. */
export type SettingRefusal = 'size-never' | 'size-madvise' | 'top-never' | 'top-madvise'
/** Why a VMA may have no huge page at all. */
export type VmaRefusal = 'nohugepage' | 'prctl'

/** Whether settings and advice allow folios of `order` (2..PMD order) in a VMA: rule A, 6.8+. */
export function orderAllowed(thp: ThpSettings, order: number, vmaFlags: number): boolean {
  return (vmaFlags & VM_NOHUGEPAGE) === 0 && orderEnabled(thp, order, (vmaFlags & VM_HUGEPAGE) !== 0)
}

/** Whether sysfs enables an order for memory that was advised, or was not, to be huge. */
function orderEnabled(thp: ThpSettings, order: number, advised: boolean): boolean {
  return settingRefusal(thp, order, advised) === undefined
}

/** What sysfs has against an order for memory that was advised, or was not, to be huge. */
export function settingRefusal(
  thp: ThpSettings,
  order: number,
  advised: boolean
): SettingRefusal | undefined {
  const size = thp.sizes[order]
  const from = size === 'inherit' ? 'top' : 'size'
  const value = size === 'inherit' ? thp.top : size
  if (value === 'always' || (value === 'madvise' && advised)) return undefined
  return `${from}-${value}`
}

/** `vma_thp_disabled`: what advice or prctl have against huge pages in a VMA. */
export function vmaRefusal(mm: Pick<Mm, 'flags'>, vmaFlags: number): VmaRefusal | undefined {
  if ((vmaFlags & VM_NOHUGEPAGE) !== 0) return 'nohugepage'
  return (mm.flags & MMF_DISABLE_THP) !== 0 ? 'prctl' : undefined
}

/**
 * `thp_vma_allowable_orders` in a fault: those of `orders` that settings, advice and prctl allow. The
 * settings of anonymous memory are looked at first, before the function proper is entered.
 */
export function allowableOrders(world: World, mm: Mm, vma: Vma, orders: number): number {
  let allowed = orders
  if (vma.file === undefined) {
    const advised = (vma.flags & VM_HUGEPAGE) !== 0
    for (let order = MIN_ANON_ORDER; order <= world.geometry.pmdOrder; order++) {
      if (!orderEnabled(world.thp, order, advised)) allowed &= ~(1 << order)
    }
    allowed &= ~3
    if (allowed === 0) return 0
  }
  world.calls[FN.__thp_vma_allowable_orders]++
  if (vmaRefusal(mm, vma.flags) !== undefined) return 0
  // Files of these systems have no handler for huge faults.
  return vma.file === undefined ? allowed : 0
}

/** `hugepage_vma_check` in a fault (6.1): whether a PMD leaf is allowed. Rule B. */
function hugepageVmaCheck(world: World, mm: Mm, vma: Vma): boolean {
  world.calls[FN.hugepage_vma_check]++
  if (vmaRefusal(mm, vma.flags) !== undefined) return false
  const advised = (vma.flags & VM_HUGEPAGE) !== 0
  return vma.file === undefined && orderEnabled(world.thp, world.geometry.pmdOrder, advised)
}

/** Whether a fault in an empty PMD-level entry may ask for a PMD leaf. Its place is not looked at yet. */
export function pmdAllowed(world: World, mm: Mm, vma: Vma): boolean {
  if (world.kernel.faultOrders === 'pmd-only') return hugepageVmaCheck(world, mm, vma)
  // OnePlus: 64K in marked VMAs, see `mm/exposed`; no other size.
  if (world.kernel.faultOrders === 'exposed') return false
  return allowableOrders(world, mm, vma, 1 << world.geometry.pmdOrder) !== 0
}

/**
 * The question about a PUD-sized leaf, which a fault asks first where the level above is empty. The
 * answer is no; that it was asked shows in the counts.
 */
export function askPud(world: World, mm: Mm, vma: Vma): void {
  if (world.kernel.faultOrders === 'pmd-only') hugepageVmaCheck(world, mm, vma)
  else if (vma.file !== undefined) allowableOrders(world, mm, vma, 0)
}

/** Whether the aligned block of `order` around `vpn` lies inside the VMA: `thp_vma_suitable_order`. */
export function orderFits(vma: Pick<Vma, 'start' | 'end'>, vpn: number, order: number): boolean {
  const nr = 2 ** order
  const first = vpn - (vpn % nr)
  return first >= vma.start && first + nr <= vma.end
}

/** Whether an aligned block of `order` that ends in the VMA also begins in it: what callers besides faults ask. */
export function orderFitsSomewhere(vma: Vma, order: number): boolean {
  return orderFits(vma, vma.end - 2 ** order, order)
}

/**
 * `THPeligible` of smaps: whether an order that the settings allow fits at the end of the VMA. `__thp_vma_allowable_orders` (6.8+), `hugepage_vma_check` (6.1), outside
 * of a fault and without the question for an anon_vma. Counts nothing.
 */
export function thpEligible(world: World, mm: Mm, vma: Vma): boolean {
  if (vma.file !== undefined || vmaRefusal(mm, vma.flags) !== undefined) return false
  const { pmdOrder } = world.geometry
  const least = world.kernel.faultOrders === 'pmd-only' ? pmdOrder : MIN_ANON_ORDER
  for (let order = pmdOrder; order >= least; order--) {
    if (orderAllowed(world.thp, order, vma.flags) && orderFitsSomewhere(vma, order)) return true
  }
  return false
}

/**
 * The large orders `alloc_anon_folio` tries for a store to `vpn`, whose entry lies at `slot`: allowed,
 * below the PMD order, the aligned block inside the VMA and all its entries still empty. Once one
 * order fits or is found empty, every smaller one is. Reads the entries it looks at, without the lock.
 */
export function anonFaultOrders(world: World, mm: Mm, vma: Vma, vpn: number, slot: number): number {
  if (world.kernel.faultOrders !== 'per-size' || isUserfaultArmed(vma)) return 0
  let orders = allowableOrders(world, mm, vma, 2 ** world.geometry.pmdOrder - 1)
  while (orders !== 0 && !orderFits(vma, vpn, highestOrder(orders))) orders = dropHighest(orders)
  while (orders !== 0) {
    const nr = 1 << highestOrder(orders)
    if (rangeIsNone(world, mm, slot - (vpn % nr), nr)) break
    orders = dropHighest(orders)
  }
  return orders
}

export function highestOrder(orders: number): number {
  return 31 - Math.clz32(orders)
}

export function dropHighest(orders: number): number {
  return orders & ~(1 << highestOrder(orders))
}

/** `pte_range_none`: whether `nr` entries are empty; reads up to the first that is not. */
export function rangeIsNone(world: World, mm: Mm, slot: number, nr: number): boolean {
  for (let i = 0; i < nr; i++) {
    if (world.ops.ptepGetLockless(mm, slot + i) !== 0) return false
  }
  return true
}
