/** Draws the lanes: counts as stacked columns, spans as bars with their names, a ruler above. */
import type { TraceLanes, TraceSpan } from '../../../protocol/trace'
import { formatNanoseconds, formatNumber } from '../../parts/format'
import { THEMES, type ThemeName, type TokenName } from '../../theme/tokens'
import {
  bucketStart,
  DENSITY,
  densityOf,
  FAMILIES,
  RULER,
  SPAN,
  spanColours,
  type Density,
  type LaneRow
} from './lanes'
import { ticks, toPixel, type Axis, type Range } from './viewport'

/** A picture of lanes with what is worked out from it once. */
export interface Picture {
  readonly lanes: TraceLanes
  readonly densities: ReadonlyMap<string, Density>
}

/** Works out what is drawn again and again. */
export function pictureOf(lanes: TraceLanes): Picture {
  return {
    lanes,
    densities: new Map(
      lanes.lanes.map((lane) => [`${lane.machine}/${lane.cpu}`, densityOf(lane, lanes.buckets)])
    )
  }
}

export interface LanesRequest {
  readonly theme: ThemeName
  readonly view: Range
  readonly axis: Axis
  readonly width: number
  readonly height: number
  readonly rows: readonly LaneRow[]
  /** One a side. */
  readonly pictures: readonly (Picture | undefined)[]
  /** Matches of the search, one a side. */
  readonly matches: readonly (Picture | undefined)[]
  readonly selected?: TraceSpan
  readonly headings: readonly string[]
}

type Context = CanvasRenderingContext2D

const UI = "11px 'Inter Variable', system-ui, sans-serif"

export function paintLanes(context: Context, request: LanesRequest): void {
  const tokens = THEMES[request.theme]
  context.fillStyle = tokens.surface
  context.fillRect(0, 0, request.width, request.height)
  grid(context, request)
  let group = -1
  for (const row of request.rows) {
    if (row.side !== group) {
      group = row.side
      heading(context, request, row)
    }
    context.fillStyle = tokens.line
    context.fillRect(0, row.top + row.height - 1, request.width, 1)
    const picture = request.pictures[row.side]
    if (!picture) continue
    density(context, request, row, picture)
    matches(context, request, row)
    const lane = picture.lanes.lanes.find((each) => each.machine === row.machine && each.cpu === row.cpu)
    for (const span of lane?.spans ?? []) if (span.depth < row.depth) bar(context, request, row, span)
  }
  ruler(context, request)
}

function grid(context: Context, { theme, view, width, height }: LanesRequest): void {
  context.fillStyle = THEMES[theme].line
  for (const tick of ticks(view, width))
    context.fillRect(Math.round(toPixel(view, width, tick)), 0, 1, height)
}

/** The ruler stays in sight: it is drawn last, over what has scrolled below it. */
function ruler(context: Context, { theme, view, axis, width }: LanesRequest): void {
  const tokens = THEMES[theme]
  context.fillStyle = tokens.surface
  context.fillRect(0, 0, width, RULER)
  context.font = UI
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  for (const tick of ticks(view, width)) {
    const x = Math.round(toPixel(view, width, tick))
    context.fillStyle = tokens.line
    context.fillRect(x, 0, 1, RULER)
    context.fillStyle = tokens.dim
    context.fillText(axis === 'time' ? formatNanoseconds(tick) : formatNumber(tick), x + 4, RULER / 2)
  }
  context.fillStyle = tokens.line
  context.fillRect(0, RULER - 1, width, 1)
}

function heading(context: Context, { theme, headings, width }: LanesRequest, row: LaneRow): void {
  if (headings.length < 2) return
  const tokens = THEMES[theme]
  context.fillStyle = tokens.raised
  context.fillRect(0, row.top - 20, width, 19)
  context.font = UI
  context.fillStyle = tokens.text
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillText(headings[row.side], 8, row.top - 10)
}

function density(context: Context, request: LanesRequest, row: LaneRow, { lanes, densities }: Picture): void {
  const own = densities.get(`${row.machine}/${row.cpu}`)
  if (!own || own.most === 0) return
  const { view, width } = request
  const floor = row.top + DENSITY
  for (let family = 0; family < FAMILIES.length; family++) {
    context.fillStyle = THEMES[request.theme][FAMILIES[family].token as TokenName]
    for (let bucket = 0; bucket < own.buckets; bucket++) {
      const mine = own.counts[bucket * FAMILIES.length + family]
      if (mine === 0) continue
      const x = toPixel(view, width, bucketStart(lanes, bucket))
      const end = toPixel(view, width, bucketStart(lanes, bucket + 1))
      if (end < 0 || x > width) continue
      let below = 0
      for (let other = 0; other < family; other++) below += own.counts[bucket * FAMILIES.length + other]
      const from = scale(below, own.most)
      const to = scale(below + mine, own.most)
      // What occurs at all is at least a pixel high and wide.
      context.fillRect(x, floor - to, Math.max(1, end - x - 0.25), Math.max(1, to - from))
    }
  }
}

/** Height of a column; the root keeps one event beside thousands in sight. */
const scale = (events: number, most: number) => Math.sqrt(events / most) * (DENSITY - 5)

function matches(context: Context, request: LanesRequest, row: LaneRow): void {
  const picture = request.matches[row.side]
  const own = picture?.densities.get(`${row.machine}/${row.cpu}`)
  if (!picture || !own) return
  const { view, width } = request
  context.fillStyle = THEMES[request.theme].accent
  for (let bucket = 0; bucket < own.buckets; bucket++) {
    const at = bucket * FAMILIES.length
    if (!own.counts.subarray(at, at + FAMILIES.length).some((each) => each > 0)) continue
    const x = toPixel(view, width, bucketStart(picture.lanes, bucket))
    const end = toPixel(view, width, bucketStart(picture.lanes, bucket + 1))
    context.fillRect(x, row.top, Math.max(2, end - x), 3)
  }
}

/** Where a span lies on the axis. */
export function spanRange(axis: Axis, span: TraceSpan): Range {
  return axis === 'event'
    ? { from: span.from - 0.5, to: span.to + 0.5 }
    : { from: span.fromNs, to: span.toNs }
}

function bar(context: Context, request: LanesRequest, row: LaneRow, span: TraceSpan): void {
  const { view, width, theme, axis } = request
  const { from, to } = spanRange(axis, span)
  const left = Math.max(-2, toPixel(view, width, from))
  const right = Math.min(width + 2, toPixel(view, width, to))
  if (right < 0 || left > width) return
  const [fill, ink] = spanColours(span.kind)
  const y = row.top + DENSITY + span.depth * SPAN
  const long = Math.max(1, right - left - 1)
  context.fillStyle = THEMES[theme][fill]
  context.beginPath()
  context.roundRect(left, y, long, SPAN - 2, Math.min(3, long / 2))
  context.fill()
  if (span.from === request.selected?.from && span.cpu === request.selected.cpu) {
    context.strokeStyle = THEMES[theme].focus
    context.lineWidth = 2
    context.stroke()
    context.lineWidth = 1
  }
  if (long < 26) return
  context.save()
  context.beginPath()
  context.rect(left, y, long, SPAN)
  context.clip()
  context.font = UI
  context.fillStyle = THEMES[theme][ink]
  context.textAlign = 'left'
  context.textBaseline = 'middle'
  context.fillText(span.title, Math.max(0, left) + 5, y + (SPAN - 2) / 2)
  context.restore()
}
