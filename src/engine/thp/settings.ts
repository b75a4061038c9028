import type { Geometry } from '../arch/granule'

export const TOP_ENABLED = ['always', 'madvise', 'never'] as const
export const SIZE_ENABLED = ['always', 'inherit', 'madvise', 'never'] as const
export const DEFRAG = ['always', 'defer', 'defer+madvise', 'madvise', 'never'] as const
export const SHMEM_ENABLED = ['always', 'within_size', 'advise', 'never', 'deny', 'force'] as const
export const SHMEM_SIZE_ENABLED = ['always', 'inherit', 'within_size', 'advise', 'never'] as const

export type TopEnabled = (typeof TOP_ENABLED)[number]
export type SizeEnabled = (typeof SIZE_ENABLED)[number]
export type Defrag = (typeof DEFRAG)[number]
export type ShmemEnabled = (typeof SHMEM_ENABLED)[number]
export type ShmemSizeEnabled = (typeof SHMEM_SIZE_ENABLED)[number]

/**
 * The transparent-huge-page settings that decide anonymous faults, and the values that only read
 * back. Defaults are those of reference `thp-sysfs.md` section 1.2, with one exception: the top-level
 * `enabled` starts as `never`, not as Kconfig's `always`. The PMD size inherits it, and with `always`
 * every aligned 2 MiB would be one PMD leaf however small the size an experiment enables. The
 * recorded kernels start their cases the same way. A kernel command line (`boot.ts`) says otherwise.
 */
export class ThpSettings {
  top: TopEnabled = 'never'
  defrag: Defrag = 'madvise'
  useZeroPage = 1
  /** `shrink_underused` (6.12+). */
  shrinkUnderused = 1
  shmem: ShmemEnabled = 'never'
  /** Each size's `enabled`, by order; orders 2 to the PMD order. */
  readonly sizes: SizeEnabled[]
  /** Each size's `shmem_enabled` (6.11+), by order, from order 1. */
  readonly shmemSizes: ShmemSizeEnabled[]
  readonly khugepaged: Record<string, number>
  /** The thread has been started. */
  khugepagedRuns = false

  constructor(readonly geometry: Geometry) {
    const pmd = geometry.pmdOrder
    this.sizes = Array.from({ length: pmd + 1 }, (_, order) => (order === pmd ? 'inherit' : 'never'))
    this.shmemSizes = this.sizes.map((size) => (size === 'inherit' ? 'inherit' : 'never'))
    const pages = 2 ** pmd
    this.khugepaged = {
      alloc_sleep_millisecs: 60000,
      defrag: 1,
      max_ptes_none: pages - 1,
      max_ptes_shared: pages / 2,
      max_ptes_swap: pages / 8,
      pages_to_scan: pages * 8,
      scan_sleep_millisecs: 10000
    }
  }
}
