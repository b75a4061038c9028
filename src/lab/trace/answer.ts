/** The calls about traces, answered from the traces that are there. */
import type { TraceKey, TraceRange, TraceService, TraceTwo } from '../../protocol/trace'
import { align, alignmentOf, counterpart } from './align'
import { differences, twoOf } from './compare'
import { Comparison } from './comparison'
import { descriptorAt } from './descriptor'
import { TraceError } from './error'
import { footprintOf } from './footprint'
import { hugePagesAt } from './huge-pages'
import type { IndexedTrace } from './indexed'
import { lanes } from './lanes'
import { eventsOf, find, totals } from './queries'
import { stateAt } from './state'

/** The calls that need traces to be there; opening one is its maker's. */
export type TraceCalls = Omit<TraceService, 'traceOpen'>
export type TraceCallName = keyof TraceCalls

type Reply<M extends TraceCallName> = Awaited<ReturnType<TraceCalls[M]>>
type Request<M extends TraceCallName> = Parameters<TraceCalls[M]>[0]

/** Traces that a call may name. */
export interface Traces {
  get(key: TraceKey): IndexedTrace
}

/** Comparisons that are kept: each holds what it found out about two traces. */
const MAX_COMPARISONS = 8

function checkEvent(trace: IndexedTrace, event: number): void {
  if (event >= 0 && event <= trace.events) return
  throw new TraceError('trace-range', `the trace has ${trace.events} events; there is no event ${event}`)
}

function range(trace: IndexedTrace, { from, to }: TraceRange): [number, number] {
  return [Math.max(1, from), Math.min(to, trace.events)]
}

/** Answers calls one after the other: each may move the state that traces keep. */
export class Answers {
  readonly #comparisons = new Map<string, Comparison>()

  constructor(readonly traces: Traces) {}

  /** A trace was dropped or made again. */
  forget(): void {
    this.#comparisons.clear()
  }

  answer<M extends TraceCallName>(name: M, request: Request<M>): Reply<M> {
    return this.#calls[name](request as never) as Reply<M>
  }

  readonly #calls: { readonly [M in TraceCallName]: (request: Request<M>) => Reply<M> } = {
    traceOperations: (request) => ({
      operations: this.traces.get(request).operations.slice(request.from, request.from + request.count)
    }),
    traceMarks: (request) => ({
      marks: this.traces.get(request).marks.slice(request.from, request.from + request.count)
    }),
    traceEvents: (request) => {
      const trace = this.traces.get(request)
      return eventsOf(trace, ...range(trace, request), request.count, request.filter)
    },
    traceLanes: ({ axis, from, to, buckets, filter, ...key }) =>
      lanes(this.traces.get(key), axis, from, to, buckets, filter),
    traceFind: ({ from, direction, match, ...key }) => find(this.traces.get(key), from, direction, match),
    traceTotals: (request) => {
      const trace = this.traces.get(request)
      return totals(trace, ...range(trace, request), request.filter)
    },
    traceState: ({ event, parts, since, ...key }) => {
      const trace = this.traces.get(key)
      checkEvent(trace, event)
      if (since !== undefined) checkEvent(trace, since)
      return stateAt(trace, event, parts, since)
    },
    traceDescriptor: ({ event, machine, pid, address, level, ...key }) => {
      const trace = this.traces.get(key)
      checkEvent(trace, event)
      return descriptorAt(trace, event, machine, pid, address, level)
    },
    traceHugePages: ({ runId, cell, ...asked }) => {
      const trace = this.traces.get({ runId, cell })
      checkEvent(trace, asked.event)
      return hugePagesAt(trace, asked)
    },
    traceFootprint: ({ machine, ...request }) => {
      const trace = this.traces.get(request)
      return footprintOf(trace, { machine, from: request.from, to: request.to })
    },
    traceAlign: (request) => alignmentOf(this.#compare(request).pairs, request.from, request.count),
    traceCounterpart: (request) => {
      const { two, pairs } = this.#compare(request)
      checkEvent(two.a, request.event)
      return counterpart(two.a, two.b, pairs, request.event, two.machines)
    },
    traceDiff: (request) => {
      const { aEvent, bEvent } = request
      const { two } = this.#compare(request)
      checkEvent(two.a, aEvent)
      checkEvent(two.b, bEvent)
      return differences(two, aEvent, bEvent, request.cells, request.address)
    },
    traceNextDifference: (request) =>
      this.#compare(request).find(request.aEvent, request.direction, request.aspects)
  }

  #compare({ a, b, aMachine = 0, bMachine = 0 }: TraceTwo): Comparison {
    const key = `${a.runId} ${a.cell} ${aMachine} ${b.runId} ${b.cell} ${bMachine}`
    const left = this.traces.get(a)
    const right = this.traces.get(b)
    for (const trace of [left, right]) {
      if (trace.machines.length === 0)
        throw new TraceError('trace-range', 'the trace has no machine to compare')
    }
    const known = this.#comparisons.get(key)
    if (known !== undefined) return known
    const two = twoOf(left, right, [aMachine, bMachine])
    const made = new Comparison(two, align(left, right, two.machines))
    this.#comparisons.set(key, made)
    const [oldest] = this.#comparisons.keys()
    if (this.#comparisons.size > MAX_COMPARISONS) this.#comparisons.delete(oldest)
    return made
  }
}
