/**
 * Which folio sizes a kernel knows: for anonymous memory, and (6.12) for files and shared memory.
 * Source: reference `thp-sysfs.md` section 1.1; linux-6.12 include/linux/huge_mm.h, pagemap.h.
 */
import type { Geometry } from '../arch/granule'

/** Largest order of a folio in the page cache: two levels of the XArray that holds it. */
const MAX_PAGECACHE_ORDER = 11

/** Smallest order of anonymous memory: a folio of order 1 has no room for the list of deferred splits. */
export const MIN_ANON_ORDER = 2

/** Orders of anonymous memory: 2 to the PMD order. */
export function anonOrders({ pmdOrder }: Geometry): number[] {
  return range(MIN_ANON_ORDER, pmdOrder)
}

/** Orders of files and shared memory: 1 to the PMD order, or to what the page cache holds. */
export function fileOrders({ pmdOrder }: Geometry): number[] {
  return range(1, Math.min(pmdOrder, MAX_PAGECACHE_ORDER))
}

/** `hugepages-<size>kB`: the directory of an order. */
export function sizeDirectory({ pageSize }: Geometry, order: number): string {
  return `hugepages-${(pageSize / 1024) * 2 ** order}kB`
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}
