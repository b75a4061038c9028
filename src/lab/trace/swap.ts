/** Pages of a range with their entries, swap slots and tags, at an event. */
import { SWAP, VALID, isPresent } from '../../engine/arch/descriptor'
import { FOLIO_SWAPCACHE } from '../../engine/mm/folio'
import { SLOT_CACHED, SLOT_COUNT } from '../../engine/mm/swap'
import { mteDesign, type MteDesign } from '../../engine/mte/designs'
import { GRANULE_BYTES } from '../../engine/mte/tags'
import type { Replica, ReplicaMm } from '../../engine/trace/replica'
import { RESTORE_OUTCOMES, tagsOfLane } from '../../engine/trace/tag-lanes'
import type { TracePart } from '../results/trace'
import type { TraceSlotRun, TraceSwap, TraceSwapMapping, TraceSwapPage } from '../results/trace-swap'
import { entryAt, flagsOf, type Entry } from './entries'
import type { IndexedTrace } from './indexed'
import { replicaOf } from './machine-at'
import { swapIndexOf } from './swap-index'

type Part = Extract<TracePart, { what: 'swap' }>

/** Runs of slots that are listed. */
const RUNS = 64
/** Processes shown beside the one asked for. */
const SHARERS = 3

const NOWHERE: Entry = { slot: 0, attr: 0, pfn: 0, huge: false }
const isSwap = ({ attr }: Entry): boolean => (attr & (SWAP | VALID)) === SWAP

/** The state at `event`, to which the history has been moved. */
export function swapOf(trace: IndexedTrace, event: number, part: Part): TraceSwap {
  const { machine, pid, pages } = part
  const replica = replicaOf(trace, machine)
  const recorded = trace.machines[machine]
  const { geometry } = replica
  const first = Math.floor(part.address / geometry.pageSize)
  const design = recorded.mteDesign === undefined ? undefined : mteDesign(recorded.mteDesign)
  const mappings = mappingsOf(replica, pid, first, pages)
  const owned = ownedSlots(replica)
  return {
    machine,
    pid,
    address: first * geometry.pageSize,
    pageSize: geometry.pageSize,
    ...(design !== undefined && {
      design: {
        name: design.name,
        title: design.title,
        ...(design.wrong !== undefined && { wrong: design.wrong })
      }
    }),
    mappings: mappings.map(({ mm, entries }): TraceSwapMapping => ({
      pid: mm,
      flags: entries.map((entry) => flagsOf(replica, entry)),
      slots: entries.map((entry) => (isSwap(entry) ? entry.pfn : -1))
    })),
    pages: Array.from({ length: pages }, (_, i) =>
      pageOf(
        trace,
        part,
        event,
        design,
        owned,
        mappings.map(({ entries }) => entries[i])
      )
    ),
    area: areaOf(replica, recorded.swapSlots ?? 0)
  }
}

interface Mapping {
  readonly mm: number
  readonly entries: readonly Entry[]
}

/** Entries of the process, and of others that have the same frames or slots at the same addresses. */
function mappingsOf(replica: Replica, pid: number, first: number, pages: number): Mapping[] {
  const entriesOf = (mm: ReplicaMm | undefined): Entry[] =>
    Array.from({ length: pages }, (_, i) => (mm === undefined ? NOWHERE : entryAt(replica, mm, first + i)))
  const own = { mm: pid, entries: entriesOf(replica.mms.get(pid)) }
  const others = [...replica.mms.values()]
    .filter((mm) => mm.pid !== pid)
    .sort((a, b) => a.pid - b.pid)
    .map((mm) => ({ mm: mm.pid, entries: entriesOf(mm) }))
    .filter(({ entries }) => entries.some(({ attr }) => attr !== 0))
  return [own, ...others.slice(0, SHARERS)]
}

/** First slot of each folio in the swap cache, by its first page. */
function ownedSlots({ swap }: Replica): Map<number, number> {
  const owned = new Map<number, number>()
  swap.eachSlot((slot) => {
    const owner = swap.owner(slot)
    if (owner !== 0 && !owned.has(owner)) owned.set(owner, slot)
  })
  return owned
}

