/** Schemas of what a run produces (`lab/results/types.ts`). */
import * as v from 'valibot'
import { MAX_ITEMS, MAX_NAME_CHARS, MAX_PARAMETERS, MAX_VALUES, MAX_VIEW_ENTRIES } from '../limits'
import type {
  CellResult,
  Chart,
  ConsoleLine,
  Diagnostic,
  Expectation,
  ExperimentHeader,
  ForkView,
  Limits,
  Parameters,
  ParameterValue,
  PteView,
  Row,
  RunStatus
} from '../results'
import * as s from './base'

export const parameterValue: s.Schema<ParameterValue> = v.union([s.line, s.finite, s.flag])
export const parameters: s.Schema<Parameters> = s.record(parameterValue, MAX_PARAMETERS)
export const parameterSpace = s.record(s.list(parameterValue, MAX_VALUES), MAX_PARAMETERS)
export const status: s.Schema<RunStatus> = s.oneOf(
  'checking',
  'running',
  'finished',
  'failed',
  'cancelled',
  'lost'
)
export const hash: s.Schema<string> = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))
export const engine = s.shape<{ readonly version: string; readonly hash: string }>({
  version: s.name,
  hash: s.name
})

const isName = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_NAME_CHARS

function isParameters(value: unknown): boolean {
  if (!s.isPlain(value)) return false
  const values = Object.values(value)
  return (
    values.length <= MAX_PARAMETERS &&
    values.every((each) => typeof each === 'string' || typeof each === 'boolean' || Number.isFinite(each))
  )
}

function isRow(value: unknown): boolean {
  return (
    s.isPlain(value) &&
    Object.keys(value).length === (value.event === undefined ? 4 : 5) &&
    (value.event === undefined || Number.isSafeInteger(value.event)) &&
    isName(value.metric) &&
    isName(value.unit) &&
    Number.isFinite(value.value) &&
    isParameters(value.parameters)
  )
}

/** Rows come by the hundred thousand: checked by hand, without a copy of each. */
export const rows: s.Schema<readonly Row[]> = v.custom<readonly Row[]>(
  (value) => Array.isArray(value) && value.length <= MAX_ITEMS && value.every(isRow),
  'Expected rows of {parameters, metric, value, unit, event?}'
)

export const expectation = s.shape<Expectation>({
  name: s.line,
  parameters,
  status: s.oneOf('pass', 'fail'),
  expected: s.line,
  found: s.line,
  at: s.line,
  event: s.maybe(s.count)
})

export const chart = s.shape<Chart>({ name: s.line, spec: s.jsonObject() })

export const diagnostic = s.shape<Diagnostic>({
  code: s.name,
  severity: s.oneOf('error', 'warning', 'info'),
  message: s.line,
  hint: s.maybe(s.line),
  file: s.maybe(s.line),
  line: s.maybe(s.count),
  column: s.maybe(s.count),
  endLine: s.maybe(s.count),
  endColumn: s.maybe(s.count),
  parameters: s.maybe(parameters)
})

export const consoleLine = s.shape<ConsoleLine>({
  cell: s.countOrNone,
  level: s.oneOf('log', 'info', 'warn', 'error'),
  text: s.textOf(64 * 1024 * 1024),
  at: s.maybe(s.line),
  event: s.maybe(s.count)
})

export const limits = s.shape<Partial<Limits>>({
  scriptMs: s.maybe(s.integer(1)),
  memoryBytes: s.maybe(s.integer(1)),
  outputBytes: s.maybe(s.integer(1))
})

const numbers = s.list(s.finite, MAX_VIEW_ENTRIES)

export const pteView = s.shape<PteView>({
  pid: s.count,
  address: s.finite,
  pageSize: s.count,
  blockEntries: s.count,
  total: s.count,
  flags: numbers,
  pfn: numbers,
  raw: s.list(s.name, MAX_VIEW_ENTRIES),
  mapcount: numbers,
  refcount: numbers,
  order: numbers,
  exclusive: numbers,
  summary: s.shape<PteView['summary']>({
    present: s.count,
    writable: s.count,
    readOnly: s.count,
    foldedBlocks: s.count
  })
})

const views = s.list(pteView, 4_096)

export const forkView = s.shape<ForkView>({
  index: s.count,
  parentPid: s.count,
  childPid: s.count,
  parentBefore: views,
  parentAfter: views,
  child: views,
  counters: s.record(s.finite, 4_096),
  batches: numbers
})

export const cellResult = s.shape<Omit<CellResult, 'forks'>>({
  index: s.count,
  key: s.name,
  parameters,
  rows,
  expectations: s.list(expectation, MAX_ITEMS),
  console: s.list(consoleLine, MAX_ITEMS),
  error: s.maybe(diagnostic)
})

export const header = s.shape<ExperimentHeader>({
  title: s.line,
  claim: s.maybe(s.line),
  source: s.maybe(s.line),
  topic: s.maybe(s.line),
  parameters: parameterSpace
})
