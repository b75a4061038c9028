/** Doing and undoing one event on the replica of its machine. */
import { FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT, ORDER_SHIFT, SINGLE_MASK, type Folios } from '../mm/folio'
import { KIND } from './kinds'
import { COUNTED, HEAD, NEW_A, NEW_B, OLD_A, OLD_B, PID, PLACE, type TraceLog } from './log'
import type { Replica } from './replica'
import { fromLanes } from './lanes'

const LARGE = 1 << (FOLIO_CHUNK_SHIFT - 2)

/** Sets the flags of the folio of `pfn`, of that order. */
function setFlags(folios: Folios, pfn: number, order: number, value: number): void {
  const head = pfn & (-1 << order)
  if (order < 2) {
    const { states } = folios
    states.set(head, states.table.withFlags(states.at(head), value))
    return
  }
  const lane = (folios.largeFlags[head >>> FOLIO_CHUNK_SHIFT] ??= new Uint16Array(LARGE))
  lane[(head & FOLIO_CHUNK_MASK) >> 2] = value
}

/** Sets the refcount of the folio of `pfn`, of that order. */
function setRefs(folios: Folios, pfn: number, order: number, value: number): void {
  const head = pfn & (-1 << order)
  if (order >= 2) setLarge(folios.largeRefs, head, value)
  else {
    const { states } = folios
    states.set(head, states.table.withRefs(states.at(head), value))
  }
}

/** Sets what the large folio at `head` has in a lane of its own. */
function setLarge(lanes: (Int32Array | undefined)[], head: number, value: number): void {
  const lane = (lanes[head >>> FOLIO_CHUNK_SHIFT] ??= new Int32Array(LARGE))
  lane[(head & FOLIO_CHUNK_MASK) >> 2] = value
}

/** All pages of a folio have that word, and nothing else that is kept with a page. */
function setWords({ states }: Folios, head: number, order: number, word: number): void {
  states.fill(head, 2 ** order, states.table.of(word, 0, 0))
}

/** Does the event at `at` of `chunk` (`forward`), or undoes it. */
export function apply(
  replica: Replica,
  log: TraceLog,
  chunk: Int32Array,
  at: number,
  forward: boolean
): void {
  const kind = chunk[at + HEAD] & 0xff
  count(replica, log, chunk[at + COUNTED], forward)
  // The kinds in which an attr and a pfn change come first: they are most events.
  if (kind <= KIND['table-link']) {
    const { tables } = replica
    const slot = chunk[at + PLACE]
    const lane = at + (forward ? NEW_A : OLD_A)
    tables.put(slot, chunk[lane], chunk[lane + 1])
    return
  }
  if (kind <= KIND['table-move']) applyTable(replica, chunk, at, kind, forward)
  else if (kind >= KIND['tlb-fill'] && kind <= KIND['walk-drop']) applyTlb(replica, chunk, at, kind, forward)
  else if (kind >= KIND['folio-alloc'] && kind <= KIND.content) applyFolio(replica, chunk, at, kind, forward)
  else if (kind >= KIND['mm-start'] && kind <= KIND['vma-change']) applyMm(replica, chunk, at, kind, forward)
  else if (kind >= KIND['swap-slot']) replica.swap.apply(chunk, at, kind, forward)
}

function count(replica: Replica, log: TraceLog, pattern: number, forward: boolean): void {
  if (pattern === 0) return
  const { values } = replica.counters
  for (const { counter, amount } of log.patterns.increments(pattern)) {
    values[counter] += forward ? amount : -amount
  }
}

function applyTable(replica: Replica, chunk: Int32Array, at: number, kind: number, forward: boolean): void {
  const { tables } = replica
  const { state, geometry } = tables
  const table = chunk[at + PLACE]
  const lane = at + (forward ? NEW_A : OLD_A)
  const base = fromLanes(chunk[lane], chunk[lane + 1])
  const other = chunk[at + PID]
  if (kind === KIND['table-move']) {
    tables.setBase(table, base)
    return
  }
  const first = table * geometry.tableEntries
  if (kind === KIND['table-free']) {
    state[0] = forward ? table : other
    state[2] += forward ? -1 : 1
    tables.put(first, 0, forward ? other : 0)
    return
  }
  if (!forward) {
    // Never used before, or the head of the free list, whose next one was `other`.
    if (other < 0) state[1] = table
    else {
      tables.put(first, 0, other)
      state[0] = table
    }
    state[2]--
  } else {
    tables.reach(table)
    if (other < 0) state[1] = table + 1
    else {
      tables.put(first, 0, 0)
      state[0] = other
    }
    state[2]++
  }
  tables.setBase(table, base)
}

