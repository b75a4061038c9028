/** What of a trace is in sight, in units of its axis: nanoseconds, or numbers of events. */

export interface Range {
  readonly from: number
  readonly to: number
}

/** Closest view, in units of the axis. */
const CLOSEST = { event: 0.8, time: 0.05 } as const

export type Axis = keyof typeof CLOSEST

/** Event n lies between n - 0.5 and n + 0.5. */
export function wholeOf(axis: Axis, events: number, durationNs: number): Range {
  return axis === 'event'
    ? { from: 0.5, to: Math.max(1, events) + 0.5 }
    : { from: 0, to: Math.max(1, durationNs) }
}

const widthOf = ({ from, to }: Range) => to - from

/** Keeps a view within the whole, and no closer than the axis allows. */
export function clamp(view: Range, whole: Range, axis: Axis): Range {
  const width = Math.min(widthOf(whole), Math.max(CLOSEST[axis], widthOf(view)))
  const middle = (view.from + view.to) / 2
  const from = Math.min(Math.max(whole.from, middle - width / 2), whole.to - width)
  return { from, to: from + width }
}

/** Zooms by `factor` (below 1 is closer) so that the point at `share` of the width stays where it is. */
export function zoomAt(view: Range, whole: Range, axis: Axis, share: number, factor: number): Range {
  const width = Math.min(widthOf(whole), Math.max(CLOSEST[axis], widthOf(view) * factor))
  const point = view.from + widthOf(view) * share
  const from = point - width * share
  return clamp({ from, to: from + width }, whole, axis)
}

/** Moves by a share of the width. */
export function pan(view: Range, whole: Range, axis: Axis, share: number): Range {
  const by = widthOf(view) * share
  return clamp({ from: view.from + by, to: view.to + by }, whole, axis)
}

/** Share of the width that a fitted range fills. */
const FILL = 0.8

/** A view that a range fills; one without width is shown as close as the axis allows. */
export function fit(range: Range, whole: Range, axis: Axis): Range {
  const width = Math.max(widthOf(range) / FILL, CLOSEST[axis])
  const middle = (range.from + range.to) / 2
  return clamp({ from: middle - width / 2, to: middle + width / 2 }, whole, axis)
}

/** The view moved just so far that a point is in sight. */
export function reveal(view: Range, whole: Range, axis: Axis, point: number): Range {
  if (point >= view.from && point <= view.to) return view
  const half = widthOf(view) / 2
  return clamp({ from: point - half, to: point + half }, whole, axis)
}

export const toPixel = (view: Range, width: number, value: number) =>
  ((value - view.from) / widthOf(view)) * width

export const fromPixel = (view: Range, width: number, pixel: number) =>
  view.from + (pixel / width) * widthOf(view)

/** Pixels within which a measured edge snaps. */
export const SNAP_PX = 8

/** The border nearest to a pixel, if one is near enough; else the point itself. */
export function snap(view: Range, width: number, pixel: number, borders: readonly number[]): number {
  let best: number | undefined
  let nearest = SNAP_PX
  for (const border of borders) {
    const distance = Math.abs(toPixel(view, width, border) - pixel)
    if (distance <= nearest) {
      nearest = distance
      best = border
    }
  }
  return best ?? fromPixel(view, width, pixel)
}

/** Round steps for a ruler: 1, 2 or 5 times a power of ten, at most one every `least` pixels. */
export function ticks(view: Range, width: number, least = 90): number[] {
  const raw = (widthOf(view) / Math.max(1, width)) * least
  const power = 10 ** Math.floor(Math.log10(raw))
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= raw) ?? raw
  const first = Math.ceil(view.from / step)
  const last = Math.floor(view.to / step)
  return Array.from({ length: Math.max(0, Math.min(200, last - first + 1)) }, (_, at) => (first + at) * step)
}
