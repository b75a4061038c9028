/** Schemas of what is answered about traces. */
import * as v from 'valibot'
import { MAX_ITEMS, MAX_TRACE_BUCKETS, MAX_TRACE_ENTRIES, MAX_TRACE_PAGE, MAX_TRACE_PARTS } from '../limits'
import type * as t from '../trace'
import * as s from './base'
import { parameters, pteView } from './results'
import { swap } from './trace-swap'

const LANES = 4_096

/** Long lists of numbers: checked by hand, without a copy of each. */
const numbers = (max: number): s.Schema<readonly number[]> =>
  v.custom<readonly number[]>(
    (value) => Array.isArray(value) && value.length <= max && value.every(Number.isFinite),
    `Expected at most ${max} numbers`
  )
const perBucket = numbers(MAX_TRACE_BUCKETS + 1)
const perEntry = numbers(MAX_TRACE_ENTRIES)

/** Names of kinds come from the engine; a kind that is not known there matches nothing. */
export const kind = s.name as s.Schema<t.TraceKind>
export const aspect: s.Schema<t.TraceAspect> = s.oneOf('cells', 'counters', 'verdicts')
const counters = s.record(s.finite, 4_096)

export const operation = s.shape<t.TraceOperation>({
  index: s.count,
  title: s.line,
  name: s.line,
  machine: s.count,
  pid: s.count,
  from: s.count,
  to: s.count,
  at: s.line,
  durationNs: s.finite
})

export const mark = s.shape<t.TraceMark>({
  kind: s.oneOf('row', 'expectation', 'console', 'violation'),
  index: s.count,
  event: s.count,
  at: s.line,
  text: s.line,
  status: s.maybe(s.oneOf('pass', 'fail'))
})

const machine = s.shape<t.TraceMachine>({
  machine: s.count,
  kernel: s.name,
  cpus: s.count,
  tlbs: s.count,
  pageSize: s.count,
  blockEntries: s.count,
  tableEntries: s.count,
  levels: s.count,
  vaBits: s.count,
  cost: s.maybe(s.name),
  mteDesign: s.maybe(s.name)
})

const process = s.shape<t.TraceProcess>({
  machine: s.count,
  pid: s.count,
  parent: s.count,
  from: s.count,
  to: s.count,
  events: s.count
})

export const summary = s.shape<t.TraceSummary>({
  runId: s.name,
  cell: s.count,
  file: s.name,
  title: s.line,
  parameters,
  events: s.count,
  kinds: s.list(s.shape<t.TraceSummary['kinds'][number]>({ kind, events: s.count, doc: s.line }), 256),
  machines: s.list(machine, LANES),
  cpus: s.list(
    s.shape<t.TraceSummary['cpus'][number]>({ machine: s.count, cpu: s.count, events: s.count }),
    MAX_ITEMS
  ),
  processes: s.list(process, MAX_ITEMS),
  spans: s.count,
  operations: s.count,
  findings: s.list(mark, 1_000),
  marks: s.count,
  durationNs: s.finite,
  cut: s.maybe(s.shape<NonNullable<t.TraceSummary['cut']>>({ limit: s.count, notice: s.line })),
  error: s.maybe(s.line),
  bytes: s.count
})

export const event = s.shape<t.TraceEvent>({
  event: s.count,
  kind,
  machine: s.count,
  cpu: s.count,
  pid: s.count,
  timeNs: s.finite,
  address: s.maybe(s.finite),
  pages: s.maybe(s.count),
  pfn: s.maybe(s.finite),
  level: s.maybe(s.integer(-1, 3)),
  before: s.maybe(s.name),
  after: s.maybe(s.name),
  text: s.line,
  operation: s.countOrNone,
  link: s.maybe(s.count)
})

export const events = s.shape<t.TraceEvents>({
  events: s.list(event, MAX_TRACE_PAGE),
  matched: s.count,
  next: s.count
})

const span = s.shape<t.TraceSpan>({
  kind: s.oneOf('operation', 'fork', 'exit', 'fault', 'zap', 'syscall'),
  title: s.line,
  machine: s.count,
  cpu: s.count,
  pid: s.count,
  from: s.count,
  to: s.count,
  fromNs: s.finite,
  toNs: s.finite,
  depth: s.count
})

const lane = s.shape<t.TraceLane>({
  machine: s.count,
  cpu: s.count,
  counts: s.list(
    s.shape<t.TraceLane['counts'][number]>({ kind, buckets: perBucket, counts: perBucket }),
    256
  ),
  spans: s.list(span, 65_536),
  narrow: s.shape<t.TraceLane['narrow']>({ buckets: perBucket, counts: perBucket })
})

