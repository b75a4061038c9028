/**
 * Calls about traces. The simulator makes a trace when it is first asked for, by running the cell again
 * in a worker of its own (cells are deterministic), and keeps the latest ones; any number of windows
 * may ask. One that was dropped in between is made again without being asked.
 *
 * Every call rejects with `not-found` for a run or cell that is not there, `trace-range` for events or
 * machines that the trace does not have, `trace-failed` where the cell cannot be run again, and
 * `trace-memory` where the trace does not fit.
 */
import type {
  TraceAlignment,
  TraceAspect,
  TraceCounterpart,
  TraceDescriptor,
  TraceDifferenceFound,
  TraceDifferences,
  TraceEvents,
  TraceFilter,
  TraceFound,
  TraceKey,
  TraceLanes,
  TraceMark,
  TraceOperation,
  TracePart,
  TraceState,
  TraceSummary,
  TraceTotals
} from '../lab/results/trace'
import type { TraceFootprint, TraceHugePages } from '../lab/results/trace-huge-pages'

export type * from '../lab/results/trace'
export type * from '../lab/results/trace-huge-pages'
export { TRACE_ENTRY_BITS, packedMap, TRACE_MAP_LISTS, unpackedMap } from '../lab/results/trace'

export interface TraceOpen extends TraceKey {
  /** Events to keep at most; default 4,000,000. A trace that was cut at less is made again. */
  readonly limit?: number
}

/** A range of events, both ends included. */
export interface TraceRange extends TraceKey {
  readonly from: number
  readonly to: number
}

export interface TraceEventsRequest extends TraceRange {
  readonly filter?: TraceFilter
  /** Events of one page, at most 1,000. */
  readonly count: number
}

export interface TracePage extends TraceKey {
  readonly from: number
  readonly count: number
}

export interface TraceLanesRequest extends TraceKey {
  readonly axis: 'event' | 'time'
  readonly from: number
  readonly to: number
  readonly buckets: number
  readonly filter?: TraceFilter
}

export interface TraceFindRequest extends TraceKey {
  /** Searches after (or before) this event, without it. */
  readonly from: number
  readonly direction: 'next' | 'previous'
  /** A set of breakpoints: an event matches where one of them does. */
  readonly match: readonly TraceFilter[]
}

export interface TraceStateRequest extends TraceKey {
  readonly event: number
  readonly parts: readonly TracePart[]
  /** What differs from this earlier or later state is marked `changed`. */
  readonly since?: number
}

export interface TraceDescriptorRequest extends TraceKey {
  readonly event: number
  readonly machine: number
  readonly pid: number
  readonly address: number
  /** 0 to 3; default 3, or 2 where a PMD leaf maps the address. */
  readonly level?: number
}

export interface TraceHugePagesRequest extends TraceKey {
  readonly event: number
  readonly machine: number
  /** The range that folio sizes are wanted of; the decision is that of a store to its page `page`. */
  readonly range?: { readonly pid: number; readonly address: number; readonly pages: number }
  readonly page?: number
  readonly buckets: number
  /** Lines typed into the console, oldest first: what they set counts for this answer, not for the run. */
  readonly lines: readonly string[]
  /** Text whose ways to go on are wanted. */
  readonly complete?: string
}

/** Two traces, of two runs, two cells or one: machine 0 of each is compared unless others are named. */
export interface TraceTwo {
  readonly a: TraceKey
  readonly b: TraceKey
  readonly aMachine?: number
  readonly bMachine?: number
}

export interface TraceDiffRequest extends TraceTwo {
  readonly aEvent: number
  readonly bEvent: number
  /** Cells to answer at most. */
  readonly cells: number
  /** Only cells of this range. */
  readonly address?: { readonly from: number; readonly to: number }
}

export interface TraceNextDifferenceRequest extends TraceTwo {
  /** Searches after (or before) this event of `a`, without it; 0 for the first difference. */
  readonly aEvent: number
  readonly direction: 'next' | 'previous'
  readonly aspects: readonly TraceAspect[]
}

/** The part of the simulator's service that is about traces. */
export interface TraceService {
  traceOpen(request: TraceOpen): Promise<TraceSummary>
  traceOperations(request: TracePage): Promise<{ readonly operations: readonly TraceOperation[] }>
  traceMarks(request: TracePage): Promise<{ readonly marks: readonly TraceMark[] }>
  traceEvents(request: TraceEventsRequest): Promise<TraceEvents>
  traceLanes(request: TraceLanesRequest): Promise<TraceLanes>
  traceFind(request: TraceFindRequest): Promise<TraceFound>
  traceTotals(request: TraceRange & { readonly filter?: TraceFilter }): Promise<TraceTotals>
  traceState(request: TraceStateRequest): Promise<TraceState>
  traceDescriptor(request: TraceDescriptorRequest): Promise<TraceDescriptor>
  /** Settings files, decisions and folio sizes; see `TraceHugePages`. */
  traceHugePages(request: TraceHugePagesRequest): Promise<TraceHugePages>
  /** Memory of a machine over a range of events. */
  traceFootprint(request: TraceRange & { readonly machine: number }): Promise<TraceFootprint>
  /** Pairs `from` to `from + count - 1` of the two workloads' operations. */
  traceAlign(request: TraceTwo & { readonly from: number; readonly count: number }): Promise<TraceAlignment>
  /** Where `b` stands when `a` stands at `event`. */
  traceCounterpart(request: TraceTwo & { readonly event: number }): Promise<TraceCounterpart>
  traceDiff(request: TraceDiffRequest): Promise<TraceDifferences>
  traceNextDifference(request: TraceNextDifferenceRequest): Promise<TraceDifferenceFound>
}
