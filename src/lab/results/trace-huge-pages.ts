/** Huge pages at an event of a trace, as panels show them. */
import type { StoreDecision } from '../../engine/thp/explain'

/** A settings file below `transparent_hugepage/`. */
export interface TraceSettingFile {
  /** Relative to the root. */
  readonly path: string
  readonly text: string
  readonly writable: boolean
  /** The words it takes; none for numbers. */
  readonly words: readonly string[]
  /** What was typed into the console changed it. */
  readonly typed: boolean
}

/** A write of the script. */
export interface TraceSettingWrite {
  readonly event: number
  readonly machine: number
  readonly path: string
  readonly value: string
}

/** A line of the console, and what it printed. */
export interface TraceConsoleLine {
  readonly directory: string
  readonly text: string
  readonly output: string
  readonly failed: boolean
  readonly status: number
}

/** Folios of one size that somebody holds. */
export interface TraceFolioSize {
  readonly order: number
  readonly bytes: number
  readonly folios: number
  readonly partially: number
}

export interface TraceHugePages {
  readonly event: number
  readonly root: string
  readonly files: readonly TraceSettingFile[]
  readonly writes: readonly TraceSettingWrite[]
  readonly console: readonly TraceConsoleLine[]
  /** The console's working directory. */
  readonly directory: string
  readonly completion?: { readonly from: number; readonly candidates: readonly string[] }
  /** What a store to the page asked about would get, with what was typed; none where no VMA is. */
  readonly decision?: StoreDecision | undefined
  /** By bucket of the range, the largest order mapped; -1 nothing, -2 the page of zeroes. */
  readonly orders?: readonly number[]
  readonly sizes: readonly TraceFolioSize[]
}
