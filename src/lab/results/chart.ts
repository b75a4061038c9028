/** Charts: Vega-Lite specifications with their data inline, complete in themselves. */
import { LabError, problem } from '../diagnostic'
import type { Chart, Row } from './types'

type Spec = Readonly<Record<string, unknown>>

/** Keys whose value is an address to load from, wherever they stand. */
const ADDRESSES = ['url', 'href']

function addressIn(value: unknown, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, inner] of Object.entries(value)) {
    // Rows are data of the run itself; what they say is never loaded.
    if (key === 'values') continue
    const here = path === '' ? key : `${path}.${key}`
    if (ADDRESSES.includes(key) && typeof inner === 'string') return here
    const found = addressIn(inner, here)
    if (found) return found
  }
  return undefined
}

/** A row as one flat record, as charts and tables want it. */
export function flattened(row: Row): Record<string, unknown> {
  return { ...row.parameters, metric: row.metric, value: row.value, unit: row.unit }
}

/**
 * The complete specification of a chart: all rows as its data when it has none of its own.
 * @throws LabError `chart-external-data` when it would load something.
 */
export function completeChart(name: string, spec: Spec, rows: readonly Row[]): Chart {
  const address = addressIn(spec, '')
  if (address) {
    const hint = 'A chart shows the rows of its run: leave data out, or give data: { values: [...] }.'
    throw new LabError(
      problem('chart-external-data', `chart('${name}'): ${address} would load something from elsewhere`, {
        hint
      })
    )
  }
  const $schema = 'https://vega.github.io/schema/vega-lite/v6.json'
  const data = spec.data === undefined ? { data: { values: rows.map(flattened) } } : {}
  return { name, spec: { $schema, ...data, ...spec } }
}
