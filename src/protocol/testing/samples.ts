/** One valid message of every kind, for tests that break them. */
import type { ForkView, PteView } from '../results'
import type {
  HostEvent,
  HostService,
  RunRecord,
  RunSummary,
  SimulatorEvent,
  SimulatorService
} from '../services'
import { exploreSamples } from './explore-samples'
import { traceSamples } from './trace-samples'

type Request<F> = F extends (request: infer R) => unknown ? R : never
type Reply<F> = F extends (...args: never[]) => Promise<infer R> ? R : never

export type Samples<S, E extends { type: string }> = {
  readonly requests: { readonly [M in keyof S]: Request<S[M]> | undefined }
  readonly replies: { readonly [M in keyof S]: Reply<S[M]> }
  readonly events: { readonly [T in E['type']]: Extract<E, { type: T }> }
}

const engine = { version: '0.1.0', hash: 'a'.repeat(64) }
const parameters = { kernel: 'contpte-v2', cpus: 32, warm: true }
const diagnostic = {
  code: 'script-throw',
  severity: 'error',
  message: 'no',
  file: 'a.ts',
  line: 12,
  column: 3,
  parameters
} as const
const row = { parameters, metric: 'fork', value: 1234.5, unit: 'ns' }
const expectation = {
  name: 'x',
  parameters,
  status: 'pass',
  expected: '1',
  found: '1',
  at: 'a.ts:3:5'
} as const
const line = { cell: -1, level: 'warn', text: 'hello', at: 'a.ts:1:1' } as const
const header = {
  title: 'Fork',
  claim: 'c',
  source: 's',
  topic: 't',
  parameters: { kernel: ['a', 'b'], cpus: [1, 2] }
}
const summary: RunSummary = {
  runId: '20261123T211700-abcdef',
  file: 'a.ts',
  title: 'Fork',
  status: 'running',
  seed: 1,
  cellsDone: 1,
  cellsTotal: 2,
  passed: 1,
  failed: 0,
  elapsedMs: 12.5,
  startedAt: '2026-11-23T21:17:00.000Z'
}
export const sampleRecord: RunRecord = {
  ...summary,
  text: 'export default 1',
  header,
  rows: [row],
  expectations: [expectation],
  charts: [{ name: 'chart', spec: { mark: 'line', data: { values: [1, null, 'x'] } } }],
  console: [line],
  diagnostics: [diagnostic],
  cells: [
    { parameters, forks: 1, key: 'k' },
    { parameters, forks: -1, key: 'l' }
  ],
  engine
}
const view: PteView = {
  pid: 1,
  address: 0x7f0000000000,
  pageSize: 4096,
  blockEntries: 16,
  total: 2,
  flags: [7, 7],
  pfn: [16, 17],
  raw: ['e8000000010fd3', 'e8000000011fd3'],
  mapcount: [1, 1],
  refcount: [2, 2],
  order: [4, 4],
  exclusive: [1, 1],
  summary: { present: 2, writable: 2, readOnly: 0, foldedBlocks: 0 }
}
export const sampleForkView: ForkView = {
  index: 0,
  parentPid: 1,
  childPid: 2,
  parentBefore: [view],
  parentAfter: [view],
  child: [view],
  counters: { forkBatch: 1 },
  batches: [16]
}
const ofRun = { runId: summary.runId }

export const simulatorSamples: Samples<SimulatorService, SimulatorEvent> = {
  requests: {
    ...traceSamples.requests,
    ...exploreSamples.requests,
    hello: undefined,
    check: { file: 'a.ts', text: 'x' },
    startRun: {
      file: 'a.ts',
      text: 'x',
      parameters: { cpus: [1, 2] },
      seed: 3,
      workers: 2,
      limits: { scriptMs: 100 },
      check: false,
      trace: { limit: 1000 }
    },
    cancelRun: ofRun,
    listRuns: undefined,
    getRun: ofRun,
    forkView: { ...ofRun, cell: 0, fork: 0 },
    exportRun: ofRun
  },
  replies: {
    ...traceSamples.replies,
    ...exploreSamples.replies,
    hello: {
      engine,
      apiVersion: 1,
      cores: 2,
      kernels: [{ name: 'no-contpte', title: 'No contpte', granules: ['4K'] }],
      costProfiles: [{ name: 'ampere-altra', title: 'Ampere Altra', note: 'n' }],
      counters: { read: 'Loads.' }
    },
    check: { diagnostics: [diagnostic], header },
    startRun: ofRun,
    cancelRun: { status: 'cancelled' },
    listRuns: [summary],
    getRun: sampleRecord,
    forkView: sampleForkView,
    exportRun: { name: 'a.contpte.zip', bytes: new Uint8Array([1, 2, 3]), sha256: 'b'.repeat(64) }
  },
  events: {
    'run-started': { type: 'run-started', run: summary },
    'run-progress': {
      type: 'run-progress',
      ...ofRun,
      status: 'running',
      cellsDone: 1,
      cellsTotal: 2,
      elapsedMs: 5,
      remainingMs: -1,
      share: 1.5,
      current: parameters,
      within: { done: 5, of: 10 }
    },
    'cell-finished': {
      type: 'cell-finished',
      ...ofRun,
      cell: {
        index: 0,
        key: 'k',
        parameters,
        rows: [row],
        expectations: [expectation],
        console: [line],
        error: diagnostic
      },
      forks: 1
    },
    console: { type: 'console', ...ofRun, line },
    'run-ended': { type: 'run-ended', ...ofRun, run: sampleRecord },
    ...exploreSamples.events,
    'trace-progress': { type: 'trace-progress', ...ofRun, cell: 1, phase: 'running', events: 9 }
  }
}

const entry = {
  id: 'yours/a.ts',
  file: 'a.ts',
  title: 'A',
  claim: 'c',
  source: 's',
  topic: 'Yours',
  readOnly: false
}
const draft = { id: 'untitled:1', text: 'x', caret: { line: 1, column: 1 }, base: '' }

export const hostSamples: Samples<HostService, HostEvent> = {
  requests: {
    info: undefined,
    listExperiments: undefined,
    readExperiment: { id: 'yours/a.ts' },
    saveExperiment: { id: 'yours/a.ts', text: 'x' },
    duplicateExperiment: { id: 'yours/a.ts', text: 'x' },
    deleteExperiment: { id: 'yours/a.ts' },
    loadDrafts: undefined,
    saveDraft: draft,
    discardDraft: { id: 'untitled:1' },
    loadState: undefined,
    saveState: { state: { theme: 'dark', layout: { panels: [1, null] } } },
    saveFile: { name: 'a.zip', bytes: new Uint8Array([9]), filter: { name: 'Bundle', extensions: ['zip'] } },
    restartSimulator: undefined,
    readLog: undefined
  },
  replies: {
    info: { version: '0.1.0', shell: 'web', platform: 'linux' },
    listExperiments: [entry],
    readExperiment: { entry, text: 'x' },
    saveExperiment: entry,
    duplicateExperiment: entry,
    deleteExperiment: undefined,
    loadDrafts: [draft],
    saveDraft: undefined,
    discardDraft: undefined,
    loadState: { state: {}, notice: 'n' },
    saveState: undefined,
    saveFile: { outcome: 'download', name: 'a.zip' },
    restartSimulator: undefined,
    readLog: ['line']
  },
  events: {
    simulator: { type: 'simulator', state: 'restarting', restarts: 1, reason: 'killed' },
    command: { type: 'command', id: 'run.start' }
  }
}
