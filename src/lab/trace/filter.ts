/** Filters of events, made ready for millions of them. */
import { KIND, TRACE_KINDS } from '../../engine/trace/kinds'
import { HEAD } from '../../engine/trace/log'
import type { TraceFilter } from '../results/trace'
import { decode, extentOf, orderOf, type Extent } from './decode'
import type { IndexedTrace } from './indexed'

export type Matcher = (event: number) => boolean

/** A filter as a function of the event's number. */
export function matcher(trace: IndexedTrace, filter: TraceFilter = {}): Matcher {
  const { log } = trace
  const { machine, address, frames, order } = filter
  const kinds = filter.kinds && new Uint8Array(256)
  for (const name of filter.kinds ?? []) if (name in KIND && kinds) kinds[KIND[name]] = 1
  const cpus = filter.cpus && new Set(filter.cpus)
  const pids = filter.pids && new Set(filter.pids)
  const words = filter.text?.toLowerCase()
  const extent: Extent = { vpn: 0, pages: 0, pfn: 0, frames: 0 }
  return (event) => {
    const head = log.lane(event, HEAD)
    if (kinds !== undefined && kinds[head & 0xff] === 0) return false
    if (machine !== undefined && head >>> 20 !== machine) return false
    if (cpus !== undefined && !cpus.has((head >>> 8) & 0xfff)) return false
    if (pids !== undefined && !pids.has(trace.pidOf(event))) return false
    if (order !== undefined && orderOf(trace, event) !== order) return false
    if (address !== undefined || frames !== undefined) {
      extentOf(trace, event, extent)
      const { pageSize } = trace.shapes[head >>> 20].geometry
      const begin = extent.vpn * pageSize
      const end = begin + extent.pages * pageSize
      if (address !== undefined && (extent.pages === 0 || begin >= address.to || end <= address.from))
        return false
      if (
        frames !== undefined &&
        (extent.frames === 0 || extent.pfn >= frames.to || extent.pfn + extent.frames <= frames.from)
      )
        return false
    }
    return words === undefined || textMatches(trace, event, head & 0xff, words)
  }
}

function textMatches(trace: IndexedTrace, event: number, kind: number, words: string): boolean {
  return TRACE_KINDS[kind].includes(words) || decode(trace, event).text.toLowerCase().includes(words)
}
