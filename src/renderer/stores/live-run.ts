import type { RunRecord, SimulatorEvent } from '../../protocol/services'
import type { Expectation, Parameters, Row } from '../../protocol/results'

export interface Progress {
  readonly done: number
  /** 0 while the script is being checked. */
  readonly total: number
  readonly elapsedMs: number
  /** -1 while there is no estimate. */
  readonly remainingMs: number
  /** Parameters of a cell being run now. */
  readonly current?: Parameters
}

/** A run as it grows: the record so far and its progress. Each change is a new object. */
export interface LiveRun extends RunRecord {
  readonly progress: Progress
  /** Set for runs that ended before all cells: `2/100`. */
  readonly partial?: string
}

type RunEvent = Exclude<SimulatorEvent, { type: 'run-started' }>

/** A record as a live run, e.g. one from the history. */
export function fromRecord(record: RunRecord): LiveRun {
  return {
    ...record,
    progress: {
      done: record.cellsDone,
      total: record.cellsTotal,
      elapsedMs: record.elapsedMs,
      remainingMs: record.status === 'running' ? -1 : 0
    },
    partial: partialOf(record)
  }
}

function partialOf(record: Pick<RunRecord, 'status' | 'cellsDone' | 'cellsTotal'>): string | undefined {
  const ended = record.status === 'cancelled' || record.status === 'lost' || record.status === 'failed'
  if (!ended || record.cellsDone >= record.cellsTotal) return undefined
  return `${record.cellsDone}/${record.cellsTotal}`
}

/** Whether the run still moves. */
export function isLive(run: Pick<RunRecord, 'status'> | null | undefined): boolean {
  return run?.status === 'running' || run?.status === 'checking'
}

interface CellPart {
  readonly rows: readonly Row[]
  readonly expectations: readonly Expectation[]
}

/**
 * Collects the events of one run. Cells may finish in any order; rows and expectations are always shown
 * in cell order, as the finished record has them.
 */
export class RunCollector {
  private readonly parts = new Map<number, CellPart>()
  private run: LiveRun

  constructor(start: LiveRun) {
    this.run = start
  }

  get value(): LiveRun {
    return this.run
  }

  /** Takes one event in; answers the run after it. */
  apply(event: RunEvent): LiveRun {
    switch (event.type) {
      case 'run-progress':
        this.run = {
          ...this.run,
          status: event.status,
          cellsDone: Math.max(this.run.cellsDone, event.cellsDone),
          cellsTotal: event.cellsTotal,
          elapsedMs: event.elapsedMs,
          progress: {
            // Late or reordered reports must not turn the bar back.
            done: Math.max(this.run.progress.done, event.cellsDone),
            total: event.cellsTotal,
            elapsedMs: Math.max(this.run.progress.elapsedMs, event.elapsedMs),
            remainingMs: event.remainingMs,
            current: event.current
          }
        }
        break
      case 'cell-finished':
        this.takeCell(event)
        break
      case 'console':
        this.run = { ...this.run, console: [...this.run.console, event.line] }
        break
      case 'run-ended':
        this.run = fromRecord(event.run)
        break
    }
    return this.run
  }

  /** The simulator died: what finished is kept, and the run says so. */
  lose(): LiveRun {
    const lost = { ...this.run, status: 'lost' as const }
    this.run = { ...lost, partial: partialOf(lost) }
    return this.run
  }

  private takeCell(event: Extract<RunEvent, { type: 'cell-finished' }>): void {
    const { cell } = event
    this.parts.set(cell.index, { rows: cell.rows, expectations: cell.expectations })
    const order = [...this.parts.keys()].sort((a, b) => a - b)
    const parts = order.map((index) => this.parts.get(index) as CellPart)
    const cells = [...this.run.cells]
    cells[cell.index] = { parameters: cell.parameters, forks: event.forks, key: cell.key }
    const expectations = parts.flatMap((part) => part.expectations)
    const failed = expectations.filter((expectation) => expectation.status === 'fail').length
    this.run = {
      ...this.run,
      cellsDone: Math.max(this.run.cellsDone, this.parts.size),
      rows: parts.flatMap((part) => part.rows),
      expectations,
      passed: expectations.length - failed,
      failed,
      diagnostics: cell.error ? [...this.run.diagnostics, cell.error] : this.run.diagnostics,
      cells: Array.from(cells, (known) => known ?? { parameters: {}, forks: -1, key: '' }),
      progress: { ...this.run.progress, done: Math.max(this.run.progress.done, this.parts.size) }
    }
  }
}
