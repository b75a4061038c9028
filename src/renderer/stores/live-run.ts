import type { RunRecord, RunSummary, SimulatorEvent } from '../../protocol/services'
import type { CellResult, ConsoleLine, Diagnostic, Parameters, RunStatus } from '../../protocol/results'

export interface Progress {
  readonly done: number
  /** 0 while the script is being checked. */
  readonly total: number
  /** Cells done, with what those under way say they have done of themselves. */
  readonly share: number
  readonly elapsedMs: number
  /** -1 while there is no estimate. */
  readonly remainingMs: number
  /** Parameters of a cell being run now. */
  readonly current?: Parameters
  /** What that cell says it has done. */
  readonly within?: { readonly done: number; readonly of: number }
}

/** A run as it grows: the record so far and its progress. Each change is a new object. */
export interface LiveRun extends RunRecord {
  readonly progress: Progress
  /** Set for runs that ended before all cells: `2/100`. */
  readonly partial?: string
}

type RunEvent = Exclude<SimulatorEvent, { type: 'run-started' | 'trace-progress' | 'explore-progress' }>
type Cell = LiveRun['cells'][number]

/** Whether the run still moves. */
export function isLive(run: Pick<RunSummary, 'status'> | null | undefined): boolean {
  return run?.status === 'running' || run?.status === 'checking'
}

/** `2/100` for a run that ended before all its cells, else nothing. */
export function partialOf(run: Pick<RunSummary, 'status' | 'cellsDone' | 'cellsTotal'>): string | undefined {
  if (isLive(run) || run.cellsDone >= run.cellsTotal) return undefined
  return `${run.cellsDone}/${run.cellsTotal}`
}

/** A record as a live run, e.g. one of the history. */
export function fromRecord(record: RunRecord): LiveRun {
  return {
    ...record,
    progress: {
      done: record.cellsDone,
      total: record.cellsTotal,
      share: record.cellsDone,
      elapsedMs: record.elapsedMs,
      remainingMs: isLive(record) ? -1 : 0
    },
    partial: partialOf(record)
  }
}

/** A run that was just started, before its first event. */
export function fromSummary(
  summary: RunSummary,
  text: string,
  engine: RunRecord['engine'] = { version: '', hash: '' }
): LiveRun {
  return fromRecord({
    ...summary,
    text,
    engine,
    rows: [],
    expectations: [],
    charts: [],
    console: [],
    diagnostics: [],
    cells: []
  })
}

/** What a run says of itself in one sentence, for the status line and screen readers. */
export function runSentence(run: LiveRun): string {
  const checked = run.passed + run.failed
  const verdict =
    checked === 0
      ? 'nothing was expected'
      : run.failed === 0
        ? checked === 1
          ? 'the one expectation holds'
          : `all ${checked} expectations hold`
        : `${run.failed} of ${checked} expectations ${run.failed === 1 ? 'does' : 'do'} not hold`
  const kept = run.partial ? `, finished cells ${run.partial} are kept` : ''
  switch (run.status) {
    case 'checking':
      return `Checking ${run.file}`
    case 'running':
      return `Running ${run.file}`
    case 'finished':
      return `Run finished: ${verdict}`
    case 'cancelled':
      return `Run cancelled${kept}`
    case 'failed':
      return `Run failed: ${firstError(run)}${kept}`
    case 'lost':
      return `Run lost because the simulator stopped${kept}`
  }
}

function firstError(run: LiveRun): string {
  const error = run.diagnostics.find((diagnostic) => diagnostic.severity === 'error')
  if (!error) return 'see Problems'
  return error.line ? `${error.file ?? run.file}:${error.line}: ${error.message}` : error.message
}

/**
 * Collects the events of one run. Cells may finish in any order; rows and expectations are always shown
 * in cell order, as the finished record has them. Taking an event in is cheap; the picture is made when
 * it is asked for.
 */
export class RunCollector {
  private run: LiveRun
  private readonly finished = new Map<number, { cell: Omit<CellResult, 'forks'>; forks: number }>()
  private readonly console: ConsoleLine[] = []
  private readonly errors: Diagnostic[] = []
  private stale = false

  constructor(start: LiveRun) {
    this.run = start
  }

  /** The run as it stands; the same object until something changes. */
  get value(): LiveRun {
    if (this.stale) this.run = this.draw()
    this.stale = false
    return this.run
  }

  /** Whether the run still moves, without drawing it. */
  get live(): boolean {
    return isLive(this.run)
  }

  /** How the run stands, without drawing it. */
  get status(): RunStatus {
    return this.run.status
  }

  /** Takes in one event. */
  apply(event: RunEvent): void {
    switch (event.type) {
      case 'run-progress':
        this.run = { ...this.run, status: event.status, progress: this.advance(event) }
        break
      case 'cell-finished':
        this.finished.set(event.cell.index, { cell: event.cell, forks: event.forks })
        if (event.cell.error) this.errors.push(event.cell.error)
        break
      case 'console':
        this.console.push(event.line)
        break
      case 'run-ended':
        this.end(fromRecord(event.run))
        return
    }
    this.stale = true
  }

  /** Replaces what was collected by the finished record. */
  end(run: LiveRun): void {
    this.run = run
    this.stale = false
  }

  /** The simulator died: what finished is kept, and the run says so. */
  lose(): void {
    const { value } = this
    const lost = { ...value, status: 'lost' as const }
    this.end({ ...lost, partial: partialOf(lost), progress: { ...value.progress, remainingMs: 0 } })
  }

  // Late or reordered reports must not turn the bar back.
  private advance(event: Extract<RunEvent, { type: 'run-progress' }>): Progress {
    const { progress } = this.run
    return {
      done: Math.max(progress.done, event.cellsDone),
      total: Math.max(progress.total, event.cellsTotal),
      share: Math.max(progress.share, event.share),
      elapsedMs: Math.max(progress.elapsedMs, event.elapsedMs),
      remainingMs: event.remainingMs,
      current: event.current,
      within: event.within
    }
  }

  private draw(): LiveRun {
    const order = [...this.finished.values()].sort((a, b) => a.cell.index - b.cell.index)
    const expectations = order.flatMap(({ cell }) => [...cell.expectations])
    const failed = expectations.filter((expectation) => expectation.status === 'fail').length
    const done = Math.max(this.run.progress.done, order.length)
    const cells: Cell[] = []
    for (const { cell, forks } of order)
      cells[cell.index] = { parameters: cell.parameters, forks, key: cell.key }
    return {
      ...this.run,
      cellsDone: done,
      cellsTotal: this.run.progress.total,
      elapsedMs: this.run.progress.elapsedMs,
      rows: order.flatMap(({ cell }) => [...cell.rows]),
      expectations,
      passed: expectations.length - failed,
      failed,
      console: [...this.console],
      diagnostics: [...this.errors],
      cells: Array.from(cells, (cell) => cell ?? { parameters: {}, forks: -1, key: '' }),
      progress: { ...this.run.progress, done, share: Math.max(this.run.progress.share, done) }
    }
  }
}
