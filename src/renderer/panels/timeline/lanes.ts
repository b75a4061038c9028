/** How lanes are put together: which rows there are, which colours they have, what a bucket says. */
import type { TraceKind, TraceLane, TraceLanes, TraceSpan } from '../../../protocol/trace'
import { count, formatNumber } from '../../parts/format'
import type { TokenName } from '../../theme/tokens'

/** Families of kinds, in the order in which they are stacked; each has a colour, and a name beside it. */
export const FAMILIES = [
  { id: 'broken rules', token: 'bad', match: /^violation$/ },
  { id: 'fold and unfold', token: 'chart-2', match: /^(fold|unfold)$/ },
  { id: 'TLBI and DSB', token: 'chart-5', match: /^(tlbi|dsb)/ },
  { id: 'descriptor writes', token: 'chart-1', match: /^(write|xchg|cas|hardware|table)/ },
  { id: 'TLB fills', token: 'chart-4', match: /^(tlb-|walk-)/ },
  {
    id: 'folios',
    token: 'chart-3',
    match: /^(folio|refcount|mapcount|exclusive|entire|pins|page-|clear|copy)/
  },
  { id: 'other', token: 'control-line', match: /^/ }
] as const satisfies readonly { id: string; token: TokenName; match: RegExp }[]

const known = new Map<TraceKind, number>()

/** Place of a kind's family in `FAMILIES`. */
export function familyOf(kind: TraceKind): number {
  let family = known.get(kind)
  if (family === undefined) {
    family = FAMILIES.findIndex(({ match }) => match.test(kind))
    known.set(kind, family)
  }
  return family
}

/** Counts of a lane by bucket and family, as flat as they are drawn. */
export interface Density {
  readonly buckets: number
  /** `buckets * FAMILIES.length` counts. */
  readonly counts: Uint32Array
  readonly most: number
}

/** Adds up a lane's counts by family. */
export function densityOf(lane: TraceLane, buckets: number): Density {
  const counts = new Uint32Array(buckets * FAMILIES.length)
  const sums = new Uint32Array(buckets)
  for (const { kind, buckets: at, counts: each } of lane.counts) {
    const family = familyOf(kind)
    for (let index = 0; index < at.length; index++) {
      counts[at[index] * FAMILIES.length + family] += each[index]
      sums[at[index]] += each[index]
    }
  }
  let most = 0
  for (const sum of sums) if (sum > most) most = sum
  return { buckets, counts, most }
}

/** What a bucket holds, in words: `12 events: 8 cas, 4 refcount; 2 narrow spans`. */
export function bucketText(lane: TraceLane, bucket: number): string {
  const kinds: string[] = []
  let total = 0
  for (const { kind, buckets, counts } of lane.counts) {
    const at = buckets.indexOf(bucket)
    if (at < 0) continue
    total += counts[at]
    kinds.push(`${formatNumber(counts[at])} ${kind}`)
  }
  const narrow = lane.narrow.counts[lane.narrow.buckets.indexOf(bucket)] ?? 0
  const spans = narrow > 0 ? `; ${count(narrow, 'narrow span')}` : ''
  return total === 0 && narrow === 0
    ? 'nothing here'
    : `${count(total, 'event')}: ${kinds.join(', ')}${spans}`
}

/** One drawn lane of one trace. */
export interface LaneRow {
  readonly side: number
  readonly machine: number
  readonly cpu: number
  readonly name: string
  readonly top: number
  readonly height: number
  /** Rows of spans. */
  readonly depth: number
}

export const RULER = 22
export const DENSITY = 18
export const SPAN = 16
const HEADING = 20
/** Rows of spans drawn in a lane; deeper ones are counted only. */
const DEEPEST = 4

/** What a side's lanes are made of. */
export interface LaneSide {
  readonly lanes?: {
    readonly lanes: readonly {
      readonly machine: number
      readonly cpu: number
      readonly spans: readonly { readonly depth: number }[]
    }[]
  }
  readonly cpus: readonly { machine: number; cpu: number }[]
  readonly machines: number
}

/**
 * The lanes of all sides, from the top down; with two sides each group has a heading.
 * @param room height that there is: two groups show as many rows of spans as let both be in sight, where
 *   that is possible at all; what nests deeper is counted in the columns above, and drawn in a higher panel
 */
export function rowsOf(sides: readonly LaneSide[], room = Infinity): LaneRow[] {
  const all = stacked(sides, DEEPEST)
  if (sides.length < 2 || heightOf(all) <= room) return all
  for (let deepest = DEEPEST - 1; deepest > 0; deepest--) {
    const rows = stacked(sides, deepest)
    if (heightOf(rows) <= room) return rows
  }
  return all
}

function stacked(sides: readonly LaneSide[], deepest: number): LaneRow[] {
  const rows: LaneRow[] = []
  let top = RULER
  sides.forEach(({ lanes, cpus, machines }, side) => {
    if (sides.length > 1) top += HEADING
    for (const { machine, cpu } of cpus) {
      const lane = lanes?.lanes.find((each) => each.machine === machine && each.cpu === cpu)
      const depth = Math.min(deepest, 1 + Math.max(-1, ...(lane?.spans.map((span) => span.depth) ?? [])))
      const height = DENSITY + Math.max(1, depth) * SPAN + 6
      const name = machines > 1 ? `machine ${machine} cpu ${cpu}` : `cpu ${cpu}`
      rows.push({ side, machine, cpu, name, top, height, depth })
      top += height
    }
  })
  return rows
}

/** Height of all lanes. */
export const heightOf = (rows: readonly LaneRow[]) =>
  Math.max(RULER, ...rows.map(({ top, height }) => top + height))

const SPAN_FILL: Readonly<Record<TraceSpan['kind'], readonly [TokenName, TokenName]>> = {
  operation: ['fill-readonly', 'on-readonly'],
  fork: ['fill-writable', 'on-writable'],
  exit: ['fill-marker', 'on-marker'],
  fault: ['fill-swap', 'on-swap'],
  zap: ['fill-protnone', 'on-protnone'],
  syscall: ['raised', 'text']
}

/** Fill and ink of a span. */
export const spanColours = (kind: TraceSpan['kind']) => SPAN_FILL[kind]

/** Where a bucket begins, in units of the axis. */
export function bucketStart(lanes: TraceLanes, bucket: number): number {
  return lanes.axis === 'event'
    ? lanes.borders[bucket] - 0.5
    : lanes.from + ((lanes.to - lanes.from) * bucket) / lanes.buckets
}

/** The bucket at a point of the axis. */
export function bucketAt(lanes: TraceLanes, value: number): number {
  if (lanes.axis === 'time')
    return Math.floor(((value - lanes.from) / (lanes.to - lanes.from)) * lanes.buckets)
  let low = 0
  let high = lanes.buckets - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (lanes.borders[middle] - 0.5 <= value) low = middle
    else high = middle - 1
  }
  return low
}

/** The last event at or before a point of the axis, as exactly as the picture knows. */
export function eventAt(lanes: TraceLanes, value: number): number {
  if (lanes.axis === 'event') return Math.round(value)
  const bucket = Math.max(0, Math.min(lanes.buckets - 1, bucketAt(lanes, value)))
  const share = ((value - lanes.from) / (lanes.to - lanes.from)) * lanes.buckets - bucket
  const from = lanes.borders[bucket]
  const to = lanes.borders[bucket + 1]
  return Math.round(from + (to - from) * Math.min(1, Math.max(0, share)))
}
