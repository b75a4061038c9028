/** Schemas of the simulator's calls and events. */
import {
  MAX_BOOKMARKS,
  MAX_FILE_BYTES,
  MAX_ITEMS,
  MAX_NOTE_CHARS,
  MAX_RUNS,
  MAX_SCRIPT_CHARS,
  MAX_TRACE_EVENTS,
  MAX_WORKERS
} from '../limits'
import type { Contract } from '../contract'
import type {
  CheckReply,
  CheckRequest,
  RunBookmark,
  RunRecord,
  RunRequest,
  RunSummary,
  SimulatorEvent,
  SimulatorInfo,
  SimulatorService
} from '../services'
import * as s from './base'
import { exploreCalls, exploreEvent } from './explore'
import * as results from './results'
import { traceCalls } from './trace'

type Event<T extends SimulatorEvent['type']> = Extract<SimulatorEvent, { type: T }>

const script = s.textOf(MAX_SCRIPT_CHARS)
const runId = s.name

const info = s.shape<SimulatorInfo>({
  engine: results.engine,
  apiVersion: s.literal(1),
  cores: s.integer(1),
  kernels: s.list(
    s.shape<SimulatorInfo['kernels'][number]>({ name: s.name, title: s.line, granules: s.list(s.name, 16) }),
    1_000
  ),
  costProfiles: s.list(
    s.shape<SimulatorInfo['costProfiles'][number]>({ name: s.name, title: s.line, note: s.line }),
    1_000
  ),
  counters: s.record(s.line, 4_096)
})

const checkRequest = s.shape<CheckRequest>({ file: s.name, text: script })
const checkReply = s.shape<CheckReply>({
  diagnostics: s.list(results.diagnostic, MAX_ITEMS),
  header: s.maybe(results.header)
})

const trace = s.maybe(
  s.shape<NonNullable<RunRequest['trace']>>({ limit: s.maybe(s.integer(1, MAX_TRACE_EVENTS)) })
)

const runRequest = s.shape<RunRequest>({
  file: s.name,
  text: script,
  parameters: s.maybe(results.parameterSpace),
  seed: s.integer(Number.MIN_SAFE_INTEGER),
  workers: s.maybe(s.integer(1, MAX_WORKERS)),
  limits: s.maybe(results.limits),
  check: s.maybe(s.flag),
  trace
})

const summaryEntries = {
  runId,
  file: s.name,
  title: s.line,
  status: results.status,
  seed: s.integer(Number.MIN_SAFE_INTEGER),
  cellsDone: s.count,
  cellsTotal: s.count,
  passed: s.count,
  failed: s.count,
  elapsedMs: s.finite,
  startedAt: s.name,
  parameters: s.maybe(results.parameterSpace)
}
export const runSummary = s.shape<RunSummary>(summaryEntries)

export const runRecord = s.shape<RunRecord>({
  ...summaryEntries,
  text: script,
  header: s.maybe(results.header),
  rows: results.rows,
  expectations: s.list(results.expectation, MAX_ITEMS),
  charts: s.list(results.chart, 10_000),
  console: s.list(results.consoleLine, MAX_ITEMS),
  diagnostics: s.list(results.diagnostic, MAX_ITEMS),
  cells: s.list(
    s.shape<RunRecord['cells'][number]>({
      parameters: results.parameters,
      forks: s.countOrNone,
      key: s.name
    }),
    MAX_ITEMS
  ),
  engine: results.engine,
  trace
})

const bookmark = s.shape<RunBookmark>({
  cell: s.count,
  event: s.integer(0, MAX_TRACE_EVENTS),
  note: s.textOf(MAX_NOTE_CHARS)
})

const ofRun = s.shape<{ readonly runId: string }>({ runId })

export const simulatorContract: Contract<SimulatorService, SimulatorEvent> = {
  name: 'simulator',
  calls: {
    ...traceCalls,
    ...exploreCalls,
    hello: { reply: info },
    check: { request: checkRequest, reply: checkReply },
    startRun: { request: runRequest, reply: ofRun },
    cancelRun: { request: ofRun, reply: s.shape({ status: results.status }) },
    listRuns: { reply: s.list(runSummary, MAX_RUNS) },
    getRun: { request: ofRun, reply: runRecord },
    forkView: { request: s.shape({ runId, cell: s.count, fork: s.count }), reply: results.forkView },
    exportRun: {
      request: s.shape<{ readonly runId: string; readonly bookmarks?: readonly RunBookmark[] }>({
        runId,
        bookmarks: s.maybe(s.list(bookmark, MAX_BOOKMARKS))
      }),
      reply: s.shape({ name: s.name, bytes: s.bytes(MAX_FILE_BYTES), sha256: results.hash })
    }
  },
  events: {
    'run-started': s.shape<Event<'run-started'>>({ type: s.literal('run-started'), run: runSummary }),
    'run-progress': s.shape<Event<'run-progress'>>({
      type: s.literal('run-progress'),
      runId,
      status: results.status,
      cellsDone: s.count,
      cellsTotal: s.count,
      elapsedMs: s.finite,
      remainingMs: s.finite,
      share: s.finite,
      current: s.maybe(results.parameters),
      within: s.maybe(
        s.shape<{ readonly done: number; readonly of: number }>({ done: s.finite, of: s.finite })
      )
    }),
    'cell-finished': s.shape<Event<'cell-finished'>>({
      type: s.literal('cell-finished'),
      runId,
      cell: results.cellResult,
      forks: s.count
    }),
    console: s.shape<Event<'console'>>({ type: s.literal('console'), runId, line: results.consoleLine }),
    'run-ended': s.shape<Event<'run-ended'>>({ type: s.literal('run-ended'), runId, run: runRecord }),
    'explore-progress': exploreEvent,
    'trace-progress': s.shape<Event<'trace-progress'>>({
      type: s.literal('trace-progress'),
      runId,
      cell: s.count,
      phase: s.oneOf('running', 'indexing', 'ready'),
      events: s.count
    })
  }
}
