/** What a lane's worker is given, told and answers. Everything is structured-clonable. */
import type {
  ConsoleLine,
  Diagnostic,
  Expectation,
  ExperimentHeader,
  ForkView,
  Limits,
  Row
} from '../results/types'
import type { Cell } from '../run/types'
import type { Recording } from '../trace/recording'

/** `workerData` of a lane: one script for the worker's whole life. */
export interface LaneInit {
  readonly file: string
  /** The script with its types blanked out. */
  readonly code: string
  /** The script as written. */
  readonly text: string
  readonly limits: Limits
  readonly meter: SharedArrayBuffer
  /** The interpreter's compiled code; without it the lane compiles its own. */
  readonly interpreter?: WebAssembly.Module
}

export type Task =
  | { readonly kind: 'header' }
  /** The data of a model for the explorer. */
  | { readonly kind: 'model' }
  /** With `trace`, traced up to so many events, so that what it says carries its event. */
  | { readonly kind: 'cell'; readonly cell: Cell; readonly trace?: number }
  /** The cell once more, with everything that happens in it. */
  | { readonly kind: 'trace'; readonly cell: Cell; readonly limit: number }
  | { readonly kind: 'conclude'; readonly seed: number; readonly rows: readonly Row[] }

/** A header with what only the runner needs. */
export interface ScriptHeader extends ExperimentHeader {
  readonly concludes: boolean
}

/** A chart as the script gave it; its data are added by the runner. */
export interface ScriptChart {
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
  readonly line?: number
  readonly column?: number
}

export interface TaskResult {
  readonly header?: ScriptHeader
  /** Of a task that asks for a model: its data as JSON. */
  readonly model?: string
  readonly rows: readonly Row[]
  readonly expectations: readonly Expectation[]
  readonly console: readonly ConsoleLine[]
  readonly charts: readonly ScriptChart[]
  readonly forks: readonly ForkView[]
  /** Set when the script ended with an error: what it had said so far is in the other fields. */
  readonly error?: Diagnostic
  /** Of a task that traces. */
  readonly recording?: Recording
}

export const NOTHING: TaskResult = { rows: [], expectations: [], console: [], charts: [], forks: [] }

export type ToLane = { readonly type: 'task'; readonly task: Task }

export type FromLane =
  | { readonly type: 'console'; readonly line: ConsoleLine }
  | { readonly type: 'done'; readonly result: TaskResult }
