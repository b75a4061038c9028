/**
 * The shapes of traces as windows ask for them: ranges of events, counts for lanes, states at an event.
 * A window never holds a whole trace. Plain data, structured-clonable and JSON-safe.
 *
 * Events of a cell are numbered from 1 to `events`, over all its machines, in the order in which they
 * happened. State n is the state just after event n; state 0 is that of a cell that did nothing yet.
 */
import type { SpanKind, TraceKind } from '../../engine/trace/kinds'
import type { Parameters } from './types'

export type { SpanKind, TraceKind }
export type * from './trace-compare'
export type * from './trace-state'
export type * from './trace-swap'
export { TRACE_ENTRY_BITS, packedMap, TRACE_MAP_LISTS, unpackedMap } from './trace-state'

/** Which trace: that of a cell of a run. */
export interface TraceKey {
  readonly runId: string
  readonly cell: number
}

/** A machine of the traced cell. */
export interface TraceMachine {
  readonly machine: number
  readonly kernel: string
  readonly cpus: number
  /** CPUs and walkers whose TLBs are simulated; 0 for a machine without TLBs. */
  readonly tlbs: number
  readonly pageSize: number
  /** Entries of a contiguous block, of a table. */
  readonly blockEntries: number
  readonly tableEntries: number
  /** Levels of page tables; the last one is level 3. */
  readonly levels: number
  readonly vaBits: number
  /** Name of the cost profile that times its events; without one they take no time. */
  readonly cost?: string
  /** How it keeps the memory tags of swapped pages (`mteDesign`); missing without tags. */
  readonly mteDesign?: string
}

/** A process of the traced cell. */
export interface TraceProcess {
  readonly machine: number
  readonly pid: number
  /** Who forked it, 0 for a process that was spawned. */
  readonly parent: number
  /** Event at which its address space began. */
  readonly from: number
  /** Event at which it was gone, 0 while it lives. */
  readonly to: number
  readonly events: number
}

/** One call of the API by the script: the workload's own step, by which traces are aligned. */
export interface TraceOperation {
  readonly index: number
  /** The call as the script made it, e.g. `region.write(0, 16)`. */
  readonly title: string
  /** What is compared when two traces are aligned: the call without what differs from machine to machine. */
  readonly name: string
  readonly machine: number
  /** Process it acts on, 0 for none. */
  readonly pid: number
  /** First and last event of it; `to` is `from - 1` for one without events. */
  readonly from: number
  readonly to: number
  /** `file:line:column` of the call in the user's script. */
  readonly at: string
  readonly durationNs: number
}

/** Something the script said while it was traced, or a rule broken, with the event at which it was. */
export interface TraceMark {
  readonly kind: 'row' | 'expectation' | 'console' | 'violation'
  /** Which row, expectation, line or violation of the cell, in order, from 0. */
  readonly index: number
  /** The state it was made in is that of this event. */
  readonly event: number
  /** `file:line:column`; empty for violations outside of any operation. */
  readonly at: string
  /** Metric and value, name of the expectation, printed text, or rule and object. */
  readonly text: string
  /** Of expectations. */
  readonly status?: 'pass' | 'fail'
}

export interface TraceSummary extends TraceKey {
  readonly file: string
  readonly title: string
  readonly parameters: Parameters
  readonly events: number
  /** Kinds that occur, with how often; their sentence is for hover. */
  readonly kinds: readonly { readonly kind: TraceKind; readonly events: number; readonly doc: string }[]
  readonly machines: readonly TraceMachine[]
  /** The lanes: CPUs with at least one event. */
  readonly cpus: readonly { readonly machine: number; readonly cpu: number; readonly events: number }[]
  readonly processes: readonly TraceProcess[]
  readonly spans: number
  /** How many; `traceOperations` gives them. */
  readonly operations: number
  /** Violations and failed expectations, in order, at most 1,000; `traceMarks` gives all marks. */
  readonly findings: readonly TraceMark[]
  readonly marks: number
  /** Simulated nanoseconds of the whole trace. */
  readonly durationNs: number
  /** Set when the trace ends before the cell did. */
  readonly cut?: { readonly limit: number; readonly notice: string }
  /** Set when the cell itself ended with an error. */
  readonly error?: string
  readonly bytes: number
}

