/**
 * `hugepages-<size>kB/stats/*`, one counter an order and name, and what `khugepaged/` counts. Exact moments of
 * counting: reference `thp-sysfs.md` section 7. `nr_anon` and `nr_anon_partially_mapped` are gauges.
 */
export const THP_STAT_NAMES = [
  'anon_fault_alloc',
  'anon_fault_fallback',
  'anon_fault_fallback_charge',
  'swpout',
  'swpout_fallback',
  'shmem_alloc',
  'shmem_fallback',
  'shmem_fallback_charge',
  'split',
  'split_failed',
  'split_deferred',
  'nr_anon',
  'nr_anon_partially_mapped'
] as const

/** What khugepaged counts: ranges collapsed, and times it went through every address space. */
export const KHUGEPAGED_STATS = ['full_scans', 'pages_collapsed'] as const

export type KhugepagedStat = (typeof KHUGEPAGED_STATS)[number]

export type ThpStatName = (typeof THP_STAT_NAMES)[number]

const INDEX = Object.fromEntries(THP_STAT_NAMES.map((name, index) => [name, index]))

/** The statistics of all orders up to the PMD order. Order 0 and orders above are ignored, as by the kernel. */
export class ThpStats {
  readonly values: Float64Array
  /** Told of every change: the place in `values`, and by how much. A trace listens. */
  told: ((place: number, n: number) => void) | undefined

  constructor(
    readonly pmdOrder: number,
    /** The kernel has per-size controls; without them nothing is counted. */
    readonly perSize: boolean
  ) {
    this.values = new Float64Array((pmdOrder + 1) * THP_STAT_NAMES.length + KHUGEPAGED_STATS.length)
  }

  /** Adds `n` (which may be negative) to a statistic of folios of `order`. */
  add(order: number, name: ThpStatName, n = 1): void {
    if (order <= 0 || order > this.pmdOrder || !this.perSize) return
    const place = order * THP_STAT_NAMES.length + INDEX[name]
    this.values[place] += n
    this.told?.(place, n)
  }

  get(order: number, name: ThpStatName): number {
    return this.values[order * THP_STAT_NAMES.length + INDEX[name]]
  }

  /** Adds to what khugepaged counts, which every kernel does. */
  addKhugepaged(name: KhugepagedStat, n = 1): void {
    const place = this.#khugepagedPlace(name)
    this.values[place] += n
    this.told?.(place, n)
  }

  getKhugepaged(name: KhugepagedStat): number {
    return this.values[this.#khugepagedPlace(name)]
  }

  #khugepagedPlace(name: KhugepagedStat): number {
    return (this.pmdOrder + 1) * THP_STAT_NAMES.length + KHUGEPAGED_STATS.indexOf(name)
  }
}
