/** Traces of cells, made on demand and kept for every window. */
import type { TraceService } from '../protocol/trace'
import { SimulatorError } from './error'

/** Traces where nobody makes any. */
export function withoutTraces(): TraceService {
  const refuse = (): Promise<never> =>
    Promise.reject(new SimulatorError('trace-failed', 'This simulator makes no traces'))
  return {
    traceOpen: refuse,
    traceOperations: refuse,
    traceMarks: refuse,
    traceEvents: refuse,
    traceLanes: refuse,
    traceFind: refuse,
    traceTotals: refuse,
    traceState: refuse,
    traceDescriptor: refuse,
    traceHugePages: refuse,
    traceFootprint: refuse,
    traceAlign: refuse,
    traceCounterpart: refuse,
    traceDiff: refuse,
    traceNextDifference: refuse
  }
}