/** Which events: all given conditions hold. */
export interface TraceFilter {
  readonly kinds?: readonly TraceKind[]
  readonly machine?: number
  readonly cpus?: readonly number[]
  readonly pids?: readonly number[]
  /** Virtual addresses from `from` up to but without `to`: events that touch a page of them. */
  readonly address?: { readonly from: number; readonly to: number }
  /** Page frames likewise: events that name a frame of them. */
  readonly frames?: { readonly from: number; readonly to: number }
  /** Order of the folio or block concerned. */
  readonly order?: number
  /** Words of the event's text, any case; slow on long traces. */
  readonly text?: string
}

/** One event, decoded. */
export interface TraceEvent {
  readonly event: number
  readonly kind: TraceKind
  readonly machine: number
  readonly cpu: number
  /** Process, 0 for none. */
  readonly pid: number
  /** Simulated nanoseconds since the trace began. */
  readonly timeNs: number
  /** Virtual address and pages it concerns. */
  readonly address?: number
  readonly pages?: number
  /** Page frame it concerns: what the entry maps, or the folio's page. */
  readonly pfn?: number
  /** Level of the descriptor written: 3 is the last one. */
  readonly level?: number
  /** Descriptor, flags or count before and after; descriptors in hexadecimal without 0x. */
  readonly before?: string
  readonly after?: string
  /** One line that says what happened. */
  readonly text: string
  /** Index of the operation it happened in, -1 outside of any. */
  readonly operation: number
  /** Event of its other end: a TLBI's DSB and back, a span's begin and end. */
  readonly link?: number
}

export interface TraceEvents {
  readonly events: readonly TraceEvent[]
  /** Events of the range that pass the filter, on all pages. */
  readonly matched: number
  /** First event of the next page, 0 after the last one. */
  readonly next: number
}

export interface TraceSpan {
  readonly kind: SpanKind
  readonly title: string
  readonly machine: number
  readonly cpu: number
  readonly pid: number
  /** Its begin and end events; the end of one that was cut is the last event. */
  readonly from: number
  readonly to: number
  readonly fromNs: number
  readonly toNs: number
  /** Spans around it on its CPU. */
  readonly depth: number
}

/** What the timeline draws of one CPU. */
export interface TraceLane {
  readonly machine: number
  readonly cpu: number
  /** Events of each kind by bucket, only of buckets that have any. */
  readonly counts: readonly {
    readonly kind: TraceKind
    readonly buckets: readonly number[]
    readonly counts: readonly number[]
  }[]
  /** Spans at least a bucket wide, in order of their begin. */
  readonly spans: readonly TraceSpan[]
  /** How many narrower spans begin in each bucket, only of buckets that have any. */
  readonly narrow: { readonly buckets: readonly number[]; readonly counts: readonly number[] }
}

export interface TraceLanes {
  readonly axis: 'event' | 'time'
  /** Range drawn: events (1-based, both ends included) or nanoseconds. */
  readonly from: number
  readonly to: number
  readonly buckets: number
  /** Event numbers at which each bucket begins; the last one is the end. `buckets + 1` of them. */
  readonly borders: readonly number[]
  readonly lanes: readonly TraceLane[]
  /** Sum of all counts. */
  readonly events: number
}

export interface TraceFound {
  /** Missing when nothing matches. */
  readonly event?: TraceEvent
  /** Its number among all that match, from 1; 0 when none was found. */
  readonly ordinal: number
  readonly total: number
}

export interface TraceTotals {
  readonly events: number
  readonly kinds: readonly { readonly kind: TraceKind; readonly events: number }[]
  readonly cpus: readonly {
    readonly machine: number
    readonly cpu: number
    readonly events: number
    readonly timeNs: number
  }[]
  /** What was counted in the range, by machine, without the zeroes. */
  readonly counters: readonly {
    readonly machine: number
    readonly counters: Readonly<Record<string, number>>
  }[]
}
