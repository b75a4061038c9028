/**
 * Drawing a Vega-Lite chart under a page policy that allows no code from text: expressions are
 * interpreted (`ast: true`), and nothing is loaded, not even a picture. This module brings Vega with
 * it, so it is imported only when a chart is drawn.
 */
import * as vega from 'vega'
import { expressionInterpreter } from 'vega-interpreter'
import { compile, type TopLevelSpec } from 'vega-lite'
import type { Spec } from './spec'

/** One line of a tooltip; texts only, never HTML. */
export interface TooltipLine {
  readonly label: string
  readonly value: string
}

export interface Tooltip {
  readonly x: number
  readonly y: number
  readonly lines: readonly TooltipLine[]
}

export interface DrawOptions {
  readonly config: Record<string, unknown>
  /** Where to draw; without one the chart is only computed, for export. */
  readonly container?: HTMLElement
  /** Pixels, for charts that leave their width open. */
  readonly width?: number
  readonly onTooltip?: (tooltip: Tooltip | undefined) => void
}

export interface DrawnChart {
  readonly view: vega.View
  /** What Vega and Vega-Lite warn about. */
  readonly warnings: readonly string[]
  /** Where a value of the x axis lies in the drawing; undefined where the chart has no axis of numbers. */
  place(x: number): ChartPlace | undefined
  finalize(): void
}

/** A vertical line through the plot, in pixels from the drawing's top left corner; never outside the axis. */
export interface ChartPlace {
  readonly left: number
  readonly top: number
  readonly height: number
}

function placeIn(view: vega.View, x: number): ChartPlace | undefined {
  let scale: unknown
  try {
    scale = view.scale('x')
  } catch {
    return undefined
  }
  const at: unknown = typeof scale === 'function' ? (scale as (value: number) => unknown)(x) : undefined
  if (typeof at !== 'number' || !Number.isFinite(at)) return undefined
  const padding = view.padding()
  const { left, top } = typeof padding === 'number' ? { left: padding, top: padding } : padding
  const [originX, originY] = view.origin()
  const inside = Math.max(0, Math.min(view.width(), at))
  return { left: (left ?? 0) + originX + inside, top: (top ?? 0) + originY, height: view.height() }
}

/** A loader that refuses, and says so where it is read: missing data is an error, a missing link is not. */
function refusingLoader(warnings: string[], errors: string[]): vega.Loader {
  const refuse = (said: string[]) => (uri: string) => {
    const message = `charts load nothing: ${uri.slice(0, 200)} was refused; put the data into the specification`
    said.push(message)
    return Promise.reject(new Error(message))
  }
  return { load: refuse(errors), http: refuse(errors), file: refuse(errors), sanitize: refuse(warnings) }
}

const MOST_LINES = 20

function tooltipLines(value: unknown): TooltipLine[] {
  if (typeof value !== 'object' || value === null) return [{ label: '', value: String(value) }]
  return Object.entries(value)
    .slice(0, MOST_LINES)
    .map(([label, text]) => ({ label, value: String(text) }))
}

/** Keeps what is said while compiling and drawing, instead of the browser's console. */
function collectingLogger(warnings: string[], errors: string[]) {
  const text = (parts: readonly unknown[]) =>
    parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ')
  const logger = {
    level: (_level?: number) => logger,
    error: (...parts: unknown[]) => (errors.push(text(parts)), logger),
    warn: (...parts: unknown[]) => (warnings.push(text(parts)), logger),
    info: () => logger,
    debug: () => logger
  }
  return logger as unknown as vega.LoggerInterface
}

const MARKS = new Set(
  'arc area bar boxplot circle errorband errorbar geoshape image line point rect rule square text tick trail'.split(
    ' '
  )
)

/** Compiles what a script gave: it may be anything, and where the compiler only stumbles, we say over what. */
function compileSpec(spec: Spec, config: Record<string, unknown>, logger: vega.LoggerInterface) {
  try {
    return compile(spec as unknown as TopLevelSpec, { config, logger })
  } catch (error) {
    const mark: unknown =
      typeof spec.mark === 'object' && spec.mark !== null && 'type' in spec.mark ? spec.mark.type : spec.mark
    const message = error instanceof Error ? error.message : String(error)
    if (mark !== undefined && !MARKS.has(String(mark)))
      throw new Error(`"${String(mark)}" is no mark of Vega-Lite (${message})`, { cause: error })
    throw new Error(`Vega-Lite: ${message}`, { cause: error })
  }
}

/** Draws a chart. Rejects with Vega's own message when the specification cannot be drawn. */
export async function drawChart(spec: Spec, options: DrawOptions): Promise<DrawnChart> {
  const warnings: string[] = []
  const errors: string[] = []
  const logger = collectingLogger(warnings, errors)
  const sized =
    options.width === undefined
      ? spec
      : { autosize: { type: 'fit-x', contains: 'padding' }, ...spec, width: options.width }
  const compiled = compileSpec(sized, options.config, logger)
  const view = new vega.View(vega.parse(compiled.spec, undefined, { ast: true }), {
    expr: expressionInterpreter,
    loader: refusingLoader(warnings, errors),
    logger,
    renderer: options.container ? 'svg' : 'none',
    container: options.container,
    hover: options.container !== undefined,
    tooltip: (_handler, event, _item, value) => {
      const none = value === null || value === undefined || value === ''
      options.onTooltip?.(
        none ? undefined : { x: event.clientX, y: event.clientY, lines: tooltipLines(value) }
      )
    }
  })
  try {
    await view.runAsync()
    if (errors.length > 0) throw new Error(errors.join('\n'))
  } catch (error) {
    view.finalize()
    throw error
  }
  return { view, warnings, place: (x) => placeIn(view, x), finalize: () => view.finalize() }
}

/** The chart as a standalone SVG. */
export async function chartSvg(spec: Spec, options: DrawOptions): Promise<string> {
  const drawn = await drawChart(spec, options)
  try {
    return await drawn.view.toSVG()
  } finally {
    drawn.finalize()
  }
}

/** The chart as a PNG of twice its size. */
export async function chartPng(spec: Spec, options: DrawOptions): Promise<Uint8Array> {
  const drawn = await drawChart(spec, options)
  try {
    const url = await drawn.view.toImageURL('png', 2)
    const binary = atob(url.slice(url.indexOf(',') + 1))
    return Uint8Array.from(binary, (character) => character.charCodeAt(0))
  } finally {
    drawn.finalize()
  }
}
