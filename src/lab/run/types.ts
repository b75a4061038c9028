/**
 * How a run is started and followed. The simulator service, the CLI and `verify` all go through
 * `startRun` (`start.ts`); none of them knows workers.
 */
import type { CellResult, ForkView, Parameters, RunStatus } from '../results/types'
import type { RunRecord, RunSummary, SimulatorEvent } from '../../protocol/services'

/**
 * Where finished cells go while the run goes on, so that a crash loses at most the cells in flight.
 * Calls for one run are made one after the other, each awaited; a rejection becomes a warning in the
 * run's diagnostics and never ends the run.
 */
export interface RunStore {
  /** Before the first cell: everything needed to show the run again (no rows yet). */
  begin(record: RunRecord): Promise<void>
  /** A finished (or failed) cell, with its fork views. */
  cellFinished(runId: string, cell: CellResult): Promise<void>
  /** The end state. */
  end(record: RunRecord): Promise<void>
}

/** What the shell gives a run: where the worker entries are, clocks, ids, and the store. */
export interface RunEnvironment {
  /** The built `job.js`: one sandbox lane. */
  readonly jobUrl: URL
  /** The built `check.js`: compiler, type-checker and chart renderer. */
  readonly checkUrl: URL
  /** Cells at once when the request names no number. */
  readonly cores: number
  /** Monotonic milliseconds; for progress and limits, never part of a result. */
  now(): number
  /** ISO time of day; for people, never part of a result. */
  timestamp(): string
  newRunId(): string
  readonly store?: RunStore
}

/** A run under way or ended. */
export interface RunHandle {
  readonly runId: string
  /** Events from the next turn of the event loop on; the last one is `run-ended`. */
  readonly events: { subscribe(listener: (event: SimulatorEvent) => void): () => void }
  /** Ends the run within a second, whatever its script does. Idempotent; resolves when it has ended. */
  cancel(): Promise<RunStatus>
  /** The run as it stands. */
  record(): RunRecord
  summary(): RunSummary
  /** A captured fork of a finished cell, while it is in memory: views of stored cells are the store's. */
  forkView(cell: number, fork: number): ForkView | undefined
  /** The end state; never rejects. */
  readonly done: Promise<RunRecord>
}

/** One independent piece of a sweep. */
export interface Cell {
  readonly index: number
  /** SHA-256, see `cell-key.ts`. */
  readonly key: string
  readonly parameters: Parameters
  readonly seed: number
}
