/** Two traces by their workloads' operations: which belongs to which. */
import type { TraceAlignment, TraceCounterpart, TraceOperation, TracePair } from '../results/trace'
import { extentOf, type Extent } from './decode'
import type { IndexedTrace } from './indexed'

/** Cells of the table that finds the longest common sequence; beyond it the rest is taken as unmatched. */
const MAX_TABLE = 16_000_000

/** Indices that belong together: the longest common sequence of names. */
function common(a: readonly string[], b: readonly string[]): [number, number][] {
  const pairs: [number, number][] = []
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) pairs.push([start, start++])
  let endA = a.length
  let endB = b.length
  const tail: [number, number][] = []
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) tail.push([--endA, --endB])
  const rows = endA - start
  const columns = endB - start
  if (rows > 0 && columns > 0 && rows * columns <= MAX_TABLE) {
    const width = columns + 1
    const table = new Uint32Array((rows + 1) * width)
    for (let i = rows - 1; i >= 0; i--) {
      for (let j = columns - 1; j >= 0; j--) {
        const at = i * width + j
        table[at] =
          a[start + i] === b[start + j]
            ? table[at + width + 1] + 1
            : Math.max(table[at + width], table[at + 1])
      }
    }
    for (let i = 0, j = 0; i < rows && j < columns;) {
      const at = i * width + j
      if (a[start + i] === b[start + j]) pairs.push([start + i++, start + j++])
      else if (table[at + width] >= table[at + 1]) i++
      else j++
    }
  }
  return [...pairs, ...tail.reverse()]
}

/** The machine of each of two traces that is compared. */
export type Machines = readonly [number, number]

/** Operations on a machine, and those that did nothing; in a cell with one machine these are all. */
function operationsOn(trace: IndexedTrace, machine: number): TraceOperation[] {
  return trace.operations.filter(({ from, to, machine: own }) => to < from || own === machine)
}

/** A call without what it is made on: objects of two machines of one cell have different numbers. */
function withoutHandles({ name, title }: TraceOperation): string {
  const at = title.indexOf('(')
  return `${name.split(' ')[0]} ${at < 0 ? '' : title.slice(at)}`
}

/** Every operation of both, in order; those without a counterpart stand alone. */
export function align(a: IndexedTrace, b: IndexedTrace, machines: Machines = [0, 0]): TracePair[] {
  const [mine, its] = [operationsOn(a, machines[0]), operationsOn(b, machines[1])]
  const nameOf = a === b ? withoutHandles : ({ name }: TraceOperation) => name
  const matched = common(mine.map(nameOf), its.map(nameOf))
  const pairs: TracePair[] = []
  let nextA = 0
  let nextB = 0
  let aEvent = 0
  let bEvent = 0
  const push = (i: number, j: number): void => {
    // An operation with others inside it is done when the last of them is.
    if (i >= 0) aEvent = Math.max(aEvent, mine[i].to)
    if (j >= 0) bEvent = Math.max(bEvent, its[j].to)
    const title = i >= 0 ? mine[i].title : its[j].title
    pairs.push({ a: mine[i]?.index ?? -1, b: its[j]?.index ?? -1, title, aEvent, bEvent })
  }
  for (const [i, j] of [...matched, [mine.length, its.length] as const]) {
    while (nextA < i) push(nextA++, -1)
    while (nextB < j) push(-1, nextB++)
    if (i < mine.length && j < its.length) push(nextA++, nextB++)
  }
  return pairs
}

/** A page of an alignment. */
export function alignmentOf(pairs: readonly TracePair[], from: number, count: number): TraceAlignment {
  return {
    pairs: pairs.slice(from, from + count),
    total: pairs.length,
    unmatchedA: pairs.filter(({ b }) => b < 0).length,
    unmatchedB: pairs.filter(({ a }) => a < 0).length
  }
}

/**
 * Where `b` stands when `a` stands at `event`. At the end of an operation: at the end of its counterpart.
 * In the middle of one: at the last event of the counterpart before it works on a page beyond the one
 * that `a` works on; where `a` has not come to any page yet, at its start.
 */
export function counterpart(
  a: IndexedTrace,
  b: IndexedTrace,
  pairs: readonly TracePair[],
  event: number,
  machines: Machines = [0, 0]
): TraceCounterpart {
  const operation = a.operationOf(event)
  const index = pairs.findIndex((pair) => pair.a === operation && operation >= 0)
  if (index < 0) {
    let last = -1
    pairs.forEach((pair, i) => {
      if (pair.a >= 0 && pair.aEvent <= event) last = i
    })
    return { event: last < 0 ? 0 : pairs[last].bEvent, pair: last, by: 'operation' }
  }
  const pair = pairs[index]
  if (event >= a.operations[operation].to) return { event: pair.bEvent, pair: index, by: 'operation' }
  if (pair.b < 0) return { event: pair.bEvent, pair: index, by: 'operation' }
  const other = b.operations[pair.b]
  const begin = { event: Math.max(0, other.from - 1), pair: index, by: 'start' } as const
  const page = furthest(a, machines[0], a.operations[operation].from, event)
  if (page < 0) return begin
  const extent: Extent = { vpn: 0, pages: 0, pfn: 0, frames: 0 }
  let at = other.from
  while (at <= other.to) {
    extentOf(b, at, extent)
    if (extent.pages === 1 && extent.vpn > page && b.log.machine(at) === machines[1]) break
    at++
  }
  return { event: at - 1, pair: index, by: 'page' }
}

/** The highest page that single-page events of a range were about, -1 for none. */
function furthest(trace: IndexedTrace, machine: number, from: number, to: number): number {
  const extent: Extent = { vpn: 0, pages: 0, pfn: 0, frames: 0 }
  let page = -1
  for (let event = from; event <= to; event++) {
    extentOf(trace, event, extent)
    if (extent.pages === 1 && trace.log.machine(event) === machine) page = Math.max(page, extent.vpn)
  }
  return page
}
