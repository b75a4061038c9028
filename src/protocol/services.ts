/**
 * The two services a window talks to, over two typed RPC channels (a MessagePort each in Electron, a
 * WebSocket each in the web shell): the simulator, and the host that keeps files, settings and the
 * simulator itself alive. Every call and event is validated where it crosses (see `schemas.ts`).
 */
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
  Row,
  RunStatus
} from '../lab/results/types'
import type { ExploreEvent, ExploreService } from './explore'
import type { TraceService } from './trace'

// ---------------------------------------------------------------- simulator

export interface SimulatorInfo {
  readonly engine: { readonly version: string; readonly hash: string }
  readonly apiVersion: 1
  readonly cores: number
  readonly kernels: readonly {
    readonly name: string
    readonly title: string
    readonly granules: readonly string[]
  }[]
  readonly costProfiles: readonly { readonly name: string; readonly title: string; readonly note: string }[]
  readonly counters: Readonly<Record<string, string>>
}

export interface CheckRequest {
  /** Name shown in positions, e.g. `fork-batching.ts`. */
  readonly file: string
  readonly text: string
}

export interface CheckReply {
  readonly diagnostics: readonly Diagnostic[]
  /** Present when the module could be evaluated without an error. */
  readonly header?: ExperimentHeader
}

export interface RunRequest {
  readonly file: string
  readonly text: string
  /** Narrows the sweep: only these values of these parameters. */
  readonly parameters?: Readonly<Record<string, readonly ParameterValue[]>>
  readonly seed: number
  /** Cells at once; default: the machine's cores. */
  readonly workers?: number
  readonly limits?: Partial<Limits>
  /** Type-check before the run; default true. */
  readonly check?: boolean
  /**
   * Every cell is traced, up to `limit` events (default 4,000,000): what it says carries its event, and the
   * run's bundle holds the traces.
   */
  readonly trace?: { readonly limit?: number }
}

/** A position in the trace of a cell that somebody wants to come back to. */
export interface RunBookmark {
  readonly cell: number
  readonly event: number
  readonly note: string
}

export interface RunSummary {
  readonly runId: string
  readonly file: string
  readonly title: string
  readonly status: RunStatus
  readonly seed: number
  readonly cellsDone: number
  readonly cellsTotal: number
  readonly passed: number
  readonly failed: number
  /** Milliseconds of wall time so far; for people, never part of a result. */
  readonly elapsedMs: number
  /** ISO time of the start; for people, never part of a result. */
  readonly startedAt: string
  /** Values swept over, as far as known: what tells two runs of one script apart. */
  readonly parameters?: Readonly<Record<string, readonly ParameterValue[]>>
}

/** A whole run as it stands. */
export interface RunRecord extends RunSummary {
  readonly text: string
  readonly header?: ExperimentHeader
  /** Rows of all finished cells in cell order, then those of `conclude`. */
  readonly rows: readonly Row[]
  readonly expectations: readonly Expectation[]
  readonly charts: readonly Chart[]
  readonly console: readonly ConsoleLine[]
  readonly diagnostics: readonly Diagnostic[]
  /** Parameters of each cell of the sweep, in order, with how many forks were captured (-1: not finished). */
  readonly cells: readonly { readonly parameters: Parameters; readonly forks: number; readonly key: string }[]
  readonly engine: { readonly version: string; readonly hash: string }
  /** Set where traces were asked for with the run. */
  readonly trace?: { readonly limit?: number }
}

export interface SimulatorService extends TraceService, ExploreService {
  hello(): Promise<SimulatorInfo>
  check(request: CheckRequest): Promise<CheckReply>
  /** Starts a run; answers at once. What happens then comes as events. */
  startRun(request: RunRequest): Promise<{ readonly runId: string }>
  /** Ends a run within a second, whatever it is doing. Idempotent. */
  cancelRun(request: { readonly runId: string }): Promise<{ readonly status: RunStatus }>
  /** Newest first. */
  listRuns(): Promise<readonly RunSummary[]>
  getRun(request: { readonly runId: string }): Promise<RunRecord>
  forkView(request: {
    readonly runId: string
    readonly cell: number
    readonly fork: number
  }): Promise<ForkView>
  /** Builds the run's bundle; only for a finished run. Bookmarks go into it as they are. */
  exportRun(request: {
    readonly runId: string
    readonly bookmarks?: readonly RunBookmark[]
  }): Promise<{ readonly name: string; readonly bytes: Uint8Array; readonly sha256: string }>
}

