/** What the panel does to a chart's specification before it is drawn: nothing that changes the picture. */

export type Spec = Readonly<Record<string, unknown>>

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Channels whose legend lists series. */
const SERIES_CHANNELS = ['color', 'stroke', 'fill', 'shape', 'strokeDash'] as const
const SELECTED = 'labSeries'

/** The field that tells the series apart, when the chart has a legend to click. */
function seriesField(encoding: unknown): string | undefined {
  if (!isRecord(encoding)) return undefined
  for (const channel of SERIES_CHANNELS) {
    const definition = encoding[channel]
    if (!isRecord(definition) || typeof definition.field !== 'string') continue
    if (definition.legend === null || definition.type === 'quantitative' || definition.type === 'temporal')
      continue
    return definition.field
  }
  return undefined
}

/** Marks that Vega-Lite draws a little transparent by itself. */
const TRANSLUCENT = new Set(['point', 'tick', 'circle', 'square'])

/** The type of a view's mark, which is written by name or with properties. */
export const markType = (mark: unknown): string => String(isRecord(mark) ? mark.type : mark)

/** A view whose marks can fade: it brings no parameters and no opacity of its own. */
function canFade(view: unknown): view is Record<string, unknown> {
  if (!isRecord(view) || !('mark' in view) || view.params !== undefined) return false
  if (
    isRecord(view.mark) &&
    ['opacity', 'fillOpacity', 'strokeOpacity'].some((name) => name in (view.mark as object))
  )
    return false
  return view.encoding === undefined || (isRecord(view.encoding) && !('opacity' in view.encoding))
}

function faded(view: Record<string, unknown>): Record<string, unknown> {
  const value = TRANSLUCENT.has(markType(view.mark)) ? 0.7 : 1
  const encoding = isRecord(view.encoding) ? view.encoding : {}
  return {
    ...view,
    encoding: { ...encoding, opacity: { condition: { param: SELECTED, value }, value: 0.12 } }
  }
}

/** The views of a chart that can fade, and the field of its series; undefined where it cannot. */
function fadingViews(
  spec: Spec
): { field: string; views: Record<string, unknown>[]; at: number } | undefined {
  const shared = seriesField(spec.encoding)
  const views: unknown[] = Array.isArray(spec.layer) ? spec.layer : [spec]
  if (spec.params !== undefined || (isRecord(spec.encoding) && 'opacity' in spec.encoding)) return undefined
  if (views.length === 0 || !views.every(canFade)) return undefined
  const at = shared ? 0 : views.findIndex(({ encoding }) => seriesField(encoding) !== undefined)
  const field = shared ?? seriesField(views[at]?.encoding)
  return field === undefined ? undefined : { field, views, at }
}

/** A value of the field that tells series apart. */
export type SeriesValue = string | number | boolean

/**
 * The series of a chart that can be shown one by one, in order of appearance: empty for charts that have
 * no legend, or bring selections or opacities of their own, which are drawn as they are.
 */
export function seriesOf(spec: Spec): SeriesValue[] {
  const fading = fadingViews(spec)
  if (!fading) return []
  const rows = [spec, ...fading.views].flatMap((view) => inlineData(view))
  const values = rows.map((row) => row[fading.field])
  return [...new Set(values)].filter((value): value is SeriesValue =>
    ['string', 'number', 'boolean'].includes(typeof value)
  )
}

/** Lets a click on the legend show some series and fade the others; `shown` are those shown to begin with. */
export function withSeriesToggle(spec: Spec, shown: readonly SeriesValue[] = []): Spec {
  const fading = fadingViews(spec)
  if (!fading) return spec
  const { field, views, at } = fading
  const param = {
    name: SELECTED,
    select: { type: 'point', fields: [field] },
    bind: 'legend',
    ...(shown.length > 0 ? { value: shown.map((value) => ({ [field]: value })) } : {})
  }
  const drawn = views.map((view, index) => ({ ...faded(view), ...(index === at ? { params: [param] } : {}) }))
  return Array.isArray(spec.layer) ? { ...spec, layer: drawn } : drawn[0]
}

/** Whether the chart can be drawn at any width: single views and layers without facets. */
export function canFit(spec: Spec): boolean {
  if (!('mark' in spec) && !('layer' in spec)) return false
  const { encoding } = spec
  return !(isRecord(encoding) && ('facet' in encoding || 'row' in encoding || 'column' in encoding))
}

/** Whether the chart leaves its width to whoever draws it. */
export function isFluid(spec: Spec): boolean {
  return spec.width === undefined && canFit(spec)
}

/** Rows the specification carries inline, for "Show data". */
export function inlineData(spec: Spec): readonly Readonly<Record<string, unknown>>[] {
  const { data } = spec
  if (!isRecord(data) || !Array.isArray(data.values)) return []
  return data.values.filter(isRecord)
}

/** One sentence for those who do not see the chart. */
export function describeChart(name: string, spec: Spec): string {
  const title = isRecord(spec.title) ? spec.title.text : spec.title
  const parts = [name]
  if (typeof spec.description === 'string') parts.push(spec.description)
  else if (typeof title === 'string' && title !== name) parts.push(title)
  const { encoding } = spec
  const axis = (channel: string) => {
    const definition = isRecord(encoding) ? encoding[channel] : undefined
    if (!isRecord(definition)) return undefined
    const label = definition.title ?? definition.field
    return typeof label === 'string' ? label : undefined
  }
  const [x, y] = [axis('x'), axis('y')]
  const series = seriesField(encoding)
  if (x && y) parts.push(`${y} by ${x}${series ? `, one series each ${series}` : ''}`)
  return `${parts.join('. ')}.`
}

/** A file name for a chart: letters, digits and dashes of its name. */
export function fileName(name: string, extension: string): string {
  const stem = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
  return `${stem || 'chart'}.${extension}`
}
