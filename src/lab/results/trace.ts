/**
 * The shapes of traces as windows ask for them: ranges of events, counts for lanes, states at an event.
 * A window never holds a whole trace. Plain data, structured-clonable and JSON-safe.
 *
 * Events of a cell are numbered from 1 to `events`, over all its machines, in the order in which they
 * happened. State n is the state just after event n; state 0 is that of a cell that did nothing yet.
 */
import type { SpanKind, TraceKind } from '../../engine/trace/kinds'
import type { Parameters, PteView } from './types'

export type { SpanKind, TraceKind }

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

// ---------------------------------------------------------------- states

/** What of a state is wanted. Addresses are rounded down to pages. */
export type TracePart =
  | { readonly what: 'processes' }
  /** Entries of a small range, each a cell. */
  | {
      readonly what: 'entries'
      readonly machine: number
      readonly pid: number
      readonly address: number
      readonly pages: number
    }
  /** A range of any size in `buckets` equal parts: counts of entries by state. */
  | {
      readonly what: 'map'
      readonly machine: number
      readonly pid: number
      readonly address: number
      readonly pages: number
      readonly buckets: number
    }
  /** Folios behind a small range, or by frame where no process is given. */
  | {
      readonly what: 'folios'
      readonly machine: number
      readonly pid?: number
      readonly address: number
      readonly pages: number
    }
  /** The levels of page tables down to one entry. */
  | { readonly what: 'walk'; readonly machine: number; readonly pid: number; readonly address: number }
  /** TLBs of all CPUs, or of one. */
  | { readonly what: 'tlbs'; readonly machine: number; readonly cpu?: number }
  | { readonly what: 'counters'; readonly machine: number }

export interface TraceVma {
  readonly address: number
  readonly pages: number
  /** `rw-p` as in /proc/pid/maps. */
  readonly access: string
  /** VM_* names beyond the access. */
  readonly flags: readonly string[]
  readonly anonVma: number
  /** What it maps, if it is not anonymous. */
  readonly file?: string
}

export interface TraceProcessState {
  readonly machine: number
  readonly pid: number
  readonly anonPages: number
  readonly filePages: number
  readonly swapEntries: number
  readonly vmas: readonly TraceVma[]
}

/** More bits of `flags` than a `PteView` has (`PTE_VIEW_BITS`). */
export const TRACE_ENTRY_BITS = {
  protNone: 256,
  migration: 512,
  marker: 1024,
  /** Mapped by a PMD leaf. */
  huge: 2048,
  /** Maps the shared page of zeroes, or another page without a folio. */
  special: 4096,
  /** Differs from what it was in the state `since`. */
  changed: 8192,
  /** Its block breaks a rule of contiguous mappings. */
  broken: 16384,
  uffdWp: 32768
} as const

export interface TraceEntries extends PteView {
  readonly machine: number
  /** Whole mappings of the folio behind each entry; 0 where none. */
  readonly entire: readonly number[]
  /** Pins of the folio behind each entry. */
  readonly pins: readonly number[]
}

/** Counts of entries by state, one number a bucket in each list. */
export interface TraceMap {
  readonly machine: number
  readonly pid: number
  readonly address: number
  readonly pages: number
  readonly pageSize: number
  readonly buckets: number
  readonly none: readonly number[]
  readonly writable: readonly number[]
  readonly readOnly: readonly number[]
  readonly protNone: readonly number[]
  readonly swap: readonly number[]
  /** Migration entries and markers. */
  readonly other: readonly number[]
  /** Valid entries with the contiguous bit; those under a PMD leaf. */
  readonly folded: readonly number[]
  readonly huge: readonly number[]
  readonly dirty: readonly number[]
  readonly young: readonly number[]
  /** Present entries whose page is mapped more than once. */
  readonly shared: readonly number[]
  /** Entries of blocks that break a rule. */
  readonly broken: readonly number[]
  /** Entries that differ from the state `since`; zeroes without one. */
  readonly changed: readonly number[]
}

export interface TraceFolio {
  readonly machine: number
  /** First page frame. */
  readonly pfn: number
  readonly order: number
  readonly refcount: number
  /** Mappings of the whole folio. */
  readonly entire: number
  readonly pins: number
  /** Mapcount and anon-exclusive (0/1) of each page. */
  readonly mapcount: readonly number[]
  readonly exclusive: readonly number[]
  /** PG_* names. */
  readonly flags: readonly string[]
  readonly anonVma: number
}

