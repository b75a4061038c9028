import type { Geometry } from '../arch/granule'

export type TopEnabled = 'always' | 'madvise' | 'never'
export type SizeEnabled = 'always' | 'inherit' | 'madvise' | 'never'

/**
 * The transparent-huge-page settings that decide anonymous faults, and the values that only read
 * back. Defaults are those of reference `thp-sysfs.md` section 1.2, with one exception: the top-level
 * `enabled` starts as `never`, not as Kconfig's `always`. The PMD size inherits it, and with `always`
 * every aligned 2 MiB would be one PMD leaf however small the size an experiment enables. The
 * recorded kernels start their cases the same way.
 */
export class ThpSettings {
  top: TopEnabled = 'never'
  defrag = 'madvise'
  useZeroPage = 1
  shmem = 'never'
  /** Each size's `enabled`, by order; orders 2 to the PMD order. */
  readonly sizes: SizeEnabled[]
  readonly khugepaged: Record<string, number>

  constructor(readonly geometry: Geometry) {
    const pmd = geometry.pmdOrder
    this.sizes = Array.from({ length: pmd + 1 }, (_, order) => (order === pmd ? 'inherit' : 'never'))
    const pages = 2 ** pmd
    this.khugepaged = {
      alloc_sleep_millisecs: 60000,
      defrag: 1,
      full_scans: 0,
      max_ptes_none: pages - 1,
      max_ptes_shared: pages / 2,
      max_ptes_swap: pages / 8,
      pages_collapsed: 0,
      pages_to_scan: pages * 8,
      scan_sleep_millisecs: 10000
    }
  }
}
