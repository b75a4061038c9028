/** The state at an event, in the parts that panels ask for. */
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { rawDescriptor, TABLE, VALID, isPresent } from '../../engine/arch/descriptor'
import { VM_MTE } from '../../engine/mm/mm'
import { entryIndex } from '../../engine/mm/walk'
import { MM_FIELDS } from '../../engine/trace/lanes'
import type { Replica, ReplicaMm } from '../../engine/trace/replica'
import type {
  TraceFolio,
  TraceLevel,
  TracePart,
  TracePartState,
  TraceProcessState,
  TraceState,
  TraceSwap,
  TraceVma
} from '../results/trace'
import { PTE_VIEW_BITS } from '../results/types'
import { packedMap, TRACE_ENTRY_BITS } from '../results/trace'
import { entryAt, flagsOf, isBroken } from './entries'
import { foliosOf } from './folios'
import type { IndexedTrace } from './indexed'
import { mapOf } from './map'
import { replicaOf } from './machine-at'
import { swapOf } from './swap'
import { teardownOf } from './teardown'
import { tlbsOf } from './tlbs'

/** What a part is made from. */
export interface PartContext {
  readonly trace: IndexedTrace
  readonly event: number
  /** Between operations: rules that operations break for a while hold again. */
  readonly settled: boolean
}

/** The state at `event`; entries that differ from the state `since` are marked. */
export function stateAt(
  trace: IndexedTrace,
  event: number,
  parts: readonly TracePart[],
  since: number | undefined
): TraceState {
  const operation = trace.operationOf(event)
  const settled = operation < 0 || trace.operations[operation].to === event
  const before = since === undefined ? [] : parts.map((part) => fingerprint(trace, since, part))
  const folios = since === undefined ? [] : parts.map((part) => earlierFolios(trace, since, part))
  const swaps = since === undefined ? [] : parts.map((part) => earlierSwap(trace, since, part))
  trace.history.seek(event)
  const context = { trace, event, settled }
  const states = parts.map((part, i) => {
    const state = partState(context, part, before[i])
    if (state.what === 'swap' && swaps[i] !== undefined) return { ...state, before: swaps[i] }
    return state.what === 'folios' && folios[i] !== undefined ? { ...state, before: folios[i] } : state
  })
  return { event, timeNs: trace.timeOf(event), operation: settled ? -1 : operation, parts: states }
}

/** Entries of a part in another state, as numbers to compare. */
function fingerprint(trace: IndexedTrace, since: number, part: TracePart): Float64Array | undefined {
  if (part.what !== 'entries' && part.what !== 'map' && part.what !== 'packed-map') return undefined
  trace.history.seek(since)
  const replica = replicaOf(trace, part.machine)
  const mm = replica.mms.get(part.pid)
  const first = Math.floor(part.address / replica.geometry.pageSize)
  return printsOf(replica, mm, first, part.pages)
}

/** Folios of a part in another state. */
function earlierFolios(trace: IndexedTrace, since: number, part: TracePart): TraceFolio[] | undefined {
  if (part.what !== 'folios') return undefined
  trace.history.seek(since)
  return foliosOf(trace, part)
}

/** Swap and tags of a part in another state. */
function earlierSwap(trace: IndexedTrace, since: number, part: TracePart): TraceSwap | undefined {
  if (part.what !== 'swap') return undefined
  trace.history.seek(since)
  return swapOf(trace, since, part)
}

/** Two numbers an entry: its attr lane, and its frame. */
export function printsOf(
  replica: Replica,
  mm: ReplicaMm | undefined,
  vpn: number,
  pages: number
): Float64Array {
  const prints = new Float64Array(2 * pages)
  if (mm === undefined) return prints
  for (let i = 0; i < pages; i++) {
    const { attr, pfn } = entryAt(replica, mm, vpn + i)
    prints[2 * i] = attr
    prints[2 * i + 1] = attr === 0 ? 0 : pfn
  }
  return prints
}