export type SimulatorEvent =
  | { readonly type: 'run-started'; readonly run: RunSummary }
  | {
      readonly type: 'run-progress'
      readonly runId: string
      readonly status: RunStatus
      readonly cellsDone: number
      readonly cellsTotal: number
      readonly elapsedMs: number
      /** Estimate of the time left, or -1 while there is none. */
      readonly remainingMs: number
      /** Cells done, and what those under way say they have done of themselves: at least `cellsDone`. */
      readonly share: number
      /** Parameters of a cell being run now. */
      readonly current?: Parameters
      /** What that cell says it has done, of what there is to do, in what it counts. */
      readonly within?: { readonly done: number; readonly of: number }
    }
  | {
      readonly type: 'cell-finished'
      readonly runId: string
      readonly cell: Omit<CellResult, 'forks'>
      readonly forks: number
    }
  | { readonly type: 'console'; readonly runId: string; readonly line: ConsoleLine }
  | { readonly type: 'run-ended'; readonly runId: string; readonly run: RunRecord }
  | ExploreEvent
  /** A trace that somebody asked for is being made: events so far. */
  | {
      readonly type: 'trace-progress'
      readonly runId: string
      readonly cell: number
      readonly phase: 'running' | 'indexing' | 'ready'
      readonly events: number
    }

// ---------------------------------------------------------------- host

export interface ExperimentEntry {
  /** Stable id: `examples/fork-batching.ts` or `yours/mine.ts`. */
  readonly id: string
  /** File name. */
  readonly file: string
  readonly title: string
  readonly claim?: string
  readonly source?: string
  readonly topic: string
  /** Examples are read-only: saving one saves a copy under `yours/`. */
  readonly readOnly: boolean
}

/** Unsaved text of one tab, kept so that nothing typed is lost. */
export interface Draft {
  /** The experiment's id, or `untitled:<n>`. */
  readonly id: string
  readonly text: string
  readonly caret: { readonly line: number; readonly column: number }
  /** Text the draft was made from, to tell whether it is changed. */
  readonly base: string
}

export interface HostInfo {
  readonly version: string
  /** For About: `electron` or `web`, platform and versions. Never used to decide behaviour. */
  readonly shell: string
  readonly platform: string
}

export interface HostService {
  info(): Promise<HostInfo>
  listExperiments(): Promise<readonly ExperimentEntry[]>
  readExperiment(request: {
    readonly id: string
  }): Promise<{ readonly entry: ExperimentEntry; readonly text: string }>
  /** Saves under the id; an example's text goes to a copy under `yours/`. Answers the entry saved to. */
  saveExperiment(request: { readonly id: string; readonly text: string }): Promise<ExperimentEntry>
  /** Saves a copy under a new name in `yours/`. */
  duplicateExperiment(request: { readonly id: string; readonly text: string }): Promise<ExperimentEntry>
  deleteExperiment(request: { readonly id: string }): Promise<void>
  loadDrafts(): Promise<readonly Draft[]>
  saveDraft(draft: Draft): Promise<void>
  discardDraft(request: { readonly id: string }): Promise<void>
  /** Settings and layout: one JSON object, validated; broken files are kept aside and defaults used. */
  loadState(): Promise<{ readonly state: Readonly<Record<string, unknown>>; readonly notice?: string }>
  saveState(request: { readonly state: Readonly<Record<string, unknown>> }): Promise<void>
  /**
   * Offers bytes to the user as a file. Electron: save dialog, then an atomic write; answers the name
   * or `cancelled`. Web: answers `download`, and the page downloads the bytes it has.
   */
  saveFile(request: {
    readonly name: string
    readonly bytes: Uint8Array
    readonly filter: { readonly name: string; readonly extensions: readonly string[] }
  }): Promise<{ readonly outcome: 'saved' | 'cancelled' | 'download'; readonly name: string }>
  /** Asks the host to restart a simulator that hangs. */
  restartSimulator(): Promise<void>
  /** Newest lines of the log, oldest first. */
  readLog(): Promise<readonly string[]>
}

export type HostEvent =
  | {
      readonly type: 'simulator'
      readonly state: 'starting' | 'ready' | 'restarting' | 'failed'
      /** How often it was restarted in this session. */
      readonly restarts: number
      /** What ended the last one, in words. */
      readonly reason?: string
    }
  /** A command chosen in the native menu. */
  | { readonly type: 'command'; readonly id: string }
