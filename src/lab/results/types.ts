/**
 * The shapes of results: what a run produces, what `--json` prints, what a bundle holds and what the
 * panels show. Plain data, structured-clonable and JSON-safe.
 */

export type ParameterValue = string | number | boolean
/** Parameter name to value, in the order the experiment declares them. */
export type Parameters = Readonly<Record<string, ParameterValue>>

/** A tidy row: one value of one metric of one cell. `conclude` rows have empty parameters. */
export interface Row {
  readonly parameters: Parameters
  readonly metric: string
  readonly value: number
  readonly unit: string
  /** Of a run with traces: event of its cell's trace after which it was recorded. */
  readonly event?: number
}

/** A recorded expectation. `at` is `file:line:column` in the user's own script (column 1-based). */
export interface Expectation {
  readonly name: string
  readonly parameters: Parameters
  readonly status: 'pass' | 'fail'
  /** Rendered text of what was expected, e.g. `16384` or `at most 3`. */
  readonly expected: string
  /** Rendered text of what was found. */
  readonly found: string
  readonly at: string
  /** Of a run with traces: event of its cell's trace after which it was stated. */
  readonly event?: number
}

/** A chart: a complete Vega-Lite specification with its data inline. */
export interface Chart {
  readonly name: string
  readonly spec: Readonly<Record<string, unknown>>
}

export type Severity = 'error' | 'warning' | 'info'

/** A located message to the user. Every code has a line in docs/errors.md. */
export interface Diagnostic {
  readonly code: string
  readonly severity: Severity
  readonly message: string
  readonly hint?: string
  readonly file?: string
  /** 1-based. */
  readonly line?: number
  /** 1-based. */
  readonly column?: number
  readonly endLine?: number
  readonly endColumn?: number
  /** Parameters of the cell it happened in. */
  readonly parameters?: Parameters
}

/** A line the script printed. */
export interface ConsoleLine {
  /** Cell index, or -1 for `conclude`. */
  readonly cell: number
  readonly level: 'log' | 'info' | 'warn' | 'error'
  readonly text: string
  /** `file:line:column` of the call. */
  readonly at?: string
  /** Of a run with traces: event of its cell's trace after which it was printed. */
  readonly event?: number
}

/** Limits a run keeps; every one is named in the message when it is hit. */
export interface Limits {
  /** Script time of a cell outside engine calls, in milliseconds. */
  readonly scriptMs: number
  /** Linear memory of a cell's script, in bytes. */
  readonly memoryBytes: number
  /** Console and result output of a cell, in bytes. */
  readonly outputBytes: number
}

export const DEFAULT_LIMITS: Limits = {
  scriptMs: 10_000,
  memoryBytes: 256 * 1024 * 1024,
  outputBytes: 10 * 1024 * 1024
}

/**
 * One mm as the Fork panel draws it: entries in address order, `length` of them from `from`, packed
 * in parallel arrays. `total` says how many entries the VMA holds in all.
 */
export interface PteView {
  readonly pid: number
  readonly address: number
  readonly pageSize: number
  /** Entries in a contiguous block. */
  readonly blockEntries: number
  readonly total: number
  /** Bit set per entry: see PTE_VIEW_BITS. */
  readonly flags: readonly number[]
  /** Page frame number, -1 where none. */
  readonly pfn: readonly number[]
  /** Descriptor as it lies in memory, hexadecimal without 0x. */
  readonly raw: readonly string[]
  /** Per-page mapcount, folio refcount, folio order, anon-exclusive (0/1); 0 where none. */
  readonly mapcount: readonly number[]
  readonly refcount: readonly number[]
  readonly order: readonly number[]
  readonly exclusive: readonly number[]
  /** Sums over the whole VMA, not only the entries shown. */
  readonly summary: {
    readonly present: number
    readonly writable: number
    readonly readOnly: number
    readonly foldedBlocks: number
  }
}

/** Bits of `PteView.flags`. */
export const PTE_VIEW_BITS = {
  present: 1,
  valid: 2,
  writable: 4,
  readOnly: 8,
  dirty: 16,
  young: 32,
  contiguous: 64,
  swap: 128,
  migration: 512,
  marker: 1024
} as const

/** What one `fork()` did: the Fork panel's state. */
export interface ForkView {
  /** Index of this fork within its cell. */
  readonly index: number
  readonly parentPid: number
  readonly childPid: number
  readonly parentBefore: readonly PteView[]
  readonly parentAfter: readonly PteView[]
  readonly child: readonly PteView[]
  /** Counters this fork added (only those not 0). */
  readonly counters: Readonly<Record<string, number>>
  /** Sizes of the batches copied, in order, at most 4,096 of them. */
  readonly batches: readonly number[]
}

/** A finished cell. */
export interface CellResult {
  readonly index: number
  /** SHA-256 over (API version, script, parameters, seed, kernel record, cost profile, engine hash). */
  readonly key: string
  readonly parameters: Parameters
  readonly rows: readonly Row[]
  readonly expectations: readonly Expectation[]
  readonly console: readonly ConsoleLine[]
  /** Set when the cell ended with an error; its rows so far are kept. */
  readonly error?: Diagnostic
  /** At most 8 forks a cell. Not part of `--json` nor of bundles. */
  readonly forks: readonly ForkView[]
}

export type RunStatus = 'checking' | 'running' | 'finished' | 'failed' | 'cancelled' | 'lost'

/** The one document that `run --json` prints. */
export interface RunDocument {
  readonly schema: 'contpte-lab/run@1'
  /** File name of the experiment without folders and extension. */
  readonly experiment: string
  readonly engine: { readonly version: string; readonly hash: string }
  readonly seed: number
  readonly rows: readonly Row[]
  readonly expectations: readonly Expectation[]
}

/** What an experiment says of itself, found without running any cell. */
export interface ExperimentHeader {
  readonly title: string
  readonly claim?: string
  readonly source?: string
  readonly topic?: string
  readonly parameters: Readonly<Record<string, readonly ParameterValue[]>>
}