function partState(context: PartContext, part: TracePart, before: Float64Array | undefined): TracePartState {
  const { trace } = context
  switch (part.what) {
    case 'processes':
      return { what: 'processes', processes: trace.history.replicas.flatMap((_, i) => processesOf(trace, i)) }
    case 'entries':
      return { what: 'entries', entries: entriesOf(context, part, before) }
    case 'map':
      return { what: 'map', map: mapOf(context, part, before) }
    case 'packed-map':
      return { what: 'packed-map', map: packedMap(mapOf(context, part, before)) }
    case 'folios':
      return { what: 'folios', folios: foliosOf(trace, part) }
    case 'walk':
      return { what: 'walk', levels: levelsOf(trace, part.machine, part.pid, part.address) }
    case 'tlbs':
      return { what: 'tlbs', tlbs: tlbsOf(context, part.machine, part.cpu) }
    case 'teardown':
      return { what: 'teardown', teardown: teardownOf(trace, context.event, part) }
    case 'swap':
      return { what: 'swap', swap: swapOf(trace, context.event, part) }
    case 'counters': {
      const { values } = replicaOf(trace, part.machine).counters
      return {
        what: 'counters',
        counters: Object.fromEntries(COUNTER_NAMES.map((name, i) => [name, values[i]]))
      }
    }
  }
}

const ACCESS: readonly (readonly [number, string])[] = [
  [1, 'r'],
  [2, 'w'],
  [4, 'x']
]
const VMA_FLAGS: readonly (readonly [number, string])[] = [
  [0x100, 'VM_HUGEPAGE'],
  [0x200, 'VM_NOHUGEPAGE'],
  [VM_MTE, 'VM_MTE'],
  [0x1000, 'VM_UFFD_WP'],
  [0x2000, 'VM_LOCKED'],
  [0x4000, 'VM_UFFD_FORK'],
  [0x20000, 'VM_DONTCOPY'],
  [0x40000, 'VM_DONTEXPAND'],
  [0x400000, 'VM_HUGETLB'],
  [0x2000000, 'VM_WIPEONFORK']
]

function processesOf(trace: IndexedTrace, machine: number): TraceProcessState[] {
  const replica = replicaOf(trace, machine)
  const { pageSize } = replica.geometry
  return [...replica.mms.values()]
    .sort((a, b) => a.pid - b.pid)
    .map(({ pid, vmas, fields }) => ({
      machine,
      pid,
      anonPages: fields[MM_FIELDS.indexOf('anonPages')],
      filePages: fields[MM_FIELDS.indexOf('filePages')],
      swapEntries: fields[MM_FIELDS.indexOf('swapEntries')],
      vmas: trace.log.vmaLists[vmas].map(({ start, end, flags, anonVma, file }): TraceVma => ({
        address: start * pageSize,
        pages: end - start,
        access: `${ACCESS.map(([bit, letter]) => ((flags & bit) === 0 ? '-' : letter)).join('')}${(flags & 8) === 0 ? 'p' : 's'}`,
        flags: VMA_FLAGS.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name),
        anonVma,
        ...(file === undefined ? {} : { file })
      }))
    }))
}

type EntriesPart = Extract<TracePart, { what: 'entries' }>
type EntriesState = Extract<TracePartState, { what: 'entries' }>['entries']

