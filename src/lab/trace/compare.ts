/** What differs between the states of two traces, and where they begin to differ. */
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { findPmd, findSlot } from '../../engine/mm/walk'
import type { Replica, ReplicaMm } from '../../engine/trace/replica'
import type {
  TraceAspect,
  TraceCellDifference,
  TraceDifferenceFound,
  TraceDifferences,
  TracePair
} from '../results/trace'
import { isPresent } from '../../engine/arch/descriptor'
import { writeOf } from './descriptor'
import { entryAt, type Entry } from './entries'
import { replicaOf } from './machine-at'
import type { IndexedTrace } from './indexed'
import { entryWords } from './words'

type Range = { readonly from: number; readonly to: number } | undefined

/** What two entries are compared by: everything but the frame, and what their folios hold of counts. */
function wordsOf(replica: Replica, entry: Entry): string {
  const words = entry.huge ? `${entryWords(entry.attr)}, PMD leaf` : entryWords(entry.attr)
  if (!isPresent(entry.attr) || replica.folios.word(entry.pfn) === 0) return words
  const { folios } = replica
  const exclusive = folios.isExclusive(entry.pfn) ? ', exclusive' : ''
  return `${words}, order ${folios.order(entry.pfn)}, refcount ${folios.refcount(entry.pfn)}, mapcount ${folios.mapcount(entry.pfn)}, entire ${folios.entireMapcount(entry.pfn)}${exclusive}`
}

function hasAny(replica: Replica, mm: ReplicaMm | undefined, vpn: number): boolean {
  if (mm === undefined) return false
  if (findSlot(replica, mm, vpn) !== 0) return true
  const pmd = findPmd(replica, mm, vpn)
  return pmd !== 0 && replica.tables.attr(pmd) !== 0
}

/** Calls `visit` for each page at which the two states differ, in the order of processes and addresses. */
function eachCell(
  a: IndexedTrace,
  b: IndexedTrace,
  range: Range,
  visit: (pid: number, vpn: number, a: string, b: string) => void
): void {
  const left = replicaOf(a, 0)
  const right = replicaOf(b, 0)
  const { tableEntries, pageSize } = left.geometry
  const pids = [...new Set([...left.mms.keys(), ...right.mms.keys()])].sort((x, y) => x - y)
  for (const pid of pids) {
    const mine = left.mms.get(pid)
    const its = right.mms.get(pid)
    const vmas = [
      ...(mine === undefined ? [] : a.log.vmaLists[mine.vmas]),
      ...(its === undefined ? [] : b.log.vmaLists[its.vmas])
    ].sort((x, y) => x.start - y.start)
    let done = 0
    for (const vma of vmas) {
      const end = Math.min(vma.end, range === undefined ? Infinity : Math.ceil(range.to / pageSize))
      let vpn = Math.max(vma.start, done, range === undefined ? 0 : Math.floor(range.from / pageSize))
      while (vpn < end) {
        const next = Math.min(vpn - (vpn % tableEntries) + tableEntries, end)
        if (hasAny(left, mine, vpn) || hasAny(right, its, vpn)) {
          for (; vpn < next; vpn++) {
            const one = mine === undefined ? undefined : entryAt(left, mine, vpn)
            const two = its === undefined ? undefined : entryAt(right, its, vpn)
            if ((one?.attr ?? 0) === 0 && (two?.attr ?? 0) === 0) continue
            const words = one === undefined ? 'no process' : wordsOf(left, one)
            const others = two === undefined ? 'no process' : wordsOf(right, two)
            if (words !== others) visit(pid, vpn, words, others)
          }
        }
        vpn = next
      }
      done = Math.max(done, end)
    }
  }
}

/** The differences between two states. */
export function differences(
  a: IndexedTrace,
  aEvent: number,
  b: IndexedTrace,
  bEvent: number,
  limit: number,
  range?: Range
): TraceDifferences {
  a.history.seek(aEvent)
  b.history.seek(bEvent)
  const { pageSize } = replicaOf(a, 0).geometry
  const cells: TraceCellDifference[] = []
  let cellsTotal = 0
  eachCell(a, b, range, (pid, vpn, mine, its) => {
    cellsTotal++
    if (cells.length < limit) cells.push({ pid, otherPid: pid, address: vpn * pageSize, a: mine, b: its })
  })
  return {
    a: aEvent,
    b: bEvent,
    cells,
    cellsTotal,
    counters: countersOf(a, b),
    verdicts: verdictsOf(a, aEvent, b, bEvent)
  }
}

function countersOf(a: IndexedTrace, b: IndexedTrace): TraceDifferences['counters'] {
  const mine = replicaOf(a, 0).counters.values
  const its = replicaOf(b, 0).counters.values
  return COUNTER_NAMES.map((name, i) => ({ name, a: mine[i], b: its[i] })).filter((each) => each.a !== each.b)
}

