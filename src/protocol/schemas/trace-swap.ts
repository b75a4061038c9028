/** Schema of what is answered about swap slots and memory tags at an event. */
import { MAX_TRACE_SWAP_PAGES } from '../limits'
import type * as t from '../trace'
import * as v from 'valibot'
import * as s from './base'

/** Granules of a page of 64K. */
const GRANULES = 4_096
const tags = v.union([s.integer(0, 15), s.textOf(GRANULES)]) as s.Schema<t.TracePageTags>
const held: s.Schema<t.TraceSwapPage['held']> = s.oneOf('cache', 'parked', 'none')

const page = s.shape<t.TraceSwapPage>({
  pfn: s.countOrNone,
  order: s.countOrNone,
  index: s.countOrNone,
  tags: s.maybe(tags),
  tagged: s.maybe(s.flag),
  slot: s.countOrNone,
  past: s.flag,
  count: s.count,
  held,
  saved: s.maybe(tags),
  savedAt: s.count,
  restoredAt: s.count,
  droppedAt: s.count,
  restore: s.name
})

const run = s.shape<t.TraceSlotRun>({
  slot: s.count,
  slots: s.count,
  count: s.count,
  held,
  folio: s.count,
  saved: s.count
})

export const swap = s.shape<t.TraceSwap>({
  machine: s.count,
  pid: s.count,
  address: s.count,
  pageSize: s.count,
  design: s.maybe(
    s.shape<NonNullable<t.TraceSwap['design']>>({ name: s.name, title: s.line, wrong: s.maybe(s.line) })
  ),
  mappings: s.list(
    s.shape<t.TraceSwapMapping>({
      pid: s.count,
      flags: s.list(s.count, MAX_TRACE_SWAP_PAGES),
      slots: s.list(s.countOrNone, MAX_TRACE_SWAP_PAGES)
    }),
    16
  ),
  pages: s.list(page, MAX_TRACE_SWAP_PAGES),
  area: s.shape<t.TraceSwap['area']>({
    slots: s.count,
    used: s.count,
    cached: s.count,
    parked: s.count,
    buffers: s.count,
    bytes: s.count,
    total: s.count,
    runs: s.list(run, 64)
  })
})
