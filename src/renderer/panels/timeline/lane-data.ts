import { computed } from 'vue'
import type { TraceFilter, TraceLanes } from '../../../protocol/trace'
import { simulator } from '../../platform/clients-in-use'
import { useLatest } from '../../step/latest'
import { useTraceStore } from '../../stores/trace'
import { pictureOf, type Picture } from './paint'
import { useTimelineStore } from './view-store'
import { clamp, type Range } from './viewport'

/** Buckets asked for: about one every two pixels of a wide window. */
const BUCKETS = 800

interface Wish {
  readonly range: Range
  readonly axis: 'event' | 'time'
  readonly filter?: TraceFilter
  readonly sides: readonly { readonly runId: string; readonly cell: number }[]
}

/** The picture of what is in sight and a little on both sides, so that small moves need no answer. */
export function useLanes(filter: () => TraceFilter | undefined | 'nothing', whole = false) {
  const trace = useTraceStore()
  const timeline = useTimelineStore()

  const range = computed<Range>(() => {
    if (whole) return timeline.whole
    const { shown, axis, whole: all } = timeline
    const width = shown.to - shown.from
    return clamp({ from: shown.from - width / 4, to: shown.to + width / 4 }, all, axis)
  })

  function wanted(): Wish | undefined {
    const only = filter()
    if (only === 'nothing' || trace.sides.length === 0) return undefined
    const sides = trace.sides.map(({ key }) => key)
    return { range: range.value, axis: timeline.axis, sides, ...(only ? { filter: only } : {}) }
  }

  async function ask({ range: asked, axis, filter: only, sides }: Wish): Promise<(Picture | undefined)[]> {
    return Promise.all(
      sides.map(async (key, index) => {
        const limits = sideRange(index, asked)
        if (!limits) return undefined
        const lanes: TraceLanes = await simulator().traceLanes({
          ...key,
          axis,
          ...limits,
          buckets: whole ? BUCKETS / 2 : BUCKETS,
          ...(only ? { filter: only } : {})
        })
        return pictureOf(lanes)
      })
    )
  }

  /** The part of a range that a side's trace has. Sides of one comparison may be of different length. */
  function sideRange(index: number, { from, to }: Range): Range | undefined {
    const summary = trace.sides[index]?.summary
    if (!summary || summary.events === 0) return undefined
    if (timeline.axis === 'event') {
      const first = Math.max(1, Math.floor(from))
      const last = Math.min(summary.events, Math.ceil(to))
      return last < first ? undefined : { from: first, to: last }
    }
    const end = Math.min(summary.durationNs, to)
    return end <= from ? undefined : { from: Math.max(0, from), to: end }
  }

  return useLatest(wanted, ask)
}