function pageOf(
  trace: IndexedTrace,
  { machine }: Part,
  event: number,
  design: MteDesign | undefined,
  owned: ReadonlyMap<number, number>,
  entries: readonly Entry[]
): TraceSwapPage {
  const replica = replicaOf(trace, machine)
  const { folios, swap } = replica
  const { texts } = trace.log
  const index = swapIndexOf(trace, machine)
  let slot = entries.find(isSwap)?.pfn ?? -1
  let pfn = entries.find(({ attr }) => isPresent(attr))?.pfn ?? -1
  if (pfn >= 0 && folios.word(pfn) === 0) pfn = -1
  if (pfn < 0 && slot >= 0) {
    const owner = swap.owner(slot)
    if (owner !== 0) pfn = owner + slot - (owned.get(owner) ?? slot)
  }
  if (slot < 0 && pfn >= 0 && (folios.flags(pfn) & FOLIO_SWAPCACHE) !== 0) {
    const start = owned.get(folios.head(pfn))
    if (start !== undefined) slot = start + pfn - folios.head(pfn)
  }
  let since: number | undefined
  if (slot < 0) {
    for (const entry of entries) {
      const last = entry.slot === 0 ? undefined : index.lastSlot(entry.slot, event)
      if (last === undefined || (since !== undefined && last.event < since)) continue
      slot = last.slot
      since = last.event
    }
  }
  const tags = slot < 0 ? undefined : index.tagsOf(slot, event, since)
  const map = slot < 0 || since !== undefined ? 0 : swap.map(slot)
  const saved = slot < 0 || since !== undefined ? -1 : swap.saved(slot)
  const head = pfn < 0 ? -1 : folios.head(pfn)
  return {
    pfn,
    order: pfn < 0 ? -1 : folios.order(pfn),
    index: pfn < 0 ? -1 : pfn - head,
    ...(design !== undefined && pfn >= 0 && { tags: tagsOfLane(texts, swap.tagLane(pfn)) }),
    ...(design !== undefined &&
      design.flag !== 'none' &&
      pfn >= 0 && { tagged: swap.isTagged(design.flag === 'folio' ? head : pfn) }),
    slot,
    past: since !== undefined,
    count: map & SLOT_COUNT,
    held: heldBy(map, slot < 0 ? 0 : swap.owner(slot)),
    ...(saved >= 0 && { saved: tagsOfLane(texts, saved) }),
    savedAt: tags?.savedAt ?? 0,
    restoredAt: tags?.restoredAt ?? 0,
    droppedAt: tags?.droppedAt ?? 0,
    restore: tags === undefined || tags.outcome < 0 ? '' : RESTORE_OUTCOMES[tags.outcome]
  }
}

function heldBy(map: number, owner: number): TraceSwapPage['held'] {
  if ((map & SLOT_CACHED) === 0) return 'none'
  return owner === 0 ? 'parked' : 'cache'
}

function areaOf({ swap, geometry }: Replica, slots: number): TraceSwap['area'] {
  const runs: TraceSlotRun[] = []
  let used = 0
  let cached = 0
  let parked = 0
  let last: { -readonly [K in keyof TraceSlotRun]: TraceSlotRun[K] } | undefined
  swap.eachSlot((slot, map) => {
    const folio = swap.owner(slot)
    const held = heldBy(map, folio)
    const count = map & SLOT_COUNT
    const saved = swap.saved(slot) < 0 ? 0 : 1
    used++
    if (held === 'cache') cached++
    else if (held === 'parked') parked++
    if (
      last !== undefined &&
      last.slot + last.slots === slot &&
      last.count === count &&
      last.held === held &&
      last.folio === folio
    ) {
      last.slots++
      last.saved += saved
    } else runs.push((last = { slot, slots: 1, count, held, folio, saved }))
  })
  const { buffers } = swap
  const bytes = (buffers * geometry.pageSize) / GRANULE_BYTES / 2
  return {
    slots: Math.max(0, slots - 1),
    used,
    cached,
    parked,
    buffers,
    bytes,
    total: runs.length,
    runs: runs.slice(0, RUNS)
  }
}
