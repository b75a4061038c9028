/** A published cell: regression in percent, a change of rate relative to `BASELINE`. */
export interface PublishedCell {
  readonly kernel: string
  readonly cpus: number
  readonly regression: number
}

export const BASELINE = 'no-contpte'

export const PUBLISHED_SOURCE =
  'Ryan Roberts, 16 Nov 2023, message #4 on v2 01/14 "mm: Batch-copy PTE ranges during fork()", quoting the log of v2 13/14: Ampere Altra, regression of a fork microbenchmark relative to before PTE_CONT was enabled'

const CPUS = [1, 8, 16, 24, 32]
const TABLE: Readonly<Record<string, readonly number[]>> = {
  'contpte-unbatched': [-10.4, -15.4, -38.7, -57.0, -65.8],
  'contpte-v2': [-5.2, -3.5, -3.7, -4.4, -5.4]
}

/** The ten cells, design by design. */
export const PUBLISHED: readonly PublishedCell[] = Object.entries(TABLE).flatMap(([kernel, regressions]) =>
  regressions.map((regression, index) => ({ kernel, cpus: CPUS[index], regression }))
)

/** The fit sees these CPU counts only; 8 and 24 test it. */
export const FITTED_ON_CPUS: readonly number[] = [1, 16, 32]
