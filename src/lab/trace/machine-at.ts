import type { Replica } from '../../engine/trace/replica'
import { TraceError } from './error'
import type { IndexedTrace } from './indexed'

/** The replica of a machine. Throws `trace-range`. */
export function replicaOf(trace: IndexedTrace, machine: number): Replica {
  const replica = trace.history.replicas.at(machine)
  if (replica !== undefined && machine >= 0) return replica
  throw new TraceError(
    'trace-range',
    `the trace has ${trace.machines.length} machines; there is no machine ${machine}`
  )
}
