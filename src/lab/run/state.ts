/** What is known of a run, the events that tell it, and the store that keeps it. */
import { DEFAULT_TRACE_LIMIT } from '../../engine/trace/log'
import { ENGINE_HASH, VERSION } from 'virtual:engine-hash'
import { problem } from '../diagnostic'
import type {
  CellResult,
  Chart,
  ConsoleLine,
  Diagnostic,
  ExperimentHeader,
  ForkView,
  Parameters,
  ParameterValue,
  Row,
  RunStatus
} from '../results/types'
import type { ScriptHeader, TaskResult } from '../sandbox/messages'
import type { RunRecord, RunRequest, RunSummary, SimulatorEvent } from '../../protocol/services'
import type { DispatchProgress } from './dispatcher'
import type { Cell, RunEnvironment } from './types'

/** Cells whose fork views are held in memory when nothing stores them. */
const MAX_CELLS_WITH_FORKS = 64

type Listener = (event: SimulatorEvent) => void

/** Version and hash of the engine in this build. */
export const ENGINE = { version: VERSION, hash: ENGINE_HASH } as const

/** Events of each cell's trace that a run was asked to keep; nothing where it is not traced. */
export function traceLimit({ trace }: Pick<RunRequest, 'trace'>): number | undefined {
  return trace && (trace.limit ?? DEFAULT_TRACE_LIMIT)
}

export class RunState {
  readonly runId: string
  readonly #request: RunRequest
  readonly #env: RunEnvironment
  readonly #listeners = new Set<Listener>()
  readonly #startedAt: string
  readonly #startedMs: number
  /** Finished cells without their fork views: those are large, and wait in `#forks` for the store. */
  readonly #finished = new Map<number, CellResult>()
  readonly #forks = new Map<number, readonly ForkView[]>()
  readonly #forkCounts = new Map<number, number>()
  readonly #diagnostics: Diagnostic[] = []
  #status: RunStatus = 'checking'
  #header: ExperimentHeader | undefined
  #cells: readonly Cell[] = []
  #conclusion: TaskResult | undefined
  #charts: readonly Chart[] = []
  #current: Parameters | undefined
  #runningSince = 0
  #doneSoFar = 0
  #shareSoFar = 0
  #endedMs: number | undefined
  #stored: Promise<void> = Promise.resolve()
  #storing = true

  constructor(request: RunRequest, env: RunEnvironment) {
    this.#request = request
    this.#env = env
    this.runId = env.newRunId()
    this.#startedAt = env.timestamp()
    this.#startedMs = env.now()
  }

  get ended(): boolean {
    return this.#endedMs !== undefined
  }

  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  started(): void {
    this.#emit({ type: 'run-started', run: this.summary() })
  }

  /** The header is known and the cells are about to run. */
  async sweep({ concludes: _, ...header }: ScriptHeader, cells: readonly Cell[]): Promise<void> {
    this.#header = header
    this.#cells = cells
    this.#status = 'running'
    this.#runningSince = this.#env.now()
    this.#store((store) => store.begin(this.record()))
    await this.#stored
    this.progressed()
  }

