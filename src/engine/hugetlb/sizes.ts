/**
 * Sizes of HugeTLB pages and how each is mapped: by contiguous last-level entries, by one PMD leaf, by
 * contiguous PMD leaves, or (4K pages) by one PUD leaf.
 * Source: linux-6.1 and linux-6.12 arch/arm64/mm/hugetlbpage.c (`num_contig_ptes`, `huge_pte_alloc`,
 * `hugetlb_mask_last_page`).
 */
import { contiguousLeaves, type Geometry } from '../arch/granule'

/** One size, and the entries that map a page of it. */
export interface HugeSize {
  readonly order: number
  /** Base pages of one HugeTLB page. */
  readonly pages: number
  /** Levels above the last one at which its entries lie: 0 PTE, 1 PMD, 2 PUD. */
  readonly depth: number
  /** Entries that map one page; more than one have the contiguous bit. */
  readonly entries: number
  /** Base pages that one entry maps. */
  readonly step: number
}

/** Orders of the sizes arm64 has: contiguous PTEs, PMD, contiguous PMDs, and with 4K pages PUD. */
export function hugetlbOrders(geometry: Geometry): number[] {
  const { name, contShift, pmdOrder, tableShift } = geometry
  const orders = [contShift, pmdOrder, pmdOrder + Math.log2(contiguousLeaves(geometry))]
  return name === '4K' ? [...orders, pmdOrder + tableShift] : orders
}

/** How pages of `order`, one of `hugetlbOrders`, are mapped. */
export function hugeSize(geometry: Geometry, order: number): HugeSize {
  const { pmdOrder, tableShift } = geometry
  const depth = order < pmdOrder ? 0 : order < pmdOrder + tableShift ? 1 : 2
  const step = 2 ** (tableShift * depth)
  return { order, pages: 2 ** order, depth, entries: 2 ** order / step, step }
}

/** Base pages of the table that holds the entries of a size: where none is, a walk goes on after it. */
export function tablePages(geometry: Geometry, { step }: HugeSize): number {
  return step * geometry.tableEntries
}