function applyTlb(replica: Replica, chunk: Int32Array, at: number, kind: number, forward: boolean): void {
  const { tlbs } = replica
  const entry = chunk[at + PLACE]
  const pid = chunk[at + PID]
  const high = chunk[at + OLD_B]
  const fills = (kind === KIND['tlb-fill'] || kind === KIND['walk-fill']) === forward
  if (kind >= KIND['walk-fill']) {
    tlbs.walkPid[entry] = fills ? pid : 0
    tlbs.walkVpn[entry] = fills ? fromLanes(chunk[at + OLD_A], high) : 0
    tlbs.walkTable[entry] = fills ? chunk[at + NEW_A] : 0
    return
  }
  if (kind === KIND['tlb-retire']) {
    tlbs.pid[entry] = forward ? -pid : pid
    return
  }
  const size = high >>> 16
  tlbs.pid[entry] = fills ? ((size & 256) !== 0 ? -pid : pid) : 0
  tlbs.vpn[entry] = fills ? fromLanes(chunk[at + OLD_A], high & 0xffff) : 0
  tlbs.pages[entry] = fills ? 1 << (size & 31) : 0
  tlbs.pfn[entry] = fills ? chunk[at + NEW_A] : 0
  tlbs.attr[entry] = fills ? chunk[at + NEW_B] : 0
}

function applyFolio(replica: Replica, chunk: Int32Array, at: number, kind: number, forward: boolean): void {
  const { folios } = replica
  const pfn = chunk[at + PLACE]
  const value = chunk[at + (forward ? NEW_A : OLD_A)]
  switch (kind) {
    case KIND['folio-alloc']: {
      const order = chunk[at + NEW_A]
      setWords(folios, pfn, order, forward ? chunk[at + PID] : 0)
      if (order < 2) {
        // Nothing is kept of such a folio once it is gone.
        if (forward) setRefs(folios, pfn, order, 1)
        return
      }
      setLarge(folios.largeRefs, pfn, forward ? 1 : chunk[at + NEW_B])
      setFlags(folios, pfn, order, forward ? 0 : chunk[at + OLD_A])
      setLarge(folios.anonVmas, pfn, forward ? 0 : chunk[at + OLD_B])
      return
    }
    case KIND['folio-free']: {
      const order = chunk[at + OLD_A]
      setWords(folios, pfn, order, forward ? 0 : chunk[at + PID])
      if (!forward && order < 2) setFlags(folios, pfn, order, chunk[at + NEW_A])
      return
    }
    case KIND['folio-split']: {
      const { states } = folios
      const order = chunk[at + OLD_A]
      for (let page = pfn; page < pfn + 2 ** order; page++) {
        const single = states.word(page) & SINGLE_MASK
        const word = forward ? single : single | (order << ORDER_SHIFT)
        states.set(page, states.table.of(word, forward ? 1 : 0, 0))
      }
      return
    }
    case KIND.refcount:
      setRefs(folios, pfn, folios.order(pfn), value)
      return
    case KIND.mapcount:
    case KIND.exclusive:
    case KIND['page-flags']:
      folios.states.set(pfn, folios.states.table.withWord(folios.states.at(pfn), value))
      return
    case KIND.entire:
      setLarge(folios.entire, folios.head(pfn), value)
      return
    case KIND.pins:
      setLarge(folios.pins, folios.head(pfn), value)
      return
    case KIND['folio-flags']:
      setFlags(folios, pfn, folios.order(pfn), value)
      return
    case KIND['anon-vma']:
      setLarge(folios.anonVmas, folios.head(pfn), value)
      return
    case KIND.content: {
      const bytes = (folios.contents[pfn >>> FOLIO_CHUNK_SHIFT] ??= new Uint8Array(1 << FOLIO_CHUNK_SHIFT))
      bytes[pfn & FOLIO_CHUNK_MASK] = value
    }
  }
}

function applyMm(replica: Replica, chunk: Int32Array, at: number, kind: number, forward: boolean): void {
  const { mms } = replica
  const pid = chunk[at + PID]
  if (kind === KIND['mm-start'] || kind === KIND['mm-end']) {
    const begins = (kind === KIND['mm-start']) === forward
    if (begins) mms.set(pid, replica.newMm(pid, chunk[at + PLACE]))
    else mms.delete(pid)
    return
  }
  const mm = mms.get(pid)
  if (mm === undefined) throw new Error(`event of process ${pid}, which is not there`)
  const value = chunk[at + (forward ? NEW_A : OLD_A)]
  if (kind === KIND.rss) mm.fields[chunk[at + PLACE]] = value
  else mm.vmas = value
}
