/** What one or two forks did, as figures side by side. */
import type { ForkView, PteView, Row } from '../../../protocol/results'
import { counterLabel } from '../../parts/counters'
import type { DifferenceRow } from '../../parts/DifferenceTable.vue'
import { count, formatNanoseconds, formatNumber } from '../../parts/format'

export type ForkState = 'before' | 'after'

type Side = ForkView | undefined

/** Counters either fork added, in the simulator's order, zero where a side added none. */
export function counterRows(sides: readonly Side[], docs: Readonly<Record<string, string>>): DifferenceRow[] {
  const seen = new Set(sides.flatMap((side) => Object.keys(side?.counters ?? {})))
  const order = Object.keys(docs)
  const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length)
  return [...seen]
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => ({
      id: name,
      label: counterLabel(name),
      doc: `${name}: ${docs[name] ?? 'counted by the machine'}`,
      values: sides.map((side) => side && (side.counters[name] ?? 0))
    }))
}

const SUMMARY = [
  { key: 'present', label: 'present entries' },
  { key: 'writable', label: 'writable entries' },
  { key: 'readOnly', label: 'read-only entries' },
  { key: 'foldedBlocks', label: 'contiguous blocks' }
] as const

function total(views: readonly PteView[], key: (typeof SUMMARY)[number]['key']): number {
  return views.reduce((sum, view) => sum + view.summary[key], 0)
}

/** Sums over whole mms, not only over the entries drawn. */
export function summaryRows(sides: readonly Side[], state: ForkState): DifferenceRow[] {
  const parents = sides.map((side) => (state === 'before' ? side?.parentBefore : side?.parentAfter))
  const children = sides.map((side) => (state === 'before' ? undefined : side?.child))
  const rows = (who: string, mms: readonly (readonly PteView[] | undefined)[]) =>
    SUMMARY.map(({ key, label }) => ({
      id: `${who} ${key}`,
      label: `${who}: ${label}`,
      values: mms.map((views) => views && total(views, key))
    }))
  return [...rows('parent', parents), ...(state === 'after' ? rows('child', children) : [])]
}

/** What the cells themselves recorded, counters apart; times in the unit a person would say. */
export function recordedRows(sides: readonly (readonly Row[] | undefined)[]): DifferenceRow[] {
  const rows = new Map<string, { unit: string; values: (number | undefined)[] }>()
  sides.forEach((side, index) => {
    for (const { metric, value, unit } of side ?? []) {
      if (metric.startsWith('counter.')) continue
      const row = rows.get(metric) ?? { unit, values: sides.map(() => undefined) }
      row.values[index] ??= value
      rows.set(metric, row)
    }
  })
  return [...rows].map(([metric, { unit, values }]) => ({
    id: metric,
    label: unit === 'ns' || unit === '1' ? metric : `${metric} (${unit})`,
    values,
    ...(unit === 'ns' ? { format: formatNanoseconds } : {})
  }))
}

/** Batches listed one by one up to here; more are counted by size. */
const LISTED = 12

/** The batches a fork copied: `batches of 5, 1, 10`, or `16,384 batches of 16`. */
export function batchesText(view: ForkView): string {
  const { batches } = view
  if (batches.length === 0) return 'nothing copied'
  const all = Math.max(view.counters.forkBatch ?? 0, batches.length)
  const sizes = new Map<number, number>()
  for (const size of batches) sizes.set(size, (sizes.get(size) ?? 0) + 1)
  if (sizes.size === 1) return `${count(all, 'batch', 'batches')} of ${formatNumber(batches[0])}`
  if (all <= LISTED) return `batches of ${batches.map(formatNumber).join(', ')}`
  const bySize = [...sizes].sort((a, b) => b[1] - a[1]).slice(0, 3)
  const parts = bySize.map(([size, times]) => `${formatNumber(times)} of ${formatNumber(size)}`)
  const rest = sizes.size > bySize.length ? ', ...' : ''
  const cut = all > batches.length ? ` in the first ${formatNumber(batches.length)}` : ''
  return `${formatNumber(all)} batches: ${parts.join(', ')}${rest}${cut}`
}

/** What of a region is drawn: `64 entries`, `first 1,024 of 262,144`. */
export function shownText(view: PteView): string {
  const shown = view.flags.length
  return shown < view.total
    ? `first ${formatNumber(shown)} of ${formatNumber(view.total)}`
    : count(view.total, 'entry', 'entries')
}
