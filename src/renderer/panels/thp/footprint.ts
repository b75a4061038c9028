/** Memory over a run as charts: policies that stand side by side share one picture, and so one scale. */
import type { Chart } from '../../../protocol/results'
import type { TraceFootprint, TraceFootprintPoint, TraceOperation } from '../../../protocol/trace'
import { sizeText } from './sizes'

/** One policy's memory. */
export interface FootprintSide {
  readonly name: string
  readonly footprint: TraceFootprint
}

/** What a chart can be of. */
export const FIGURES = [
  { value: 'pages', label: 'Pages' },
  { value: 'folios', label: 'Folios by size' },
  { value: 'free', label: 'Free memory' }
] as const

export type Figure = (typeof FIGURES)[number]['value']

interface Value {
  readonly policy: string
  readonly step: number
  readonly event: number
  readonly series: string
  readonly value: number
}

const TITLES: Readonly<Record<Figure, readonly [name: string, axis: string]>> = {
  pages: ['Memory over the run', 'pages'],
  folios: ['Folios by size over the run', 'folios'],
  free: ['Free memory in blocks too small for a size', 'share of free memory']
}

function seriesOf(figure: Figure, { orders, pageSize }: TraceFootprint, at: TraceFootprintPoint) {
  const size = (order: number) => sizeText(pageSize * 2 ** order)
  if (figure === 'pages')
    return [
      ['resident', at.resident],
      ['mapped, not accessed', at.unused],
      ['held, mapped by nobody', at.unmapped]
    ] as const
  const values = figure === 'folios' ? at.folios : at.unusable
  return orders.map((order, index) => [size(order), values[index]] as const)
}

/** Rows of a chart; sizes that no side ever has are left out. */
export function footprintValues(figure: Figure, sides: readonly FootprintSide[]): Value[] {
  const all = sides.flatMap(({ name, footprint }) =>
    footprint.points.flatMap((point) =>
      seriesOf(figure, footprint, point).map(([series, value]): Value => ({
        policy: name,
        step: point.step,
        event: point.event,
        series,
        value
      }))
    )
  )
  if (figure === 'pages') return all
  const seen = new Set(all.filter(({ value }) => value > 0).map(({ series }) => series))
  return all.filter(({ series }) => seen.has(series))
}

/** Colours a theme has for series, and how wide lines are that use them for the first, second and third time. */
const COLOURS = 6
const WIDTHS = [2, 4.5, 1]

/** The chart of a figure: colours are series, and widths where there are more of them; dashes are policies. */
export function footprintChart(figure: Figure, sides: readonly FootprintSide[]): Chart {
  const [name, axis] = TITLES[figure]
  const values = footprintValues(figure, sides)
  const series = [...new Set(values.map((value) => value.series))]
  const many = sides.length > 1
  return {
    name,
    spec: {
      description: many
        ? 'Both policies on one scale, over the steps of their scripts'
        : 'Over the steps of the script',
      data: { values },
      height: 200,
      mark: { type: 'line', interpolate: 'step-after' },
      encoding: {
        x: { field: 'step', type: 'quantitative', title: 'operations of the script done' },
        y: { field: 'value', type: 'quantitative', title: axis },
        color: { field: 'series', type: 'ordinal', title: null, sort: series, scale: { range: 'category' } },
        ...(series.length > COLOURS && {
          strokeWidth: {
            field: 'series',
            type: 'ordinal',
            title: null,
            sort: series,
            scale: {
              type: 'ordinal',
              domain: series,
              range: series.map((_, at) => WIDTHS[Math.floor(at / COLOURS) % WIDTHS.length])
            }
          }
        }),
        ...(many && {
          strokeDash: { field: 'policy', type: 'nominal', title: null, sort: sides.map((side) => side.name) }
        })
      }
    }
  }
}

/** The last point at or before an event: what was so there. */
export function pointAt({ points }: TraceFootprint, event: number): TraceFootprintPoint | undefined {
  return points.findLast((point) => point.event <= event)
}

/** How far the script is at an event, as the points of a chart have it: operations ended, and the part of one under way. */
export function stepAt(
  operations: readonly Pick<TraceOperation, 'from' | 'to'>[],
  events: number,
  event: number
): number {
  if (event >= events) return operations.length
  const index = operations.findLastIndex(({ from, to }) => from <= event && event <= to)
  if (index >= 0) {
    const { from, to } = operations[index]
    return index + (event - from + 1) / (to - from + 1)
  }
  const next = operations.findIndex(({ from }) => from > event)
  return next < 0 ? operations.length : next
}
