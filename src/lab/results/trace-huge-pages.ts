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

/** Memory at one point of a run, in pages. */
export interface TraceFootprintPoint {
  readonly event: number
  /**
   * How far the script was: operations ended, and the part of the one under way. What two runs of one
   * workload have in common, where events differ.
   */
  readonly step: number
  /** Resident pages of all address spaces. */
  readonly resident: number
  /** Mapped, and not accessed since they were allocated. */
  readonly unused: number
  /** Held although nothing maps them. */
  readonly unmapped: number
  /** Folios that somebody holds, in the order of `TraceFootprint.orders`. */
  readonly folios: readonly number[]
  /** In the same order, how much of the free memory lies in blocks too small for the size: 0 to 1. */
  readonly unusable: readonly number[]
}

/** Memory of a machine over a range of events. */
export interface TraceFootprint {
  /** Operations of the script. */
  readonly steps: number
  /** Single pages, and the sizes of folios that anonymous memory can have. */
  readonly orders: readonly number[]
  readonly pageSize: number
  readonly points: readonly TraceFootprintPoint[]
}
