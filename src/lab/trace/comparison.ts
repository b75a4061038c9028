/** Where two traces begin to differ: operation by operation, and within one event by event. */
import { COUNTER_INDEX, type CounterName } from '../../engine/trace/counters'
import type { TraceAspect, TraceCellDifference, TraceDifferenceFound, TracePair } from '../results/trace'
import { countersOf, eachCell, expectationName, replicasAt, verdictsOf, type Two } from './compare'
import { writeOf } from './descriptor'
import { entryAt } from './entries'
import type { IndexedTrace } from './indexed'

/** What differs after a pair of operations, in a form that two pairs can be compared by. */
interface Signature {
  readonly cells: string
  readonly counters: string
  readonly verdicts: string
  /** The first cell that differs. */
  readonly first: TraceCellDifference | undefined
  /** How far each counter that differs is apart. */
  readonly apart: ReadonlyMap<string, number>
  readonly said: ReturnType<typeof verdictsOf>
}

type Place = Pick<TraceDifferenceFound, 'a' | 'b' | 'text'>

const NONE: Signature = {
  cells: '',
  counters: '',
  verdicts: '',
  first: undefined,
  apart: new Map(),
  said: []
}

/** The comparison of two traces by their operations; keeps what it found out. */
export class Comparison {
  readonly #signatures = new Map<number, Signature>()

  constructor(
    readonly two: Two,
    readonly pairs: readonly TracePair[]
  ) {}

  /**
   * The next (or previous) pair of operations after which the two differ otherwise than before it, and
   * in each trace the event that made them differ: the write of the first cell that differs, what one
   * side counts more often than the other, the expectation that holds on one side only.
   */
  find(
    aEvent: number,
    direction: 'next' | 'previous',
    aspects: readonly TraceAspect[]
  ): TraceDifferenceFound {
    const order = [...this.pairs.keys()]
    if (direction === 'previous') order.reverse()
    for (const index of order) {
      const pair = this.pairs[index]
      const beyond = direction === 'next' ? pair.aEvent > aEvent : this.#startOf(index) < aEvent
      if (!beyond || pair.a < 0 || pair.b < 0) continue
      const now = this.#signature(index)
      const before = index === 0 ? NONE : this.#signature(index - 1)
      const places = aspects
        .filter((aspect) => now[aspect] !== '' && now[aspect] !== before[aspect])
        .map((aspect) => ({ aspect, ...this.#place(index, aspect, now, before) }))
        .filter(({ a }) => (direction === 'next' ? a > aEvent : a < aEvent))
      if (places.length === 0) continue
      // Of several at one operation the nearest; entries before counts where both are at one event.
      places.sort((x, y) => (direction === 'next' ? x.a - y.a : y.a - x.a))
      return { found: true, pair: index, ...places[0] }
    }
    return { found: false, pair: -1, a: 0, b: 0, aspect: aspects[0] ?? 'cells', text: 'no difference' }
  }

  /** The state before a pair of operations. */
  #startOf(index: number): number {
    return index === 0 ? 0 : this.pairs[index - 1].aEvent
  }

  #place(index: number, aspect: TraceAspect, now: Signature, before: Signature): Place {
    if (aspect === 'cells' && now.first !== undefined) return this.#cellPlace(index, now.first)
    if (aspect === 'counters') return this.#counterPlace(index, now, before)
    return this.#verdictPlace(index, now, before)
  }

  #cellPlace(index: number, { pid, address, a: mine, b: its }: TraceCellDifference): Place {
    const { a, b, machines } = this.two
    const pair = this.pairs[index]
    const replicas = replicasAt(this.two, pair.aEvent, pair.bEvent)
    const at = (side: 0 | 1, trace: IndexedTrace, operation: number, end: number): number => {
      const replica = replicas[side]
      const mm = replica.mms.get(pid)
      if (mm === undefined) return end
      const { slot } = entryAt(replica, mm, Math.floor(address / replica.geometry.pageSize))
      const written = slot === 0 ? 0 : writeOf(trace, machines[side], slot, end, -1)
      return written >= trace.operations[operation].from ? written : end
    }
    return {
      a: at(0, a, pair.a, pair.aEvent),
      b: at(1, b, pair.b, pair.bEvent),
      text: `0x${address.toString(16)} of process ${pid}: ${mine} against ${its}`
    }
  }

