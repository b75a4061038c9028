/** What differs between the states of two traces. */
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { findPmd, findSlot } from '../../engine/mm/walk'
import type { History } from '../../engine/trace/history'
import type { Replica, ReplicaMm } from '../../engine/trace/replica'
import type { TraceCellDifference, TraceDifferences } from '../results/trace'
import { isPresent } from '../../engine/arch/descriptor'
import type { Machines } from './align'
import { entryAt, type Entry } from './entries'
import { replicaOf } from './machine-at'
import type { IndexedTrace } from './indexed'
import { entryWords } from './words'

/** A machine of each of two traces. */
export interface Two {
  readonly a: IndexedTrace
  readonly b: IndexedTrace
  readonly machines: Machines
  /** Where the states of either side are made. */
  readonly histories: readonly [History, History]
}

/** Two machines to compare; of one cell too. Throws `trace-range` where one has no such machine. */
export function twoOf(a: IndexedTrace, b: IndexedTrace, machines: Machines): Two {
  replicaOf(a, machines[0])
  replicaOf(b, machines[1])
  return { a, b, machines, histories: [a.history, a === b ? a.history.twin() : b.history] }
}

/** The machines as they are in two states. */
export function replicasAt({ histories, machines }: Two, aEvent: number, bEvent: number): [Replica, Replica] {
  histories[0].seek(aEvent)
  histories[1].seek(bEvent)
  return [histories[0].replicas[machines[0]], histories[1].replicas[machines[1]]]
}

type Range = { readonly from: number; readonly to: number } | undefined

/** What two entries are compared by: everything but the frame, and what their folios hold of counts. */
function wordsOf(replica: Replica, entry: Entry): string {
  const words = entry.huge ? `${entryWords(entry.attr)}, PMD leaf` : entryWords(entry.attr)
  if (!isPresent(entry.attr) || replica.folios.word(entry.pfn) === 0) return words
  const { folios } = replica
  const exclusive = folios.isExclusive(entry.pfn) ? ', exclusive' : ''
  return `${words}, order ${folios.order(entry.pfn)}, refcount ${folios.refcount(entry.pfn)}, mapcount ${folios.mapcount(entry.pfn)}, entire ${folios.entireMapcount(entry.pfn)}${exclusive}`
}

/** Whether two entries are surely the same by those words: most are, and words take long. */
function alike(left: Replica, one: Entry, right: Replica, two: Entry): boolean {
  if (one.attr !== two.attr || one.huge !== two.huge) return false
  if (!isPresent(one.attr)) return true
  const [mine, its] = [left.folios, right.folios]
  if (mine.word(one.pfn) === 0 || its.word(two.pfn) === 0) return mine.word(one.pfn) === its.word(two.pfn)
  return (
    mine.order(one.pfn) === its.order(two.pfn) &&
    mine.refcount(one.pfn) === its.refcount(two.pfn) &&
    mine.mapcount(one.pfn) === its.mapcount(two.pfn) &&
    mine.entireMapcount(one.pfn) === its.entireMapcount(two.pfn) &&
    mine.isExclusive(one.pfn) === its.isExclusive(two.pfn)
  )
}

function hasAny(replica: Replica, mm: ReplicaMm | undefined, vpn: number): boolean {
  if (mm === undefined) return false
  if (findSlot(replica, mm, vpn) !== 0) return true
  const pmd = findPmd(replica, mm, vpn)
  return pmd !== 0 && replica.tables.attr(pmd) !== 0
}

/** Calls `visit` for each page at which the two states differ, in the order of processes and addresses. */
export function eachCell(
  { a, b }: Two,
  [left, right]: readonly [Replica, Replica],
  range: Range,
  visit: (pid: number, vpn: number, a: string, b: string) => void
): void {
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
            if (one !== undefined && two !== undefined && alike(left, one, right, two)) continue
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
  two: Two,
  aEvent: number,
  bEvent: number,
  limit: number,
  range?: Range
): TraceDifferences {
  const replicas = replicasAt(two, aEvent, bEvent)
  const { pageSize } = replicas[0].geometry
  const cells: TraceCellDifference[] = []
  let cellsTotal = 0
  eachCell(two, replicas, range, (pid, vpn, mine, its) => {
    cellsTotal++
    if (cells.length < limit) cells.push({ pid, otherPid: pid, address: vpn * pageSize, a: mine, b: its })
  })
  return {
    a: aEvent,
    b: bEvent,
    cells,
    cellsTotal,
    counters: countersOf(replicas),
    verdicts: verdictsOf(two, aEvent, bEvent)
  }
}

/** Counters that differ between two states. */
export function countersOf([left, right]: readonly [Replica, Replica]): TraceDifferences['counters'] {
  const mine = left.counters.values
  const its = right.counters.values
  return COUNTER_NAMES.map((name, i) => ({ name, a: mine[i], b: its[i] })).filter((each) => each.a !== each.b)
}

/** What an expectation is called in its mark. */
export const expectationName = (text: string): string => text.split(': expected ')[0]

/** Expectations that hold on one side only, as far as they were stated. */
export function verdictsOf({ a, b }: Two, aEvent: number, bEvent: number): TraceDifferences['verdicts'] {
  const said = (trace: IndexedTrace, event: number): Map<string, 'pass' | 'fail'> => {
    const found = new Map<string, 'pass' | 'fail'>()
    for (const mark of trace.marks) {
      if (mark.kind !== 'expectation' || mark.event > event || mark.status === undefined) continue
      const name = expectationName(mark.text)
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