export interface TraceLevel {
  /** 0 to 3; the last one is 3. */
  readonly level: number
  readonly table: number
  readonly index: number
  /** First address that the entry covers. */
  readonly address: number
  /** Bytes that the entry covers. */
  readonly bytes: number
  readonly kind: 'table' | 'leaf' | 'invalid' | 'none'
  readonly raw: string
}

export interface TraceTlbEntry {
  readonly slot: number
  readonly pid: number
  readonly address: number
  /** More than 1: coalesced, or a PMD leaf. */
  readonly pages: number
  readonly pfn: number
  readonly writable: boolean
  readonly dirty: boolean
  /** From descriptors with the contiguous bit. */
  readonly contiguous: boolean
  /** Why it is not what the tables say now; missing when it agrees with them. */
  readonly stale?: string
  /** Whether a TLBI that waits for its DSB will remove it. */
  readonly pending: boolean
}

export interface TraceTlb {
  readonly machine: number
  readonly cpu: number
  readonly capacity: number
  readonly entries: readonly TraceTlbEntry[]
  /** Last-level tables its walk cache remembers. */
  readonly walks: readonly {
    readonly pid: number
    readonly address: number
    readonly table: number
    readonly stale: boolean
  }[]
  /** TLBIs this CPU issued that wait for its DSB ISH. */
  readonly pending: readonly { readonly pid: number; readonly address: number; readonly pages: number }[]
}

/** Answers of `TracePart`s, in the same order. */
export type TracePartState =
  | { readonly what: 'processes'; readonly processes: readonly TraceProcessState[] }
  | { readonly what: 'entries'; readonly entries: TraceEntries }
  | { readonly what: 'map'; readonly map: TraceMap }
  | { readonly what: 'folios'; readonly folios: readonly TraceFolio[] }
  | { readonly what: 'walk'; readonly levels: readonly TraceLevel[] }
  | { readonly what: 'tlbs'; readonly tlbs: readonly TraceTlb[] }
  | { readonly what: 'counters'; readonly counters: Readonly<Record<string, number>> }

export interface TraceState {
  readonly event: number
  readonly timeNs: number
  /** Operation under way, -1 between operations. */
  readonly operation: number
  readonly parts: readonly TracePartState[]
}

/** One field of a descriptor. */
export interface TraceField {
  /** Bit or `high:low`. */
  readonly bits: string
  readonly name: string
  readonly value: string
  readonly meaning: string
  /** Where the name comes from. */
  readonly source: string
  readonly set: boolean
}

export interface TraceDescriptor {
  readonly raw: string
  readonly level: number
  readonly title: string
  readonly fields: readonly TraceField[]
  /** Last event up to the state asked for that wrote it, 0 for none; and the next one after it. */
  readonly writtenBy: number
  readonly nextWrite: number
}

// ---------------------------------------------------------------- two traces

/** Operations of two traces side by side; -1 where one has no counterpart. */
export interface TracePair {
  readonly a: number
  readonly b: number
  readonly title: string
  /** Events at which both have done the operation: the states to compare. */
  readonly aEvent: number
  readonly bEvent: number
}

export interface TraceAlignment {
  readonly pairs: readonly TracePair[]
  readonly total: number
  /** Operations of either side without a counterpart. */
  readonly unmatchedA: number
  readonly unmatchedB: number
}

export interface TraceCounterpart {
  /** Event of the other trace. */
  readonly event: number
  readonly pair: number
  /** How it was found: the pair's end, the page being worked on, or only the operation. */
  readonly by: 'operation' | 'page' | 'start'
}

/** One cell (entry) that differs. Frames are not compared: allocators may differ. */
export interface TraceCellDifference {
  readonly pid: number
  readonly otherPid: number
  readonly address: number
  /** The two entries in words of the panels, e.g. `writable, contiguous` and `read-only`. */
  readonly a: string
  readonly b: string
}

export interface TraceDifferences {
  readonly a: number
  readonly b: number
  /** At most as many as asked for; `cellsTotal` counts all. */
  readonly cells: readonly TraceCellDifference[]
  readonly cellsTotal: number
  readonly counters: readonly { readonly name: string; readonly a: number; readonly b: number }[]
  readonly verdicts: readonly {
    readonly name: string
    readonly a: 'pass' | 'fail' | 'none'
    readonly b: 'pass' | 'fail' | 'none'
  }[]
}

export type TraceAspect = 'cells' | 'counters' | 'verdicts'

export interface TraceDifferenceFound {
  readonly found: boolean
  /** Pair of operations in which the two begin to differ. */
  readonly pair: number
  /** First event of each side after which they differ. */
  readonly a: number
  readonly b: number
  readonly aspect: TraceAspect
  readonly text: string
}
