/** Memory of a machine over a range of a trace: the samples that were taken while it ran, by the script's steps. */
import { unusableIndex } from '../../engine/memory'
import { anonOrders } from '../../engine/thp/sizes'
import type { TraceFootprint } from '../results/trace-huge-pages'
import type { IndexedTrace } from './indexed'
import { replicaOf } from './machine-at'

/** What memory was like from event `from` to `to`. Throws `trace-range` for an unknown machine. */
export function footprintOf(
  trace: IndexedTrace,
  { machine, from, to }: { readonly machine: number; readonly from: number; readonly to: number }
): TraceFootprint {
  const { geometry } = replicaOf(trace, machine)
  const orders = [0, ...anonOrders(geometry)]
  const points = trace.log.memory
    .filter((sample) => sample.machine === machine && sample.event >= from && sample.event <= to)
    .map(({ event, resident, unused, unmapped, folios, freeBlocks }) => ({
      event,
      step: stepOf(trace, event),
      resident,
      unused,
      unmapped,
      folios: orders.map((order) => folios[order] ?? 0),
      unusable: orders.map((order) => unusableIndex(freeBlocks, order))
    }))
  return { steps: trace.operations.length, orders, pageSize: geometry.pageSize, points }
}

/** Operations of the script that had ended with an event, and the part done of the one it belongs to. */
function stepOf(trace: IndexedTrace, event: number): number {
  if (event === trace.events) return trace.operations.length
  const index = trace.operationOf(event)
  if (index >= 0) {
    const { from, to } = trace.operations[index]
    return index + (event - from + 1) / (to - from + 1)
  }
  // Between operations: after all that had begun.
  const next = trace.operations.findIndex(({ from }) => from > event)
  return next < 0 ? trace.operations.length : next
}