export const lanes = s.shape<t.TraceLanes>({
  axis: s.oneOf('event', 'time'),
  from: s.finite,
  to: s.finite,
  buckets: s.count,
  borders: perBucket,
  lanes: s.list(lane, MAX_ITEMS),
  events: s.count
})

export const found = s.shape<t.TraceFound>({ event: s.maybe(event), ordinal: s.count, total: s.count })

export const totals = s.shape<t.TraceTotals>({
  events: s.count,
  kinds: s.list(s.shape<t.TraceTotals['kinds'][number]>({ kind, events: s.count }), 256),
  cpus: s.list(
    s.shape<t.TraceTotals['cpus'][number]>({
      machine: s.count,
      cpu: s.count,
      events: s.count,
      timeNs: s.finite
    }),
    MAX_ITEMS
  ),
  counters: s.list(s.shape<t.TraceTotals['counters'][number]>({ machine: s.count, counters }), LANES)
})

const vma = s.shape<t.TraceVma>({
  address: s.finite,
  pages: s.count,
  access: s.name,
  flags: s.list(s.name, 64),
  anonVma: s.count,
  file: s.maybe(s.name)
})

const processState = s.shape<t.TraceProcessState>({
  machine: s.count,
  pid: s.count,
  anonPages: s.count,
  filePages: s.count,
  swapEntries: s.count,
  vmas: s.list(vma, MAX_ITEMS)
})

/** `PteView` is checked as itself: what is added is checked beside it. */
const entries: s.Schema<t.TraceEntries> = v.pipe(
  v.custom<t.TraceEntries>(
    (value) =>
      s.isPlain(value) &&
      v.is(v.object({ machine: s.count, entire: perEntry, pins: perEntry }), value) &&
      v.is(pteView, without(value, ['machine', 'entire', 'pins'])),
    'Expected entries of a page table'
  )
)

function without(value: object, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)))
}

const map = s.shape<t.TraceMap>({
  machine: s.count,
  pid: s.count,
  address: s.finite,
  pages: s.count,
  pageSize: s.count,
  buckets: s.count,
  none: perBucket,
  writable: perBucket,
  readOnly: perBucket,
  protNone: perBucket,
  swap: perBucket,
  other: perBucket,
  folded: perBucket,
  huge: perBucket,
  dirty: perBucket,
  young: perBucket,
  shared: perBucket,
  broken: perBucket,
  changed: perBucket
})

const packedMap = s.shape<t.TracePackedMap>({
  machine: s.count,
  pid: s.count,
  address: s.finite,
  pages: s.count,
  pageSize: s.count,
  buckets: s.integer(0, MAX_TRACE_BUCKETS),
  runs: numbers(MAX_TRACE_BUCKETS * 14)
})

const folio = s.shape<t.TraceFolio>({
  machine: s.count,
  pfn: s.count,
  order: s.count,
  refcount: s.finite,
  entire: s.finite,
  pins: s.finite,
  mapcount: perEntry,
  exclusive: perEntry,
  flags: s.list(s.name, 64),
  anonVma: s.count
})

const level = s.shape<t.TraceLevel>({
  level: s.integer(-1, 3),
  table: s.count,
  index: s.count,
  address: s.finite,
  bytes: s.count,
  kind: s.oneOf('table', 'leaf', 'invalid', 'none'),
  raw: s.name
})

const tlbEntry = s.shape<t.TraceTlbEntry>({
  slot: s.count,
  pid: s.count,
  address: s.finite,
  pages: s.count,
  pfn: s.finite,
  writable: s.flag,
  dirty: s.flag,
  contiguous: s.flag,
  stale: s.maybe(s.line),
  pending: s.flag
})

const tlb = s.shape<t.TraceTlb>({
  machine: s.count,
  cpu: s.count,
  capacity: s.count,
  entries: s.list(tlbEntry, LANES),
  walks: s.list(
    s.shape<t.TraceTlb['walks'][number]>({
      pid: s.count,
      address: s.finite,
      table: s.count,
      stale: s.flag
    }),
    LANES
  ),
  pending: s.list(
    s.shape<t.TraceTlb['pending'][number]>({ pid: s.count, address: s.finite, pages: s.count }),
    LANES
  )
})

const gather = s.shape<t.TraceGather>({
  runs: s.list(s.shape<t.TraceGather['runs'][number]>({ pfn: s.count, pages: s.count }), 32),
  pages: s.count,
  folios: s.count,
  slots: s.count,
  capacity: s.count,
  freedFolios: s.count,
  freedPages: s.count
})

type Block = NonNullable<t.TraceTeardown['block']>