  /** Where one side first counts more than the other does in the whole operation; of several counters the first. */
  #counterPlace(index: number, now: Signature, before: Signature): Place {
    const pair = this.pairs[index]
    const names = [...new Set([...now.apart.keys(), ...before.apart.keys()])].filter(
      (name) => now.apart.get(name) !== before.apart.get(name)
    ) as CounterName[]
    const start = [this.#startOf(index), index === 0 ? 0 : this.pairs[index - 1].bEvent] as const
    const added = (side: 0 | 1): Map<CounterName, number> => {
      const { a, b } = this.two
      const [trace, end] = side === 0 ? [a, pair.aEvent] : [b, pair.bEvent]
      const counted = trace.counted(this.two.machines[side], start[side] + 1, end)
      return new Map(names.map((name) => [name, counted[name] ?? 0]))
    }
    const [mine, its] = [added(0), added(1)]
    const places = names.map((name): Place => {
      const [left, right] = [mine.get(name) ?? 0, its.get(name) ?? 0]
      const text = `${name}: ${left} against ${right} in ${pair.title}`
      return left > right
        ? { a: this.#exceeds(0, name, right, start[0], pair.aEvent), b: pair.bEvent, text }
        : { a: pair.aEvent, b: this.#exceeds(1, name, left, start[1], pair.bEvent), text }
    })
    return places.sort((x, y) => x.a - y.a || x.b - y.b)[0]
  }

  /** The first event after `start` at which a counter has grown by more than `amount`. */
  #exceeds(side: 0 | 1, name: CounterName, amount: number, start: number, end: number): number {
    const { a, b, machines } = this.two
    const { log } = side === 0 ? a : b
    const counter = COUNTER_INDEX[name]
    let sum = 0
    for (let event = start + 1; event <= end; event++) {
      if (log.machine(event) !== machines[side]) continue
      for (const each of log.patterns.increments(log.lane(event, 7)))
        if (each.counter === counter) sum += each.amount
      if (sum > amount) return event
    }
    return end
  }

  #verdictPlace(index: number, now: Signature, before: Signature): Place {
    const pair = this.pairs[index]
    const known = new Map(before.said.map((each) => [each.name, `${each.a} ${each.b}`]))
    const changed = now.said.find((each) => known.get(each.name) !== `${each.a} ${each.b}`)
    if (changed === undefined)
      return { a: pair.aEvent, b: pair.bEvent, text: `verdicts differ after ${pair.title}` }
    const at = (trace: IndexedTrace, status: string, end: number): number =>
      trace.marks.find(
        (mark) =>
          mark.kind === 'expectation' && mark.status === status && expectationName(mark.text) === changed.name
      )?.event ?? end
    return {
      a: Math.min(at(this.two.a, changed.a, pair.aEvent), pair.aEvent),
      b: Math.min(at(this.two.b, changed.b, pair.bEvent), pair.bEvent),
      text: `${changed.name}: ${changed.a} against ${changed.b}`
    }
  }

  #signature(index: number): Signature {
    const known = this.#signatures.get(index)
    if (known !== undefined) return known
    const { aEvent, bEvent } = this.pairs[index]
    let hash = 0
    let total = 0
    const replicas = replicasAt(this.two, aEvent, bEvent)
    let first: TraceCellDifference | undefined
    const { pageSize } = replicas[0].geometry
    eachCell(this.two, replicas, undefined, (pid, vpn, mine, its) => {
      total++
      first ??= { pid, otherPid: pid, address: vpn * pageSize, a: mine, b: its }
      for (const text of [mine, its])
        for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619)
      hash = Math.imul(hash ^ (vpn | 0), 16_777_619)
    })
    const apart = new Map(countersOf(replicas).map(({ name, a, b }) => [name, a - b]))
    const said = verdictsOf(this.two, aEvent, bEvent)
    const signature = {
      cells: total === 0 ? '' : `${total} ${hash}`,
      counters: [...apart].join(' '),
      verdicts: said.map((each) => Object.values(each).join(' ')).join('; '),
      first,
      apart,
      said
    }
    this.#signatures.set(index, signature)
    return signature
  }
}
