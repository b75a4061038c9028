/**
 * Host and simulator in memory, for unit tests and `?fake` of the development server. It answers by
 * rule, not by simulation: nothing it says is a result, and production builds leave it out.
 */
import type { Client, ClientState, Clients } from '../../protocol/client'
import type { Expectation, Parameters, Row } from '../../protocol/results'
import type {
  Draft,
  ExperimentEntry,
  HostEvent,
  HostService,
  RunRecord,
  RunRequest,
  SimulatorEvent,
  SimulatorService
} from '../../protocol/services'
import type { ExploreService } from '../../protocol/explore'
import type { TraceService } from '../../protocol/trace'

/** What a fake answers of traces, unless a test gives it some. */
function refusedTraces(): TraceService {
  const refuse = () => Promise.reject(new Error('a fake makes no traces'))
  return {
    traceOpen: refuse,
    traceOperations: refuse,
    traceMarks: refuse,
    traceEvents: refuse,
    traceLanes: refuse,
    traceFind: refuse,
    traceTotals: refuse,
    traceState: refuse,
    traceDescriptor: refuse,
    traceHugePages: refuse,
    traceFootprint: refuse,
    traceAlign: refuse,
    traceCounterpart: refuse,
    traceDiff: refuse,
    traceNextDifference: refuse
  }
}

/** What a fake answers of sequences, unless a test gives it some. */
function refusedExploring(): ExploreService {
  const refuse = () => Promise.reject(new Error('a fake explores nothing'))
  return { knownSequences: refuse, sequenceView: refuse, explore: refuse, cancelExplore: refuse }
}

const ENGINE = { version: '0.0.0', hash: 'fa4e'.repeat(16) }

/** A client whose state and events a test drives. */
export class FakeClient<S, E> implements Client<S, E> {
  state: ClientState = 'ready'
  generation = 1
  private readonly listeners = new Set<(event: E) => void>()
  private readonly stateListeners = new Set<(state: ClientState, generation: number) => void>()

  constructor(readonly call: S) {}

