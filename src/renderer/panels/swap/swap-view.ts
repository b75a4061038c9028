import { computed } from 'vue'
import type { TraceKey, TraceProcessState, TraceSwap } from '../../../protocol/trace'
import { simulator } from '../../platform/clients-in-use'
import { useLatest } from '../../step/latest'
import { useTraceStore } from '../../stores/trace'

/** A region that may be looked at. */
export interface Place {
  readonly pid: number
  readonly address: number
  readonly pages: number
  readonly tagged: boolean
}

/** What one column shows. */
export interface SwapView {
  readonly event: number
  readonly places: readonly Place[]
  readonly place: Place | undefined
  readonly swap?: TraceSwap
  /** The same where the step began. */
  readonly before?: TraceSwap
  readonly counters: Readonly<Record<string, number>>
  readonly countersBefore: Readonly<Record<string, number>>
}

export interface Wanted {
  readonly pid: number
  readonly address: number
}

interface Wish {
  readonly key: TraceKey
  readonly machine: number
  readonly event: number
  readonly since: number
  readonly pageSize: number
  readonly pages: number
  readonly wanted: Wanted | undefined
}

/** The pages wanted at a side's position, or else the first tagged region's. */
export function useSwapView(side: () => number, wanted: () => Wanted | undefined, pages: () => number) {
  const trace = useTraceStore()
  const wish = computed<Wish | undefined>((before) => {
    const shown = trace.sides[side()]
    const machine = trace.machineOf(side())
    if (!shown || !machine) return undefined
    const next = {
      key: shown.key,
      machine: machine.machine,
      event: trace.positions[side()] ?? 0,
      since: trace.since[side()] ?? 0,
      pageSize: machine.pageSize,
      pages: pages(),
      wanted: wanted()
    }
    return before && JSON.stringify(before) === JSON.stringify(next) ? before : next
  })
  return useLatest<Wish, SwapView>(() => wish.value, ask)
}

/** Tagged regions first: they are what the panel is about. */
export function placesOf(processes: readonly TraceProcessState[], machine: number): Place[] {
  return processes
    .filter((process) => process.machine === machine)
    .flatMap(({ pid, vmas }) =>
      vmas.map(({ address, pages, flags }) => ({ pid, address, pages, tagged: flags.includes('VM_MTE') }))
    )
    .sort((a, b) => Number(b.tagged) - Number(a.tagged) || a.pid - b.pid || a.address - b.address)
}

/** The region that an address lies in; of a process that is gone, whoever has it. */
export function placeAt(
  places: readonly Place[],
  wanted: Wanted | undefined,
  pageSize: number
): Place | undefined {
  if (wanted === undefined) return places[0]
  const has = ({ address, pages }: Place) =>
    address <= wanted.address && wanted.address < address + pages * pageSize
  return places.find((place) => place.pid === wanted.pid && has(place)) ?? places.find(has) ?? places[0]
}

/** The first of `pages` aligned pages around an address, within what a region may begin with. */
export function startAt(place: Place, wanted: Wanted | undefined, pages: number, pageSize: number): number {
  const bytes = pages * pageSize
  const inside =
    wanted !== undefined &&
    wanted.address >= place.address &&
    wanted.address < place.address + place.pages * pageSize
  return Math.floor((inside ? wanted.address : place.address) / bytes) * bytes
}

async function ask({ key, machine, event, since, pageSize, pages, wanted }: Wish): Promise<SwapView> {
  const first = await simulator().traceState({
    ...key,
    event,
    parts: [{ what: 'processes' }, { what: 'counters', machine }]
  })
  const [processes, counted] = first.parts
  const earlier = await simulator().traceState({
    ...key,
    event: since,
    parts: [{ what: 'counters', machine }]
  })
  const [was] = earlier.parts
  const places = processes?.what === 'processes' ? placesOf(processes.processes, machine) : []
  const place = placeAt(places, wanted, pageSize)
  const view = {
    event,
    places,
    place,
    counters: counted?.what === 'counters' ? counted.counters : {},
    countersBefore: was?.what === 'counters' ? was.counters : {}
  }
  if (place === undefined) return view
  const address = startAt(place, wanted, pages, pageSize)
  const { parts } = await simulator().traceState({
    ...key,
    event,
    since,
    parts: [{ what: 'swap', machine, pid: place.pid, address, pages }]
  })
  const [state] = parts
  if (state?.what !== 'swap') throw new Error('no answer about swap')
  return { ...view, swap: state.swap, ...(state.before ? { before: state.before } : {}) }
}
