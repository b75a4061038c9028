/** What the panel does to a chart's specification before it is drawn: nothing that changes the picture. */

export type Spec = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Record<string, unknown> =>
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

/**
 * Lets a click on the legend show one series and fade the others. Only for single views that bring no
 * parameters or opacity of their own; anything else is drawn as it is.
 */
export function withLegendToggle(spec: Spec): Spec {
  const field = seriesField(spec.encoding)
  if (!field || !isRecord(spec.encoding) || spec.params !== undefined) return spec
  if ('layer' in spec || 'opacity' in spec.encoding || !('mark' in spec)) return spec
  return {
    ...spec,
    params: [{ name: SELECTED, select: { type: 'point', fields: [field] }, bind: 'legend' }],
    encoding: { ...spec.encoding, opacity: { condition: { param: SELECTED, value: 1 }, value: 0.12 } }
  }
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
