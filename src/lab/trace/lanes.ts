/** The timeline: exact counts by bucket, CPU and kind, and the spans that are wide enough to be drawn. */
import { TRACE_KINDS } from '../../engine/trace/kinds'
import type { TraceFilter, TraceLane, TraceLanes, TraceSpan } from '../results/trace'
import { matcher } from './filter'
import type { FoundSpan, IndexedTrace } from './indexed'
import { laneOf } from './lane-number'

/** Spans of one lane at most; narrower ones are counted instead. */
const MAX_SPANS = 4_096

const KINDS = TRACE_KINDS.length

/** Buckets that have any, with how many. */
function sparse(counts: Uint32Array, from: number, buckets: number): { buckets: number[]; counts: number[] } {
  const found = { buckets: [] as number[], counts: [] as number[] }
  for (let bucket = 0; bucket < buckets; bucket++) {
    const count = counts[from + bucket]
    if (count === 0) continue
    found.buckets.push(bucket)
    found.counts.push(count)
  }
  return found
}

/** Events at which each bucket begins, and one more than the last. */
function bordersOf(
  trace: IndexedTrace,
  axis: 'event' | 'time',
  from: number,
  to: number,
  buckets: number
): number[] {
  const step = (axis === 'event' ? to - from + 1 : to - from) / buckets
  return Array.from({ length: buckets + 1 }, (_, i) => {
    if (axis === 'event') return Math.min(Math.floor(from + i * step), to + 1)
    return i === 0 && from <= 0 ? 1 : trace.eventAt(from + i * step) + 1
  })
}

/** Counts and spans of a range of events (both ends included) or of simulated nanoseconds. */
export function lanes(
  trace: IndexedTrace,
  axis: 'event' | 'time',
  from: number,
  to: number,
  buckets: number,
  filter?: TraceFilter
): TraceLanes {
  const borders = bordersOf(trace, axis, from, to, buckets)
  const first = Math.max(1, borders[0])
  const end = Math.min(trace.events + 1, borders[buckets])
  const matches = filter === undefined ? undefined : matcher(trace, filter)
  const order = [...trace.cpus.keys()].sort((a, b) => a - b)
  const numbers = new Map(order.map((lane, i) => [lane, i]))
  const counts = order.map(() => new Uint32Array(KINDS * buckets))
  let events = 0
  let bucket = 0
  let lastLane = -1
  let lane = new Uint32Array(0)
  for (let event = first; event < end; event++) {
    while (event >= borders[bucket + 1]) bucket++
    if (matches?.(event) === false) continue
    const head = trace.log.lane(event, 0)
    if (head >>> 8 !== lastLane) {
      lastLane = head >>> 8
      lane = counts[numbers.get((head >>> 20) * 4096 + ((head >>> 8) & 0xfff)) ?? 0]
    }
    lane[(head & 0xff) * buckets + bucket]++
    events++
  }
  const found = order.map((each, i): TraceLane => {
    const { machine, cpu } = laneOf(each)
    const spans = spansOf(trace, each, borders, filter)
    const kinds = TRACE_KINDS.map((kind, k) => ({ kind, ...sparse(counts[i], k * buckets, buckets) }))
    return { machine, cpu, counts: kinds.filter((kind) => kind.buckets.length > 0), ...spans }
  })
  return { axis, from, to, buckets, borders, lanes: found, events }
}

/** The first bucket that ends after an event. */
function bucketOf(borders: readonly number[], event: number): number {
  let low = 0
  let high = borders.length - 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if (borders[middle + 1] > event) high = middle
    else low = middle + 1
  }
  return low
}

function spansOf(
  trace: IndexedTrace,
  lane: number,
  borders: readonly number[],
  filter: TraceFilter | undefined
): Pick<TraceLane, 'spans' | 'narrow'> {
  const { machine, cpu } = laneOf(lane)
  const buckets = borders.length - 1
  const first = Math.max(1, borders[0])
  const end = borders[buckets]
  const narrow = new Uint32Array(buckets)
  const wide: { span: FoundSpan; width: number }[] = []
  for (const span of trace.laneSpans) {
    if (span.from >= end) break
    if (span.to < first || span.machine !== machine || span.cpu !== cpu) continue
    if (filter?.pids !== undefined && !filter.pids.includes(span.pid)) continue
    const begins = bucketOf(borders, Math.max(span.from, first))
    const width = bucketOf(borders, Math.min(span.to, end - 1)) - begins
    if (width > 0) wide.push({ span, width })
    else if (span.from >= first) narrow[begins]++
  }
  if (wide.length > MAX_SPANS) {
    const least = wide.map((each) => each.width).sort((a, b) => b - a)[MAX_SPANS - 1]
    const drawn = wide.filter((each) => each.width >= least).slice(0, MAX_SPANS)
    const kept = new Set(drawn)
    for (const each of wide) if (!kept.has(each)) narrow[bucketOf(borders, Math.max(each.span.from, first))]++
    return { spans: drawn.map(({ span }) => spanOf(trace, span)), narrow: sparse(narrow, 0, buckets) }
  }
  return { spans: wide.map(({ span }) => spanOf(trace, span)), narrow: sparse(narrow, 0, buckets) }
}

function spanOf(trace: IndexedTrace, { vpn, pages, title, ...span }: FoundSpan): TraceSpan {
  const { pageSize } = trace.shapes[span.machine].geometry
  const where =
    pages === 0 ? '' : ` 0x${(vpn * pageSize).toString(16)}${pages === 1 ? '' : `, ${pages} pages`}`
  return {
    ...span,
    title: title ?? `${span.kind}${where}`,
    fromNs: trace.timeOf(span.from),
    toNs: trace.timeOf(span.to)
  }
}
