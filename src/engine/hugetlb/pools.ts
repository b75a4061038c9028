/**
 * Pools of HugeTLB pages, one a size, as `/sys/kernel/mm/hugepages/` shows them. So far every pool is
 * empty: what would fill one is answered with `not-modelled`.
 * Source: linux-6.1 and linux-6.12 mm/hugetlb.c, arch/arm64/mm/hugetlbpage.c; recorded: `A.tree.hugepages`,
 * `E.tree.hugepages`, `G.tree.hugepages`, `F.hugetlb.write.*`.
 */
import type { Geometry } from '../arch/granule'
import { EngineError } from '../error'

/** One pool: its size of page, and what its files show. */
export interface HugetlbPool {
  readonly order: number
  /** Pages of the pool; `nr_hugepages`. */
  readonly total: number
  readonly free: number
  readonly reserved: number
  readonly surplus: number
  /** Pages the pool may grow by on demand. */
  overcommit: number
  /** Order that `demote` splits pages into; undefined where nothing smaller exists. */
  demoteOrder: number | undefined
  /** Makes the pool so large; throws what the kernel answers. */
  resize(pages: number): void
  /** Splits free pages into pages of `demoteOrder`. */
  demote(pages: number): void
}

/** Orders of the sizes arm64 has: contiguous PTEs, PMD, contiguous PMDs, and with 4K pages PUD. */
export function hugetlbOrders({ name, contShift, pmdOrder, tableShift }: Geometry): number[] {
  const contPmd = pmdOrder + (name === '64K' ? 5 : name === '16K' ? 5 : 4)
  const orders = [contShift, pmdOrder, contPmd]
  return name === '4K' ? [...orders, pmdOrder + tableShift] : orders
}

/** The pools of a machine, smallest pages first. */
export function emptyPools(geometry: Geometry): HugetlbPool[] {
  const orders = hugetlbOrders(geometry)
  return orders.map((order, i) => emptyPool(order, i === 0 ? undefined : orders[i - 1]))
}

function emptyPool(order: number, demoteOrder: number | undefined): HugetlbPool {
  return {
    order,
    total: 0,
    free: 0,
    reserved: 0,
    surplus: 0,
    overcommit: 0,
    demoteOrder,
    resize: (pages) => {
      if (pages > 0) throw new EngineError('not-modelled', 'pools of HugeTLB pages are not simulated yet.')
    },
    demote: () => undefined
  }
}
