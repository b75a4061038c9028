/** The value axis of a chart on a logarithmic scale, where that tells the truth. */
import { inlineData, isRecord, markType, type Spec } from './spec'

/** Marks that Vega-Lite stacks by itself. */
const STACKING = new Set(['bar', 'area'])

const viewsOf = (spec: Spec): unknown[] =>
  Array.isArray(spec.layer) ? [spec, ...(spec.layer as unknown[])] : [spec]

const encodingOf = (view: unknown): Record<string, unknown> =>
  isRecord(view) && isRecord(view.encoding) ? view.encoding : {}

/** Whether a view's mark is one that stands on the axis. */
const stands = (view: unknown): boolean => isRecord(view) && STACKING.has(markType(view.mark))

function stacks(view: unknown, shared: Record<string, unknown>): boolean {
  const encoding = { ...shared, ...encodingOf(view) }
  const { y } = encoding
  const unstacked = 'xOffset' in encoding || (isRecord(y) && (y.stack === null || y.stack === false))
  return stands(view) && ('color' in encoding || 'fill' in encoding) && !unstacked
}

/**
 * Why a chart's value axis (y) has no logarithmic scale, in words; undefined where it can have one: it shows
 * fields of the chart's own rows, all above zero, nothing is stacked, and it brings no scale of its own.
 */
export function noLogScale(spec: Spec): string | undefined {
  const views = viewsOf(spec)
  const shared = encodingOf(spec)
  const axes = views.map((view) => encodingOf(view).y).filter(isRecord)
  if (axes.length === 0) return 'the chart has no value axis'
  if (views.some((view) => stacks(view, shared))) return 'what is stacked has no logarithmic scale'
  const rows = views.flatMap((view) => inlineData(view as Spec))
  for (const axis of axes) {
    if (axis.scale !== undefined) return 'the script chose the scale'
    if (axis.type !== 'quantitative' || typeof axis.field !== 'string' || axis.aggregate || axis.bin)
      return 'the value axis shows no plain number'
    const values = rows.map((row) => row[axis.field as string]).filter((value) => value !== undefined)
    if (values.length === 0) return 'its values are not in the chart'
    if (values.some((value) => typeof value !== 'number' || value <= 0)) return 'a value is zero or less'
  }
  return undefined
}

/** @param axis the value axis that all views share, if they do */
function withLogAxis<View extends object>(view: View, lowest: number, axis: unknown): View {
  const encoding = { ...encodingOf(view) }
  if (isRecord(encoding.y)) encoding.y = { ...encoding.y, scale: { type: 'log', domainMin: lowest } }
  // What stands on the axis stands on its lowest value: there is no zero.
  if (stands(view) && !('y2' in encoding) && (encoding.y ?? axis) !== undefined)
    encoding.y2 = { datum: lowest }
  return Object.keys(encoding).length > 0 ? { ...view, encoding } : view
}

/**
 * The chart with a logarithmic value axis; only of one that `noLogScale` has nothing against. The axis
 * begins at the power of ten below the smallest value: its bar is seen.
 */
export function withLogScale(spec: Spec): Spec {
  const views = viewsOf(spec)
  const fields = views
    .map((view) => encodingOf(view).y)
    .flatMap((axis) => (isRecord(axis) ? [axis.field] : []))
  const rows = views.flatMap((view) => inlineData(view as Spec))
  const values = rows
    .flatMap((row) => fields.map((field) => row[String(field)]))
    .filter((value): value is number => typeof value === 'number')
  const lowest = 10 ** (Math.ceil(Math.log10(Math.min(...values))) - 1)
  const { y } = encodingOf(spec)
  const own = withLogAxis(spec, lowest, y)
  return Array.isArray(spec.layer)
    ? { ...own, layer: (spec.layer as object[]).map((view) => withLogAxis(view, lowest, y)) }
    : own
}