  finished(cell: CellResult): void {
    const { forks, ...rest } = cell
    this.#keep(cell)
    this.#store(async (store) => {
      await store.cellFinished(this.runId, cell)
      this.#forks.delete(cell.index)
    })
    const tell = (): void =>
      this.#emit({ type: 'cell-finished', runId: this.runId, cell: rest, forks: forks.length })
    // What a window has been shown must survive a crash: told when it is kept, not before.
    if (this.#env.store) this.#stored = this.#stored.then(tell)
    else tell()
  }

  /** Drops finished cells that do not count after all: those behind the first failing one. */
  settled(results: readonly CellResult[]): void {
    const kept = new Set(results.map((cell) => cell.index))
    for (const index of [...this.#finished.keys()]) if (!kept.has(index)) this.#finished.delete(index)
  }

  printed(line: ConsoleLine): void {
    // What the module prints while only its header is read will be printed again by every cell.
    if (this.#status === 'running') this.#emit({ type: 'console', runId: this.runId, line })
  }

  /** @param at where the cells stand; nothing while none runs */
  progressed(at?: Pick<DispatchProgress, 'current' | 'part' | 'within'>): void {
    if (this.ended) return
    this.#current = at?.current ?? this.#current
    const current = this.#current
    const now = this.#env.now()
    this.#doneSoFar = Math.max(this.#doneSoFar, this.#finished.size)
    const done = this.#doneSoFar
    const { part = 0, within } = at ?? {}
    // A cell that ended counts whole before the next one says anything: the sum never falls.
    this.#shareSoFar = Math.min(this.#cells.length, Math.max(this.#shareSoFar, this.#finished.size + part))
    const share = this.#shareSoFar
    const perCell = share === 0 ? 0 : (now - this.#runningSince) / share
    this.#emit({
      type: 'run-progress',
      runId: this.runId,
      status: this.#status,
      cellsDone: done,
      cellsTotal: this.#cells.length,
      elapsedMs: Math.round(now - this.#startedMs),
      remainingMs: share === 0 ? -1 : Math.round(perCell * (this.#cells.length - share)),
      share,
      ...(current ? { current } : {}),
      ...(within ? { within } : {})
    })
  }

  concluded(result: TaskResult): void {
    this.#conclusion = result
  }

  drawn(charts: readonly Chart[]): void {
    this.#charts = [...charts]
  }

  async end(status: RunStatus, diagnostics: readonly Diagnostic[]): Promise<void> {
    this.#status = status
    this.#diagnostics.push(...diagnostics)
    this.#endedMs = Math.round(this.#env.now() - this.#startedMs)
    await this.#stored
    this.#store((store) => store.end(this.record()))
    await this.#stored
    this.#emit({ type: 'run-ended', runId: this.runId, run: this.record() })
  }

  /** Rows so far: of finished cells in their order, then those of `conclude`. */
  rows(): Row[] {
    return [...this.#inOrder().flatMap((cell) => cell.rows), ...(this.#conclusion?.rows ?? [])]
  }

  forkView(cell: number, fork: number): ForkView | undefined {
    return this.#forks.get(cell)?.[fork]
  }

  summary(): RunSummary {
    const expectations = this.#expectations()
    const passed = expectations.filter((one) => one.status === 'pass').length
    return {
      runId: this.runId,
      file: this.#request.file,
      title: this.#header?.title ?? this.#request.file,
      status: this.#status,
      seed: this.#request.seed,
      cellsDone: this.#finished.size,
      cellsTotal: this.#cells.length,
      passed,
      failed: expectations.length - passed,
      elapsedMs: this.#endedMs ?? Math.round(this.#env.now() - this.#startedMs),
      startedAt: this.#startedAt,
      ...(this.#cells.length > 0 ? { parameters: spaceOf(this.#cells) } : {})
    }
  }

  record(): RunRecord {
    const cells = this.#inOrder()
    const limit = traceLimit(this.#request)
    return {
      ...this.summary(),
      text: this.#request.text,
      ...(this.#header ? { header: this.#header } : {}),
      rows: this.rows(),
      expectations: this.#expectations(),
      charts: this.#charts,
      console: [...cells.flatMap((cell) => cell.console), ...(this.#conclusion?.console ?? [])],
      diagnostics: [...this.#diagnostics],
      cells: this.#cells.map(({ index, key, parameters }) => ({
        parameters,
        forks: this.#finished.has(index) ? (this.#forkCounts.get(index) ?? 0) : -1,
        key
      })),
      engine: ENGINE,
      ...(limit === undefined ? {} : { trace: { limit } })
    }
  }

  #keep(cell: CellResult): void {
    this.#finished.set(cell.index, { ...cell, forks: [] })
    this.#forkCounts.set(cell.index, cell.forks.length)
    // With a store they wait until they are kept; without one the first cells' views are enough.
    if (
      cell.forks.length > 0 &&
      ((this.#env.store && this.#storing) || this.#forks.size < MAX_CELLS_WITH_FORKS)
    ) {
      this.#forks.set(cell.index, cell.forks)
    }
  }

  #inOrder(): CellResult[] {
    return [...this.#finished.values()].sort((a, b) => a.index - b.index)
  }

  #expectations(): RunRecord['expectations'] {
    const cells = this.#inOrder().flatMap((cell) => cell.expectations)
    return [...cells, ...(this.#conclusion?.expectations ?? [])]
  }

  #emit(event: SimulatorEvent): void {
    for (const listener of [...this.#listeners]) listener(event)
  }

  /** One call after the other; a failure is told once and ends the storing, not the run. */
  #store(call: (store: NonNullable<RunEnvironment['store']>) => Promise<void>): void {
    const { store } = this.#env
    if (!store) return
    this.#stored = this.#stored.then(async () => {
      if (!this.#storing) return
      try {
        await call(store)
      } catch (error) {
        this.#storing = false
        const text = error instanceof Error ? error.message : String(error)
        this.#diagnostics.push({
          ...problem('store-failed', `the run is not kept on disk: ${text}`),
          severity: 'warning'
        })
      }
    })
  }
}

/** The values each parameter takes over the cells, in the order they first come. */
function spaceOf(cells: readonly Cell[]): Record<string, ParameterValue[]> {
  const space = new Map<string, Set<ParameterValue>>()
  for (const { parameters } of cells)
    for (const [name, value] of Object.entries(parameters)) {
      const values = space.get(name) ?? new Set()
      space.set(name, values.add(value))
    }
  return Object.fromEntries([...space].map(([name, values]) => [name, [...values]]))
}
