/** Everything a shell asks of the laboratory, with one check worker for all of it. */
import { COUNTER_DOCS } from '../engine/trace/counters'
import { KERNELS } from '../engine/kernel'
import type {
  CheckReply,
  CheckRequest,
  RunBookmark,
  RunRecord,
  RunRequest,
  SimulatorInfo
} from '../protocol/services'
import { buildBundle, type Bundle } from './bundle/build'
import { LabError, problem } from './diagnostic'
import type { Diagnostic } from './results/types'
import { resolveLimits } from './limits'
import { API_VERSION } from './run/cell-key'
import { Lane } from './run/lane'
import { startRun } from './run/start'
import { ENGINE } from './run/state'
import type { RunEnvironment, RunHandle } from './run/types'
import { COST_PROFILES } from './sandbox/profiles'
import { Checker } from './script/checker'
import { scriptFileName } from './script/file-name'
import type { ExploreEvent, ExploreService } from '../protocol/explore'
import type { TraceService } from '../protocol/trace'
import { Explorations } from './explore/explorations'
import { TraceError } from './trace/error'
import { TraceStore, type TraceProgress } from './trace/traces'

/** Time a module may take to say what it is while it is being typed. */
const HEADER_MS = 2_000

/** The least that an experiment is. */
const SMALLEST = `import { experiment } from 'contpte-lab'

export default experiment({ title: 'Nothing', run() {} })
`

export class Laboratory {
  readonly #env: RunEnvironment
  readonly #checker: Checker
  #traces: TraceStore | undefined

  constructor(env: RunEnvironment) {
    this.#env = env
    this.#checker = new Checker(env.checkUrl)
  }

  info(): SimulatorInfo {
    return {
      engine: ENGINE,
      apiVersion: API_VERSION,
      cores: this.#env.cores,
      kernels: KERNELS.map(({ name, title }) => ({ name, title, granules: ['4K'] })),
      costProfiles: COST_PROFILES.map(({ name, title, models }) => ({ name, title, note: models })),
      counters: COUNTER_DOCS
    }
  }

  /**
   * Loads what the first check and the first run would load: compiler, declarations, sandbox, so that
   * nobody waits for it later. Never rejects.
   */
  async warm(): Promise<void> {
    await this.check({ file: 'nothing.ts', text: SMALLEST })
  }

  /** Compiles, type-checks, and where nothing is wrong so far asks the module what it is. Never rejects. */
  async check(request: CheckRequest): Promise<CheckReply> {
    let file: string
    try {
      file = scriptFileName(request.file)
    } catch (error) {
      if (error instanceof LabError) return { diagnostics: [error.diagnostic] }
      throw error
    }
    const { code, diagnostics } = await this.#checker.compile(file, request.text, true)
    if (code === undefined || diagnostics.length > 0) return { diagnostics }
    const limits = resolveLimits({ scriptMs: HEADER_MS })
    const lane = new Lane(this.#env, { file, code, text: request.text, limits }, () => undefined)
    const { header, error } = await lane.run({ kind: 'header' })
    await lane.end()
    if (error || !header) return { diagnostics: error ? [error] : [] }
    const { concludes: _, ...rest } = header
    return { diagnostics, header: rest }
  }

  /**
   * The data of a model, as its module exports it. Never rejects.
   * @param types whether types are checked too
   */
  async model(
    file: string,
    text: string,
    types: boolean
  ): Promise<{ readonly definition?: unknown; readonly diagnostics: readonly Diagnostic[] }> {
    const { code, diagnostics } = await this.#checker.compile(file, text, types)
    if (code === undefined || diagnostics.length > 0) return { diagnostics }
    const lane = new Lane(this.#env, { file, code, text, limits: resolveLimits() }, () => undefined)
    const { model, error } = await lane.run({ kind: 'model' })
    await lane.end()
    if (error || model === undefined) return { diagnostics: error ? [error] : [] }
    return { definition: JSON.parse(model) as unknown, diagnostics }
  }

  /** Starts a run; see `startRun`. */
  startRun(request: RunRequest): RunHandle {
    return startRun(request, this.#env, this.#checker)
  }

  /**
   * The bundle of a finished run, with the traces of its cells where the run keeps them: each cell is run
   * once more for its own.
   * @throws LabError `bundle-unfinished`, `bad-chart`, `bundle-too-large`, `trace-failed`
   */
  async bundle(record: RunRecord, bookmarks: readonly RunBookmark[] = []): Promise<Bundle> {
    // A store of its own: what a re-run is compared with must not be what somebody looks at.
    const store = new TraceStore(this.#env, this.#checker, () => Promise.resolve(record))
    const trace = (cell: number) => store.perfetto({ runId: record.runId, cell }, record.trace?.limit)
    try {
      return await buildBundle(record, this.#checker, { bookmarks, trace })
    } catch (error) {
      throw error instanceof TraceError ? new LabError(problem(error.code, error.message)) : error
    } finally {
      await store.dispose()
    }
  }

  /** Traces of the cells of runs that `record` answers; `told` hears how far one is that is being made. */
  traces(
    record: (runId: string) => Promise<RunRecord>,
    told?: (progress: TraceProgress) => void
  ): TraceService {
    return this.traceStore(record, told).service()
  }

  /** Sequences and explorations; `told` hears how far one is. */
  explorations(told: (event: ExploreEvent) => void): ExploreService {
    const model = (file: string, text: string) => this.model(scriptFileName(file), text, true)
    return new Explorations(model, () => this.#env.now(), told).service()
  }

  /** The same as a store: for who wants whole traces. One a laboratory. */
  traceStore(
    record: (runId: string) => Promise<RunRecord>,
    told?: (progress: TraceProgress) => void
  ): TraceStore {
    return (this.#traces ??= new TraceStore(this.#env, this.#checker, record, told))
  }

  /** Ends the workers. */
  async dispose(): Promise<void> {
    await Promise.all([this.#checker.dispose(), this.#traces?.dispose()])
  }
}
