import { computed, type ComputedRef } from 'vue'
import type { TraceHugePages, TraceHugePagesRequest, TraceProcessState } from '../../../protocol/trace'
import { simulator } from '../../platform/clients-in-use'
import { useLatest } from '../../step/latest'
import { useTraceStore } from '../../stores/trace'
import { linesOf } from './what-if'

/** Cells of the heat map. */
export const CELLS = 1024

/** A region that may be looked at. */
export interface Place {
  readonly pid: number
  readonly address: number
  readonly pages: number
  readonly access: string
  readonly flags: readonly string[]
}

export interface HugePagesView {
  readonly places: readonly Place[]
  readonly place: Place | undefined
  readonly page: number
  readonly answer: TraceHugePages
}

/** Settings, decision and sizes of one side; the region wanted is taken where it exists there. */
export function useHugePages(
  side: () => number,
  wanted: () => { readonly pid: number; readonly address: number; readonly page: number } | undefined
) {
  const trace = useTraceStore()
  const wish = computed(() => {
    const index = side()
    const shown = trace.sides[index]
    if (!shown) return undefined
    const machine = trace.machines[index] ?? 0
    const request: TraceHugePagesRequest = {
      ...shown.key,
      event: trace.positions[index] ?? 0,
      machine,
      buckets: CELLS,
      lines: linesOf(shown.key, machine)
    }
    return { request, wanted: wanted(), pageSize: shown.summary.machines[machine]?.pageSize ?? 4096 }
  })
  return useLatest(() => wish.value, ask)
}

type Wish = NonNullable<
  ComputedRef<{
    request: TraceHugePagesRequest
    wanted: { pid: number; address: number; page: number } | undefined
    pageSize: number
  }>['value']
>

/**
 * The region that holds the page wanted: advice and unmapping cut regions, and joined again they begin
 * elsewhere. Where none does, the one that begins where the page's region did, and at last the first.
 */
export function placeOf(
  places: readonly Place[],
  wanted: { readonly pid: number; readonly address: number; readonly page: number } | undefined,
  pageSize: number
): { place: Place | undefined; page: number } {
  const own = wanted === undefined ? [] : places.filter(({ pid }) => pid === wanted.pid)
  const at = wanted === undefined ? 0 : wanted.address + wanted.page * pageSize
  const holding = own.find(({ address, pages }) => address <= at && at < address + pages * pageSize)
  if (holding !== undefined) return { place: holding, page: (at - holding.address) / pageSize }
  return { place: own.find(({ address }) => address === wanted?.address) ?? places.at(0), page: 0 }
}

async function ask({ request, wanted, pageSize }: Wish): Promise<HugePagesView> {
  const { runId, cell, event, machine } = request
  const { parts } = await simulator().traceState({ runId, cell, event, parts: [{ what: 'processes' }] })
  const processes = parts.flatMap((part) => (part.what === 'processes' ? part.processes : []))
  const places = processes.filter((process) => process.machine === machine).flatMap(placesOf)
  const { place, page } = placeOf(places, wanted, pageSize)
  const answer = await simulator().traceHugePages({
    ...request,
    ...(place && {
      range: { pid: place.pid, address: place.address, pages: place.pages },
      page
    })
  })
  return { places, place, page, answer }
}

function placesOf({ pid, vmas }: TraceProcessState): Place[] {
  return vmas.map(({ address, pages, access, flags }) => ({ pid, address, pages, access, flags }))
}