  on(listener: (event: E) => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  onState(listener: (state: ClientState, generation: number) => void): () => void {
    this.stateListeners.add(listener)
    return () => this.stateListeners.delete(listener)
  }

  emit(event: E): void {
    for (const listener of this.listeners) listener(event)
  }

  become(state: ClientState): void {
    if (state === 'ready' && this.state !== 'ready') this.generation++
    this.state = state
    for (const listener of this.stateListeners) listener(state, this.generation)
  }
}

export interface FakeOptions {
  /** Milliseconds a cell takes; without it, tests send events themselves. */
  readonly cellMs?: number
  readonly experiments?: readonly { readonly entry: ExperimentEntry; readonly text: string }[]
  /** What answers calls about traces; without it they are refused. */
  readonly traces?: TraceService
  /** What answers calls about sequences; without it they are refused. */
  readonly exploring?: ExploreService
}

export interface FakeClients extends Clients {
  readonly host: FakeClient<HostService, HostEvent>
  readonly simulator: FakeClient<SimulatorService, SimulatorEvent>
  readonly drafts: Map<string, Draft>
  readonly library: Map<string, { entry: ExperimentEntry; text: string }>
  readonly started: RunRequest[]
}

const EXAMPLE = {
  entry: {
    id: 'examples/fork-batching.ts',
    file: 'fork-batching.ts',
    title: 'Fork cost of folded blocks',
    claim: 'Batched write-protection removes most of the fork regression',
    topic: 'Fork batching',
    readOnly: true
  },
  text: "import { experiment } from 'contpte-lab'\n\nexport default experiment({ title: 'Fork', run() {} })\n"
}

/** Makes both clients. */
export function fakeClients(
  {
    cellMs,
    experiments = [EXAMPLE],
    traces = refusedTraces(),
    exploring = refusedExploring()
  }: FakeOptions = { cellMs: 300 }
): FakeClients {
  const library = new Map(experiments.map((experiment) => [experiment.entry.id, experiment]))
  const drafts = new Map<string, Draft>()
  const started: RunRequest[] = []
  const runs = new Map<string, RunRecord>()
  let state: Readonly<Record<string, unknown>> = {}

  const found = (id: string) => {
    const experiment = library.get(id)
    if (!experiment) throw new Error(`there is no experiment ${id}`)
    return experiment
  }
  const copy = (id: string, text: string): ExperimentEntry => {
    const stem = (id.split('/').pop() ?? id).replace(/\.ts$/, '')
    let file = `${stem}-copy.ts`
    for (let n = 2; library.has(`yours/${file}`); n++) file = `${stem}-copy-${n}.ts`
    const entry = { id: `yours/${file}`, file, title: file, topic: 'Yours', readOnly: false }
    library.set(entry.id, { entry, text })
    return entry
  }

  const hostService: HostService = {
    info: async () => ({ version: ENGINE.version, shell: 'memory', platform: 'test' }),
    listExperiments: async () => [...library.values()].map(({ entry }) => entry),
    readExperiment: async ({ id }) => found(id),
    saveExperiment: async ({ id, text }) => {
      if (found(id).entry.readOnly) return copy(id, text)
      library.set(id, { entry: found(id).entry, text })
      return found(id).entry
    },
    duplicateExperiment: async ({ id, text }) => copy(id, text),
    deleteExperiment: async ({ id }) => void library.delete(id),
    loadDrafts: async () => [...drafts.values()],
    saveDraft: async (draft) => void drafts.set(draft.id, draft),
    discardDraft: async ({ id }) => void drafts.delete(id),
    loadState: async () => ({ state }),
    saveState: async (request) => void (state = request.state),
    saveFile: async ({ name }) => ({ outcome: 'saved', name }),
    restartSimulator: async () => simulator.become('ready'),
    readLog: async () => ['2026-01-01T00:00:00Z info the fake host was asked for its log']
  }

  const record = (runId: string): RunRecord => {
    const run = runs.get(runId)
    if (!run) throw new Error(`there is no run ${runId}`)
    return run
  }
  const end = (runId: string, status: RunRecord['status']) => {
    const run = { ...record(runId), status }
    runs.set(runId, run)
    simulator.emit({ type: 'run-ended', runId, run })
  }

  const simulatorService: SimulatorService = {
    ...traces,
    ...exploring,
    hello: async () => ({
      engine: ENGINE,
      apiVersion: 1,
      cores: 2,
      kernels: [],
      costProfiles: [{ name: 'ampere-altra', title: 'ampere-altra', note: 'a fake knows no costs' }],
      counters: {}
    }),
    check: async () => ({ diagnostics: [] }),
    startRun: async (request) => {
      started.push(request)
      const runId = `run-${started.length}`
      const run = emptyRun(runId, request)
      runs.set(runId, run)
      simulator.emit({ type: 'run-started', run })
      if (cellMs !== undefined) playCells(run, cellMs)
      return { runId }
    },
    cancelRun: async ({ runId }) => {
      end(runId, 'cancelled')
      return { status: 'cancelled' }
    },
    listRuns: async () => [...runs.values()].reverse(),
    getRun: async ({ runId }) => record(runId),
    forkView: async () => Promise.reject(new Error('a fake captures no forks')),
    exportRun: async ({ runId }) => ({
      name: `${runId}.zip`,
      bytes: new Uint8Array([80, 75]),
      sha256: 'ab'.repeat(32)
    })
  }

  function playCells(start: RunRecord, pause: number): void {
    const cells = CELLS
    let index = 0
    const next = () => {
      const run = record(start.runId)
      if (run.status !== 'checking' && run.status !== 'running') return
      if (index === cells.length) {
        end(start.runId, 'finished')
        return
      }
      const parameters = cells[index]
      const { rows, expectations } = fakeCell(parameters)
      const failed = expectations.filter(({ status }) => status === 'fail').length
      const done = index + 1
      const cell = { index, key: `key-${index}`, parameters, rows, expectations, console: [] }
      runs.set(start.runId, {
        ...run,
        status: 'running',
        cellsDone: done,
        cellsTotal: cells.length,
        rows: [...run.rows, ...rows],
        expectations: [...run.expectations, ...expectations],
        passed: run.passed + expectations.length - failed,
        failed: run.failed + failed,
        cells: [...run.cells, { parameters, forks: 0, key: cell.key }]
      })
      index = done
      simulator.emit({ type: 'cell-finished', runId: start.runId, cell, forks: 0 })
      simulator.emit({
        type: 'run-progress',
        runId: start.runId,
        status: 'running',
        cellsDone: done,
        cellsTotal: cells.length,
        elapsedMs: done * pause,
        remainingMs: (cells.length - done) * pause,
        share: done,
        current: cells[Math.min(done, cells.length - 1)]
      })
      setTimeout(next, pause)
    }
    setTimeout(next, pause)
  }

  const host = new FakeClient<HostService, HostEvent>(hostService)
  const simulator = new FakeClient<SimulatorService, SimulatorEvent>(simulatorService)
  return { host, simulator, drafts, library, started }
}

const CELLS: readonly Parameters[] = ['no-contpte', 'contpte-unbatched', 'contpte-v2'].flatMap((kernel) =>
  [1, 8, 16].map((cpus) => ({ kernel, cpus }))
)

function fakeCell(parameters: Parameters): { rows: readonly Row[]; expectations: readonly Expectation[] } {
  const unfolds = parameters.kernel === 'contpte-unbatched' ? 16384 : 0
  return {
    rows: [
      { parameters, metric: 'fork', value: 1000 * Number(parameters.cpus), unit: 'ns' },
      { parameters, metric: 'counter.unfold', value: unfolds, unit: '1' }
    ],
    expectations: [
      {
        name: 'unfolds by fork',
        parameters,
        status: unfolds === 0 ? 'pass' : 'fail',
        expected: '0',
        found: String(unfolds),
        at: 'fork-batching.ts:3:1'
      }
    ]
  }
}

function emptyRun(runId: string, { file, text, seed }: RunRequest): RunRecord {
  return {
    runId,
    file,
    text,
    seed,
    title: file,
    status: 'checking',
    cellsDone: 0,
    cellsTotal: 0,
    passed: 0,
    failed: 0,
    elapsedMs: 0,
    startedAt: new Date().toISOString(),
    rows: [],
    expectations: [],
    charts: [],
    console: [],
    diagnostics: [],
    cells: [],
    engine: ENGINE
  }
}
