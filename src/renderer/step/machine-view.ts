import { computed, type ComputedRef } from 'vue'
import {
  unpackedMap,
  type TraceEntries,
  type TraceFolio,
  type TraceKey,
  type TraceMap,
  type TracePart,
  type TraceProcessState,
  type TraceState
} from '../../protocol/trace'
import { looksOf, type BlockLook } from '../parts/canvas/looks'
import { simulator } from '../platform/clients-in-use'
import { useTraceStore } from '../stores/trace'
import { useLatest } from './latest'

/** Up to here a region is drawn as cells; beyond it, as blocks on a canvas. */
export const CELLS = 512
/** Buckets of one map, as the protocol allows. */
const BUCKETS = 8192
/** Regions of one process that are drawn; more are counted. */
const REGIONS = 4
/** Pages whose folios are listed. */
const FOLIO_PAGES = 1024

/** A VMA of a process at the position. */
export interface RegionView {
  readonly pid: number
  readonly address: number
  readonly pages: number
  readonly access: string
  /** Of a small region: every entry. */
  readonly entries?: TraceEntries
  /** Of a big one: the look of each block. */
  readonly looks?: readonly BlockLook[]
  readonly maps?: readonly TraceMap[]
}

/** What a column shows of its machine. */
export interface MachineView {
  readonly event: number
  readonly timeNs: number
  readonly processes: readonly TraceProcessState[]
  readonly regions: readonly RegionView[]
  readonly folios: readonly TraceFolio[]
  /** The same as they were where the step began. */
  readonly foliosBefore: readonly TraceFolio[]
  readonly counters: Readonly<Record<string, number>>
}

interface Wish {
  readonly key: TraceKey
  readonly machine: number
  readonly event: number
  readonly since: number
  readonly pids: readonly number[]
  readonly blockEntries: number
  readonly pageSize: number
}

/** Whether a process is there in the state after `event`. */
export function livesAt(process: { readonly from: number; readonly to: number }, event: number): boolean {
  return process.from <= event && (process.to === 0 || process.to > event)
}

/** State of machine 0 of a side at the position: its regions of some processes, folios and counters. */
export function useMachineView(side: () => number, pids: () => readonly number[]) {
  const trace = useTraceStore()
  const wish = computed<Wish | undefined>((before) => {
    const index = side()
    const shown = trace.sides[index]
    if (!shown) return undefined
    const event = trace.positions[index] ?? 0
    const next = {
      key: shown.key,
      machine: trace.machines[index] ?? 0,
      event,
      since: trace.since[index] ?? Math.max(0, event - 1),
      pids: pids(),
      blockEntries: trace.machineOf(index)?.blockEntries ?? 16,
      pageSize: trace.machineOf(index)?.pageSize ?? 4096
    }
    return before && JSON.stringify(before) === JSON.stringify(next) ? before : next
  })
  return useLatest<Wish, MachineView>(() => wish.value, ask)
}

async function ask(wish: Wish): Promise<MachineView> {
  const { key, machine, event, since } = wish
  const first = await simulator().traceState({
    ...key,
    event,
    parts: [{ what: 'processes' }, { what: 'counters', machine }]
  })
  const processes = partOf(first, 'processes')
    .flatMap((part) => part.processes)
    .filter((process) => process.machine === machine)
  const counters = partOf(first, 'counters')[0]?.counters ?? {}
  const wanted = wish.pids.flatMap((pid) => processes.filter((process) => process.pid === pid))
  const vmas = wanted.flatMap(({ pid, vmas: all }) =>
    all.slice(0, REGIONS).map(({ address, pages, access }) => ({ pid, address, pages, access }))
  )
  const requests = vmas.map((vma) => partsOf(machine, vma, wish.blockEntries, wish.pageSize))
  const folios: TracePart[] = vmas.slice(0, 1).map(({ pid, address, pages }) => ({
    what: 'folios',
    machine,
    pid,
    address,
    pages: Math.min(pages, FOLIO_PAGES)
  }))
  const state =
    vmas.length === 0
      ? undefined
      : await simulator().traceState({ ...key, event, since, parts: [...requests.flat(), ...folios] })
  let at = 0
  const regions = vmas.map((vma, index) => {
    const own = state?.parts.slice(at, (at += requests[index].length)) ?? []
    const maps = own.flatMap((part) => (part.what === 'packed-map' ? [unpackedMap(part.map)] : []))
    const entries = own.flatMap((part) => (part.what === 'entries' ? [part.entries] : []))[0]
    return { ...vma, ...(entries ? { entries } : { maps, looks: looksOf(maps) }) }
  })
  return {
    event,
    timeNs: first.timeNs,
    processes,
    regions,
    folios: partOf(state, 'folios').flatMap((part) => part.folios),
    foliosBefore: partOf(state, 'folios').flatMap((part) => part.before ?? []),
    counters
  }
}

type Part<W extends TracePart['what']> = Extract<TraceState['parts'][number], { what: W }>

function partOf<W extends TracePart['what']>(state: TraceState | undefined, what: W): Part<W>[] {
  return (state?.parts ?? []).filter((part): part is Part<W> => part.what === what)
}

/** A small region is asked for entry by entry; a big one block by block, in as many maps as it takes. */
function partsOf(
  machine: number,
  { pid, address, pages }: Pick<RegionView, 'pid' | 'address' | 'pages'>,
  blockEntries: number,
  pageSize: number
): TracePart[] {
  if (pages <= CELLS) return [{ what: 'entries', machine, pid, address, pages }]
  const most = BUCKETS * blockEntries
  const parts: TracePart[] = []
  for (let from = 0; from < pages && parts.length < 4; from += most) {
    const length = Math.min(most, pages - from)
    const buckets = Math.max(1, Math.ceil(length / blockEntries))
    parts.push({
      what: 'packed-map',
      machine,
      pid,
      address: address + from * pageSize,
      pages: length,
      buckets
    })
  }
  return parts
}

/** The fork that the position is about: the last one begun, else the first one to come. */
export function useForkAt(side: () => number): ComputedRef<{ parent: number; child: number } | undefined> {
  const trace = useTraceStore()
  return computed(() => {
    const index = side()
    const own = trace.machines[index] ?? 0
    const processes = trace.sides[index]?.summary.processes ?? []
    const children = processes.filter(({ machine, parent }) => machine === own && parent > 0)
    const at = trace.positions[index] ?? 0
    const child = children.findLast(({ from }) => from <= at) ?? children[0]
    return child && { parent: child.parent, child: child.pid }
  })
}
