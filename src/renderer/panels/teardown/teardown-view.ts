import { computed } from 'vue'
import type { TraceEntries, TraceKey, TraceTeardown } from '../../../protocol/trace'
import { simulator } from '../../platform/clients-in-use'
import { useLatest } from '../../step/latest'
import { useTraceStore } from '../../stores/trace'

/** A block of a process, and what a teardown makes of it. */
export interface TeardownView {
  readonly event: number
  readonly teardown: TraceTeardown
  /** The entries, where the process is there. */
  readonly entries?: TraceEntries
}

interface Wish {
  readonly key: TraceKey
  readonly machine: number
  readonly event: number
  readonly since: number
  readonly pid: number
  readonly address: number
  readonly blockEntries: number
  readonly blockBytes: number
}

/** The block of an address at a side's position. */
export function useTeardownView(side: () => number, at: () => { pid: number; address: number } | undefined) {
  const trace = useTraceStore()
  const wish = computed<Wish | undefined>((before) => {
    const shown = trace.sides[side()]
    const machine = trace.machineOf(side())
    const where = at()
    if (!shown || !machine || !where) return undefined
    const next = {
      key: shown.key,
      machine: machine.machine,
      event: trace.positions[side()] ?? 0,
      since: trace.since[side()] ?? 0,
      ...where,
      blockEntries: machine.blockEntries,
      blockBytes: machine.blockEntries * machine.pageSize
    }
    return before && JSON.stringify(before) === JSON.stringify(next) ? before : next
  })
  return useLatest<Wish, TeardownView>(() => wish.value, ask)
}

async function ask(wish: Wish): Promise<TeardownView> {
  const { key, machine, event, since, pid, blockBytes } = wish
  const address = Math.floor(wish.address / blockBytes) * blockBytes
  const { parts } = await simulator().traceState({
    ...key,
    event,
    since,
    parts: [
      { what: 'teardown', machine, pid, address },
      { what: 'entries', machine, pid, address, pages: wish.blockEntries }
    ]
  })
  const [first, second] = parts
  if (first?.what !== 'teardown') throw new Error('no answer about the teardown')
  const { teardown } = first
  // Without a process there are no entries, whatever the range is.
  const there = teardown.block !== undefined && second?.what === 'entries'
  return { event, teardown, ...(there ? { entries: second.entries } : {}) }
}