function entriesOf(
  { trace, settled }: PartContext,
  { machine, pid, address, pages }: EntriesPart,
  before: Float64Array | undefined
): EntriesState {
  const replica = replicaOf(trace, machine)
  const { geometry, folios, layout } = replica
  const mm = replica.mms.get(pid)
  const first = Math.floor(address / geometry.pageSize)
  const lists = {
    flags: [] as number[],
    pfn: [] as number[],
    raw: [] as string[],
    mapcount: [] as number[],
    refcount: [] as number[],
    order: [] as number[],
    exclusive: [] as number[],
    entire: [] as number[],
    pins: [] as number[]
  }
  const summary = { present: 0, writable: 0, readOnly: 0, foldedBlocks: 0 }
  const { exposed } = trace.machines[machine]
  let block = -1
  let broken = false
  for (let i = 0; i < pages; i++) {
    const entry =
      mm === undefined ? { slot: 0, attr: 0, pfn: 0, huge: false } : entryAt(replica, mm, first + i)
    let flags = flagsOf(replica, entry)
    if (entry.slot !== 0 && !entry.huge) {
      const its = entry.slot & -geometry.contPtes
      if (its !== block) broken = isBroken(replica, its, exposed, settled)
      block = its
      if (broken) flags |= TRACE_ENTRY_BITS.broken
    }
    if (
      before !== undefined &&
      (before[2 * i] !== entry.attr || before[2 * i + 1] !== (entry.attr === 0 ? 0 : entry.pfn))
    )
      flags |= TRACE_ENTRY_BITS.changed
    const present = (flags & PTE_VIEW_BITS.present) !== 0
    const folio = present && folios.word(entry.pfn) !== 0
    lists.flags.push(flags)
    lists.pfn.push(present ? entry.pfn : -1)
    lists.raw.push(rawDescriptor(entry.attr, entry.pfn, geometry.pageShift, layout))
    lists.mapcount.push(folio ? folios.mapcount(entry.pfn) : 0)
    lists.refcount.push(folio ? folios.refcount(entry.pfn) : 0)
    lists.order.push(folio ? folios.order(entry.pfn) : 0)
    lists.exclusive.push(folio && folios.isExclusive(entry.pfn) ? 1 : 0)
    lists.entire.push(folio ? folios.entireMapcount(entry.pfn) : 0)
    lists.pins.push(folio ? folios.pincount(entry.pfn) : 0)
    if (present) summary.present++
    if ((flags & PTE_VIEW_BITS.writable) !== 0) summary.writable++
    if ((flags & PTE_VIEW_BITS.readOnly) !== 0) summary.readOnly++
    const begins = (entry.slot & (geometry.contPtes - 1)) === 0
    if ((flags & PTE_VIEW_BITS.contiguous) !== 0 && begins && !entry.huge) summary.foldedBlocks++
  }
  return {
    machine,
    pid,
    address: first * geometry.pageSize,
    pageSize: geometry.pageSize,
    blockEntries: geometry.contPtes,
    total: pages,
    ...lists,
    summary
  }
}

/** The levels of page tables down to an address. */
export function levelsOf(trace: IndexedTrace, machine: number, pid: number, address: number): TraceLevel[] {
  const replica = replicaOf(trace, machine)
  const { tables, geometry, layout } = replica
  const mm = replica.mms.get(pid)
  if (mm === undefined) return []
  const vpn = Math.floor(address / geometry.pageSize)
  const levels: TraceLevel[] = []
  let table = mm.root
  for (let depth = geometry.levels - 1; depth >= 0; depth--) {
    const index = entryIndex(geometry, vpn, depth)
    const slot = (table << geometry.tableShift) + index
    const attr = tables.attr(slot)
    const span = geometry.tableEntries ** depth
    const isTable = depth > 0 && (attr & TABLE) === TABLE
    const kind = isTable ? 'table' : attr === 0 ? 'none' : (attr & VALID) !== 0 ? 'leaf' : 'invalid'
    levels.push({
      level: 3 - depth,
      table,
      index,
      address: (vpn - (vpn % span)) * geometry.pageSize,
      bytes: span * geometry.pageSize,
      kind,
      raw:
        isPresent(attr) || attr !== 0
          ? rawDescriptor(attr, tables.pfn(slot), geometry.pageShift, layout)
          : '0'
    })
    if (!isTable) break
    table = tables.pfn(slot)
  }
  return levels
}