const block = s.shape<Block>({
  vpn: s.count,
  entries: s.list(
    s.shape<Block['entries'][number]>({
      walk: s.oneOf('fault', 'page', 'block'),
      neighbours: s.flag,
      held: s.list(s.count, LANES),
      pfn: s.countOrNone,
      givenUp: s.flag
    }),
    MAX_TRACE_ENTRIES
  ),
  valid: s.count,
  contiguous: s.count,
  translations: s.list(
    s.shape<Block['translations'][number]>({
      agent: s.count,
      address: s.count,
      pages: s.count,
      pfn: s.count,
      coalesced: s.flag,
      cleared: s.flag
    }),
    LANES
  ),
  invalidation: s.shape<Block['invalidation']>({ removes: s.count, comesBack: s.flag }),
  stores: s.shape<Block['stores']>({ marker: s.flag, valid: s.flag }),
  safe: s.flag,
  rule: s.oneOf(
    'misprogrammed',
    'given-up',
    'nobody-runs',
    'case-b',
    'not-flushed',
    'case-a',
    'folded',
    'plain'
  ),
  why: s.line
})

const teardown = s.shape<t.TraceTeardown>({
  machine: s.count,
  pid: s.count,
  address: s.count,
  pageSize: s.count,
  blockEntries: s.count,
  span: s.maybe(
    s.shape<NonNullable<t.TraceTeardown['span']>>({
      kind: s.oneOf('operation', 'fork', 'exit', 'fault', 'zap', 'syscall'),
      from: s.count,
      to: s.count
    })
  ),
  block: s.maybe(block),
  gather
})

const partState = v.variant('what', [
  v.strictObject({ what: v.literal('processes'), processes: s.list(processState, MAX_ITEMS) }),
  v.strictObject({ what: v.literal('entries'), entries }),
  v.strictObject({ what: v.literal('map'), map }),
  v.strictObject({ what: v.literal('packed-map'), map: packedMap }),
  v.strictObject({
    what: v.literal('folios'),
    folios: s.list(folio, MAX_TRACE_ENTRIES),
    before: s.maybe(s.list(folio, MAX_TRACE_ENTRIES))
  }),
  v.strictObject({ what: v.literal('walk'), levels: s.list(level, 8) }),
  v.strictObject({ what: v.literal('tlbs'), tlbs: s.list(tlb, LANES) }),
  v.strictObject({ what: v.literal('counters'), counters }),
  v.strictObject({ what: v.literal('teardown'), teardown }),
  v.strictObject({ what: v.literal('swap'), swap, before: s.maybe(swap) })
]) as s.Schema<t.TracePartState>

export const state = s.shape<t.TraceState>({
  event: s.count,
  timeNs: s.finite,
  operation: s.countOrNone,
  parts: s.list(partState, MAX_TRACE_PARTS)
})

export const descriptor = s.shape<t.TraceDescriptor>({
  raw: s.name,
  level: s.integer(-1, 3),
  title: s.line,
  fields: s.list(
    s.shape<t.TraceField>({
      bits: s.name,
      name: s.name,
      value: s.name,
      meaning: s.line,
      source: s.line,
      set: s.flag
    }),
    64
  ),
  writtenBy: s.count,
  nextWrite: s.count
})

export const alignment = s.shape<t.TraceAlignment>({
  pairs: s.list(
    s.shape<t.TracePair>({
      a: s.countOrNone,
      b: s.countOrNone,
      title: s.line,
      aEvent: s.count,
      bEvent: s.count
    }),
    MAX_TRACE_PAGE
  ),
  total: s.count,
  unmatchedA: s.count,
  unmatchedB: s.count
})

export const counterpart = s.shape<t.TraceCounterpart>({
  event: s.count,
  pair: s.countOrNone,
  by: s.oneOf('operation', 'page', 'start')
})

export const differences = s.shape<t.TraceDifferences>({
  a: s.count,
  b: s.count,
  cells: s.list(
    s.shape<t.TraceCellDifference>({
      pid: s.count,
      otherPid: s.count,
      address: s.finite,
      a: s.line,
      b: s.line
    }),
    MAX_TRACE_ENTRIES
  ),
  cellsTotal: s.count,
  counters: s.list(s.shape({ name: s.name, a: s.finite, b: s.finite }), 4_096),
  verdicts: s.list(
    s.shape<t.TraceDifferences['verdicts'][number]>({
      name: s.line,
      a: s.oneOf('pass', 'fail', 'none'),
      b: s.oneOf('pass', 'fail', 'none')
    }),
    MAX_ITEMS
  )
})

export const differenceFound = s.shape<t.TraceDifferenceFound>({
  found: s.flag,
  pair: s.countOrNone,
  a: s.count,
  b: s.count,
  aspect,
  text: s.line
})
