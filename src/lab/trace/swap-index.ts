/** What happened to swap slots and to the tags saved for them, found in one pass over a trace. */
import { isSwapType, SWAP, VALID } from '../../engine/arch/descriptor'
import { KIND } from '../../engine/trace/kinds'
import { HEAD, NEW_A, NEW_B, OLD_A, OLD_B, PLACE } from '../../engine/trace/log'
import type { IndexedTrace } from './indexed'

/** Events in order. */
type Events = number[]

/** The last of them up to `event`, as its place; -1 for none. */
function lastUpTo(events: Events, event: number): number {
  let low = 0
  let high = events.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (events[middle] <= event) low = middle + 1
    else high = middle
  }
  return low - 1
}

function add(lists: Map<number, Events>, key: number, event: number): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [event])
  else list.push(event)
}

/** What became of the tags of a slot since they were last saved, or since somebody took the slot. */
export interface TagsOfSlot {
  savedAt: number
  restoredAt: number
  droppedAt: number
  /** Place of the outcome in `RESTORE_OUTCOMES`, -1 for none. */
  outcome: number
}

const isSwap = (attr: number): boolean => isSwapType(attr) && (attr & (SWAP | VALID)) === SWAP

/** One machine of a trace. */
class MachineIndex {
  /** Events that made an entry a swap entry, or took one away, by the entry. */
  readonly entries = new Map<number, Events>()
  /** Events about the tags of a swap slot, and those with which it was taken. */
  readonly slots = new Map<number, Events>()

  constructor(readonly trace: IndexedTrace) {}

  /** The slot that an entry named last, and the event of that; undefined where it never named one. */
  lastSlot(entry: number, event: number): { slot: number; event: number } | undefined {
    const events = this.entries.get(entry)
    const at = events === undefined ? -1 : lastUpTo(events, event)
    if (events === undefined || at < 0) return undefined
    const { log } = this.trace
    const written = events[at]
    const lane = isSwap(log.lane(written, NEW_A)) ? NEW_B : OLD_B
    return { slot: log.lane(written, lane), event: written }
  }

  /** The tags of a slot up to `event`; of a slot given back since `since`, until somebody else took it. */
  tagsOf(slot: number, event: number, since?: number): TagsOfSlot {
    const { log } = this.trace
    const found: TagsOfSlot = { savedAt: 0, restoredAt: 0, droppedAt: 0, outcome: -1 }
    const events = this.slots.get(slot)
    if (events === undefined) return found
    let last = lastUpTo(events, event)
    if (since !== undefined) {
      for (let at = lastUpTo(events, since) + 1; at <= last; at++)
        if ((log.lane(events[at], HEAD) & 0xff) === KIND['swap-slot']) last = at - 1
    }
    for (let at = last; at >= 0; at--) {
      const kind = log.lane(events[at], HEAD) & 0xff
      if (kind === KIND['swap-slot']) break
      if (kind === KIND['tag-drop'] && found.droppedAt === 0) found.droppedAt = events[at]
      if (kind === KIND['tag-restore'] && found.restoredAt === 0) {
        found.restoredAt = events[at]
        found.outcome = log.lane(events[at], NEW_A)
      }
      if (kind !== KIND['tag-save']) continue
      found.savedAt = events[at]
      break
    }
    return found
  }
}

const indices = new WeakMap<IndexedTrace, readonly MachineIndex[]>()

/** The index of one machine; made when it is first asked for. */
export function swapIndexOf(trace: IndexedTrace, machine: number): MachineIndex {
  const known = indices.get(trace) ?? indexOf(trace)
  indices.set(trace, known)
  return known[machine]
}

function indexOf(trace: IndexedTrace): readonly MachineIndex[] {
  const { log } = trace
  const machines = trace.machines.map(() => new MachineIndex(trace))
  for (let event = 1; event <= log.length; event++) {
    const head = log.lane(event, HEAD)
    const kind = head & 0xff
    const machine = machines[head >>> 20]
    const place = log.lane(event, PLACE)
    if (kind < KIND['table-link']) {
      if (isSwap(log.lane(event, NEW_A)) || isSwap(log.lane(event, OLD_A))) add(machine.entries, place, event)
    } else if (kind >= KIND['tag-save'] || (kind === KIND['swap-slot'] && log.lane(event, OLD_A) === 0))
      add(machine.slots, place, event)
  }
  return machines
}
