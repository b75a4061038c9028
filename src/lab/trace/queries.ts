/** Ranges of events: pages, searches, sums. */
import { TRACE_KIND_DOCS, TRACE_KINDS } from '../../engine/trace/kinds'
import type {
  TraceEvent,
  TraceEvents,
  TraceFilter,
  TraceFound,
  TraceKey,
  TraceMachine,
  TraceSummary,
  TraceTotals
} from '../results/trace'
import { decode } from './decode'
import { matcher } from './filter'
import { laneOf } from './lane-number'
import type { IndexedTrace } from './indexed'

/** Findings that a summary tells. */
const MAX_FINDINGS = 1_000

/** What a window shows first. */
export function summarise(trace: IndexedTrace, key: TraceKey, title: string): TraceSummary {
  const { recording, log } = trace
  const findings = trace.marks.filter(({ kind, status }) => kind === 'violation' || status === 'fail')
  return {
    ...key,
    file: recording.file,
    title,
    parameters: recording.parameters,
    events: trace.events,
    kinds: TRACE_KINDS.map((kind, i) => ({
      kind,
      events: trace.kinds[i],
      doc: TRACE_KIND_DOCS[kind]
    })).filter(({ events }) => events > 0),
    machines: trace.machines.map((_, machine) => machineOf(trace, machine)),
    cpus: [...trace.cpus].sort(([a], [b]) => a - b).map(([lane, events]) => ({ ...laneOf(lane), events })),
    processes: trace.processes,
    spans: trace.spans.length,
    operations: trace.operations.length,
    findings: findings.slice(0, MAX_FINDINGS),
    marks: trace.marks.length,
    durationNs: trace.timeOf(trace.events),
    ...(log.cut ? { cut: { limit: log.limit, notice: cutNotice(log.limit) } } : {}),
    ...(recording.error === undefined ? {} : { error: recording.error }),
    bytes: trace.bytes
  }
}

function cutNotice(limit: number): string {
  return `The trace holds the first ${limit} events, as many as were asked for. The cell itself went on to its end and its results are whole; what came later is not in the trace. Open it with a higher limit to see more.`
}

function machineOf(trace: IndexedTrace, machine: number): TraceMachine {
  const { kernel, cpus, tlbs, cost, vaBits, mteDesign } = trace.machines[machine]
  const { geometry, agents } = trace.shapes[machine]
  return {
    machine,
    kernel,
    cpus,
    tlbs: tlbs ? agents : 0,
    pageSize: geometry.pageSize,
    blockEntries: geometry.contPtes,
    tableEntries: geometry.tableEntries,
    levels: geometry.levels,
    vaBits,
    ...(cost === undefined ? {} : { cost }),
    ...(mteDesign === undefined ? {} : { mteDesign })
  }
}

/** A page of the events of a range. */
export function eventsOf(
  trace: IndexedTrace,
  from: number,
  to: number,
  count: number,
  filter?: TraceFilter
): TraceEvents {
  const events: TraceEvent[] = []
  let matched = 0
  let next = 0
  if (filter === undefined) {
    const last = Math.min(to, from + count - 1)
    for (let event = Math.max(1, from); event <= last; event++) events.push(decode(trace, event))
    return { events, matched: Math.max(0, to - from + 1), next: last < to ? last + 1 : 0 }
  }
  const matches = matcher(trace, filter)
  for (let event = Math.max(1, from); event <= to; event++) {
    if (!matches(event)) continue
    matched++
    if (events.length < count) events.push(decode(trace, event))
    else if (next === 0) next = event
  }
  return { events, matched, next }
}

/** The next or previous event that one of several filters lets through. */
export function find(
  trace: IndexedTrace,
  from: number,
  direction: 'next' | 'previous',
  match: readonly TraceFilter[]
): TraceFound {
  const matchers = match.map((filter) => matcher(trace, filter))
  let total = 0
  let ordinal = 0
  let found = 0
  for (let event = 1; event <= trace.events; event++) {
    if (!matchers.some((matches) => matches(event))) continue
    total++
    const better = direction === 'next' ? found === 0 && event > from : event < from
    if (!better) continue
    found = event
    ordinal = total
  }
  return { ...(found === 0 ? {} : { event: decode(trace, found) }), ordinal, total }
}

/** What happened in a range. */
export function totals(trace: IndexedTrace, from: number, to: number, filter?: TraceFilter): TraceTotals {
  const matches = filter === undefined ? undefined : matcher(trace, filter)
  const kinds = new Float64Array(TRACE_KINDS.length)
  const cpus = new Map<number, { events: number; timeNs: number }>()
  let events = 0
  for (let event = Math.max(1, from); event <= to; event++) {
    if (matches?.(event) === false) continue
    events++
    kinds[trace.log.lane(event, 0) & 0xff]++
    const lane = trace.log.machine(event) * 4096 + trace.log.cpu(event)
    const sum = cpus.get(lane) ?? { events: 0, timeNs: 0 }
    cpus.set(lane, sum)
    sum.events++
    sum.timeNs += trace.costOf(event)
  }
  return {
    events,
    kinds: TRACE_KINDS.map((kind, i) => ({ kind, events: kinds[i] })).filter((each) => each.events > 0),
    cpus: [...cpus].sort(([a], [b]) => a - b).map(([lane, sum]) => ({ ...laneOf(lane), ...sum })),
    counters: trace.machines.map((_, machine) => ({
      machine,
      counters: trace.counted(machine, Math.max(1, from), to)
    }))
  }
}
