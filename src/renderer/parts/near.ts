import { shallowRef, watch } from 'vue'
import type { TraceEntries } from '../../protocol/trace'
import { simulator } from '../platform/clients-in-use'
import type { RegionView } from '../step/machine-view'
import { useTraceStore } from '../stores/trace'

/** Entries of a big region around what is in sight, asked for when it is near enough to be cells. */
export interface NearPart {
  readonly first: number
  readonly view: TraceEntries
}

/** Entries asked for at once, as the protocol allows. */
const MOST = 16_384

/** What canvases of one region need beyond the looks of blocks. */
export function useNear(regions: () => readonly (RegionView | undefined)[]) {
  const trace = useTraceStore()
  const near = shallowRef<readonly (NearPart | undefined)[]>([])
  const wanted: ({ first: number; count: number } | undefined)[] = []
  const asked: number[] = []

  async function load(side: number): Promise<void> {
    const region = regions()[side]
    const key = trace.sides[side]?.key
    const wish = wanted[side]
    if (!region || !key || !wish) return
    const request = (asked[side] = (asked[side] ?? 0) + 1)
    const pageSize = trace.machineOf(side)?.pageSize ?? 4096
    const pages = Math.min(MOST, wish.count)
    const address = region.address + wish.first * pageSize
    try {
      const { parts } = await simulator().traceState({
        ...key,
        event: trace.positions[side] ?? 0,
        since: trace.since[side] ?? 0,
        parts: [{ what: 'entries', machine: trace.machines[side] ?? 0, pid: region.pid, address, pages }]
      })
      const [part] = parts
      if (request !== asked[side] || part?.what !== 'entries') return
      near.value = regions().map((_, index) =>
        index === side ? { first: wish.first, view: part.entries } : near.value[index]
      )
    } catch {
      // The blocks' own look stays on screen; the panel says why the state could not be read.
    }
  }

  function need(side: number, first: number, count: number): void {
    wanted[side] = { first, count }
    void load(side)
  }

  watch(regions, (now) => now.forEach((region, side) => region?.looks && void load(side)))
  return { near, need }
}
