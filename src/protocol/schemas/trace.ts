/** Schemas of the calls about traces (`protocol/trace.ts`). */
import {
  MAX_CONSOLE_CHARS,
  MAX_CONSOLE_LINES,
  MAX_TRACE_BUCKETS,
  MAX_TRACE_ENTRIES,
  MAX_TRACE_EVENTS,
  MAX_TRACE_FILTERS,
  MAX_TRACE_PAGE,
  MAX_TRACE_PARTS,
  MAX_TRACE_SWAP_PAGES
} from '../limits'
import type { Contract } from '../contract'
import type * as t from '../trace'
import * as v from 'valibot'
import * as s from './base'
import { footprint, hugePages } from './trace-huge-pages'
import * as replies from './trace-replies'

const key = { runId: s.name, cell: s.count }
const event = s.integer(0, MAX_TRACE_EVENTS)
const page = s.integer(1, MAX_TRACE_PAGE)
const axis: s.Schema<number> = v.pipe(v.number(), v.finite(), v.minValue(0))
const buckets = s.integer(1, MAX_TRACE_BUCKETS)
const machine = s.integer(0, 1_023)
const traceKey = s.shape<t.TraceKey>(key)
const span = s.shape<{ readonly from: number; readonly to: number }>({ from: s.count, to: s.count })

const filter = s.shape<t.TraceFilter>({
  kinds: s.maybe(s.list(replies.kind, 256)),
  machine: s.maybe(machine),
  cpus: s.maybe(s.list(s.count, 4_096)),
  pids: s.maybe(s.list(s.count, 4_096)),
  address: s.maybe(span),
  frames: s.maybe(span),
  order: s.maybe(s.integer(0, 30)),
  text: s.maybe(s.name)
})

const range = { ...key, from: event, to: event }
const paged = s.shape<t.TracePage>({ ...key, from: s.count, count: page })
const two = { a: traceKey, b: traceKey, aMachine: s.maybe(machine), bMachine: s.maybe(machine) }

const place = { machine, pid: s.count, address: s.count }
const part = v.variant('what', [
  v.strictObject({ what: v.literal('processes') }),
  v.strictObject({ what: v.literal('entries'), ...place, pages: s.integer(1, MAX_TRACE_ENTRIES) }),
  v.strictObject({ what: v.literal('map'), ...place, pages: s.integer(1), buckets }),
  v.strictObject({ what: v.literal('packed-map'), ...place, pages: s.integer(1), buckets }),
  v.strictObject({
    what: v.literal('folios'),
    machine,
    pid: v.optional(s.count),
    address: s.count,
    pages: s.integer(1, MAX_TRACE_ENTRIES)
  }),
  v.strictObject({ what: v.literal('walk'), ...place }),
  v.strictObject({ what: v.literal('tlbs'), machine, cpu: v.optional(s.count) }),
  v.strictObject({ what: v.literal('counters'), machine }),
  v.strictObject({ what: v.literal('teardown'), ...place }),
  v.strictObject({ what: v.literal('swap'), ...place, pages: s.integer(1, MAX_TRACE_SWAP_PAGES) })
]) as s.Schema<t.TracePart>

export const traceCalls: Contract<t.TraceService, never>['calls'] = {
  traceOpen: {
    request: s.shape<t.TraceOpen>({ ...key, limit: s.maybe(s.integer(1, MAX_TRACE_EVENTS)) }),
    reply: replies.summary
  },
  traceOperations: {
    request: paged,
    reply: s.shape({ operations: s.list(replies.operation, MAX_TRACE_PAGE) })
  },
  traceMarks: { request: paged, reply: s.shape({ marks: s.list(replies.mark, MAX_TRACE_PAGE) }) },
  traceEvents: {
    request: s.shape<t.TraceEventsRequest>({ ...range, filter: s.maybe(filter), count: page }),
    reply: replies.events
  },
  traceLanes: {
    request: s.shape<t.TraceLanesRequest>({
      ...key,
      axis: s.oneOf('event', 'time'),
      from: axis,
      to: axis,
      buckets,
      filter: s.maybe(filter)
    }),
    reply: replies.lanes
  },
  traceFind: {
    request: s.shape<t.TraceFindRequest>({
      ...key,
      from: event,
      direction: s.oneOf('next', 'previous'),
      match: s.list(filter, MAX_TRACE_FILTERS)
    }),
    reply: replies.found
  },
  traceTotals: {
    request: s.shape<t.TraceRange & { readonly filter?: t.TraceFilter }>({
      ...range,
      filter: s.maybe(filter)
    }),
    reply: replies.totals
  },
  traceState: {
    request: s.shape<t.TraceStateRequest>({
      ...key,
      event,
      parts: s.list(part, MAX_TRACE_PARTS),
      since: s.maybe(event)
    }),
    reply: replies.state
  },
  traceDescriptor: {
    request: s.shape<t.TraceDescriptorRequest>({
      ...key,
      event,
      ...place,
      level: s.maybe(s.integer(-1, 3))
    }),
    reply: replies.descriptor
  },
  traceHugePages: {
    request: s.shape<t.TraceHugePagesRequest>({
      ...key,
      event,
      machine,
      range: s.maybe(s.shape({ pid: s.count, address: s.count, pages: s.integer(1) })),
      page: s.maybe(s.count),
      buckets,
      lines: s.list(s.textOf(MAX_CONSOLE_CHARS), MAX_CONSOLE_LINES),
      complete: s.maybe(s.textOf(MAX_CONSOLE_CHARS))
    }),
    reply: hugePages
  },
  traceFootprint: {
    request: s.shape<t.TraceRange & { readonly machine: number }>({ ...range, machine }),
    reply: footprint
  },
  traceAlign: {
    request: s.shape<t.TraceTwo & { readonly from: number; readonly count: number }>({
      ...two,
      from: s.count,
      count: page
    }),
    reply: replies.alignment
  },
  traceCounterpart: {
    request: s.shape<t.TraceTwo & { readonly event: number }>({ ...two, event }),
    reply: replies.counterpart
  },
  traceDiff: {
    request: s.shape<t.TraceDiffRequest>({
      ...two,
      aEvent: event,
      bEvent: event,
      cells: s.integer(0, MAX_TRACE_ENTRIES),
      address: s.maybe(span)
    }),
    reply: replies.differences
  },
  traceNextDifference: {
    request: s.shape<t.TraceNextDifferenceRequest>({
      ...two,
      aEvent: event,
      direction: s.oneOf('next', 'previous'),
      aspects: s.list(replies.aspect, 3)
    }),
    reply: replies.differenceFound
  }
}