function verdictsOf(
  a: IndexedTrace,
  aEvent: number,
  b: IndexedTrace,
  bEvent: number
): TraceDifferences['verdicts'] {
  const said = (trace: IndexedTrace, event: number): Map<string, 'pass' | 'fail'> => {
    const found = new Map<string, 'pass' | 'fail'>()
    for (const mark of trace.marks) {
      if (mark.kind !== 'expectation' || mark.event > event || mark.status === undefined) continue
      const name = mark.text.split(': expected ')[0]
      if (found.get(name) !== 'fail') found.set(name, mark.status)
    }
    return found
  }
  const mine = said(a, aEvent)
  const its = said(b, bEvent)
  return [...new Set([...mine.keys(), ...its.keys()])]
    .map((name) => ({ name, a: mine.get(name) ?? ('none' as const), b: its.get(name) ?? ('none' as const) }))
    .filter((each) => each.a !== each.b)
}

/** What differs after a pair of operations, in a form that two pairs can be compared by. */
interface Signature {
  readonly cells: string
  readonly counters: string
  readonly verdicts: string
  /** The first cell that differs. */
  readonly first: TraceCellDifference | undefined
}

/** The comparison of two traces by their operations; keeps what it found out. */
export class Comparison {
  readonly #signatures = new Map<number, Signature>()

  constructor(
    readonly a: IndexedTrace,
    readonly b: IndexedTrace,
    readonly pairs: readonly TracePair[]
  ) {}

  /**
   * The next (or previous) pair of operations after which the two differ otherwise than before it, and
   * in each trace the event that made the first cell what it is then.
   */
  find(
    aEvent: number,
    direction: 'next' | 'previous',
    aspects: readonly TraceAspect[]
  ): TraceDifferenceFound {
    const { pairs } = this
    const order = [...pairs.keys()]
    if (direction === 'previous') order.reverse()
    for (const index of order) {
      const pair = pairs[index]
      const beyond = direction === 'next' ? pair.aEvent > aEvent : pair.aEvent < aEvent
      if (!beyond || pair.a < 0 || pair.b < 0) continue
      const now = this.#signature(index)
      const before = index === 0 ? undefined : this.#signature(index - 1)
      for (const aspect of aspects) {
        if (now[aspect] === '' || now[aspect] === before?.[aspect]) continue
        const found = this.#place(index, aspect, now)
        const later = direction === 'next' ? found.a > aEvent : found.a < aEvent
        if (later) return found
      }
    }
    return { found: false, pair: -1, a: 0, b: 0, aspect: aspects[0] ?? 'cells', text: 'no difference' }
  }

  #place(index: number, aspect: TraceAspect, now: Signature): TraceDifferenceFound {
    const { a, b } = this
    const pair = this.pairs[index]
    if (aspect !== 'cells' || now.first === undefined) {
      return {
        found: true,
        pair: index,
        a: pair.aEvent,
        b: pair.bEvent,
        aspect,
        text: `${aspect} differ after ${pair.title}`
      }
    }
    const { pid, address } = now.first
    const text = `0x${address.toString(16)} of process ${pid}: ${now.first.a} against ${now.first.b}`
    const at = (trace: IndexedTrace, operation: number, end: number): number => {
      trace.history.seek(end)
      const replica = replicaOf(trace, 0)
      const mm = replica.mms.get(pid)
      if (mm === undefined) return end
      const { slot } = entryAt(replica, mm, Math.floor(address / replica.geometry.pageSize))
      const written = slot === 0 ? 0 : writeOf(trace, 0, slot, end, -1)
      return written >= trace.operations[operation].from ? written : end
    }
    return {
      found: true,
      pair: index,
      a: at(a, pair.a, pair.aEvent),
      b: at(b, pair.b, pair.bEvent),
      aspect,
      text
    }
  }

  #signature(index: number): Signature {
    const known = this.#signatures.get(index)
    if (known !== undefined) return known
    const { aEvent, bEvent } = this.pairs[index]
    let hash = 0
    let total = 0
    this.a.history.seek(aEvent)
    this.b.history.seek(bEvent)
    let first: TraceCellDifference | undefined
    const { pageSize } = replicaOf(this.a, 0).geometry
    eachCell(this.a, this.b, undefined, (pid, vpn, mine, its) => {
      total++
      first ??= { pid, otherPid: pid, address: vpn * pageSize, a: mine, b: its }
      for (const text of [mine, its])
        for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 16_777_619)
      hash = Math.imul(hash ^ (vpn | 0), 16_777_619)
    })
    const list = (each: readonly object[]): string => (each.length === 0 ? '' : JSON.stringify(each))
    const signature = {
      cells: total === 0 ? '' : `${total} ${hash}`,
      counters: list(countersOf(this.a, this.b)),
      verdicts: list(verdictsOf(this.a, aEvent, this.b, bEvent)),
      first
    }
    this.#signatures.set(index, signature)
    return signature
  }
}
