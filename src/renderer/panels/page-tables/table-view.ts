import { computed } from 'vue'
import type { TraceDescriptor, TraceEntries, TraceKey, TraceLevel, TraceTlb } from '../../../protocol/trace'
import { simulator } from '../../platform/clients-in-use'
import { useLatest } from '../../step/latest'
import { livesAt } from '../../step/machine-view'
import { useTraceStore } from '../../stores/trace'

/** Blocks drawn around the entry. */
const BLOCKS = 4

export interface TableView {
  readonly event: number
  readonly levels: readonly TraceLevel[]
  readonly entries?: TraceEntries
  readonly descriptor?: TraceDescriptor
  readonly tlbs: readonly TraceTlb[]
}

interface Wish {
  readonly key: TraceKey
  readonly machine: number
  readonly event: number
  readonly since: number
  readonly pid: number
  readonly address: number
  readonly blockBytes: number
  readonly pageSize: number
  readonly tlbs: boolean
}

/** The walk to an address of a process, the entries around it, and the TLBs, at a side's position. */
export function useTableView(side: () => number, at: () => { pid: number; address: number } | undefined) {
  const trace = useTraceStore()
  const wish = computed<Wish | undefined>((before) => {
    const shown = trace.sides[side()]
    const where = at()
    const machine = trace.machineOf(side())
    if (!shown || !machine || !where) return undefined
    const event = trace.positions[side()] ?? 0
    const process = shown.summary.processes.find(
      (each) => each.pid === where.pid && each.machine === machine.machine
    )
    const next = {
      key: shown.key,
      machine: machine.machine,
      event,
      since: trace.since[side()] ?? 0,
      pid: process && livesAt(process, event) ? where.pid : 0,
      address: where.address,
      blockBytes: machine.blockEntries * machine.pageSize,
      pageSize: machine.pageSize,
      tlbs: machine.tlbs > 0
    }
    return before && JSON.stringify(before) === JSON.stringify(next) ? before : next
  })
  return useLatest<Wish, TableView>(() => wish.value, ask)
}

async function ask(wish: Wish): Promise<TableView> {
  const { key, machine, event, since, pid, address, blockBytes, pageSize } = wish
  const from = Math.max(0, Math.floor(address / blockBytes) - 1) * blockBytes
  const pages = (BLOCKS * blockBytes) / pageSize
  const [state, descriptor] = await Promise.all([
    simulator().traceState({
      ...key,
      event,
      since,
      parts: [
        ...(pid === 0
          ? []
          : [
              { what: 'walk' as const, machine, pid, address },
              { what: 'entries' as const, machine, pid, address: from, pages }
            ]),
        ...(wish.tlbs ? [{ what: 'tlbs' as const, machine }] : []),
        { what: 'counters' as const, machine }
      ]
    }),
    pid === 0 ? undefined : simulator().traceDescriptor({ ...key, event, machine, pid, address })
  ])
  const { parts } = state
  const entries = parts.flatMap((part) => (part.what === 'entries' ? [part.entries] : []))[0]
  return {
    event,
    levels: parts.flatMap((part) => (part.what === 'walk' ? [...part.levels] : [])),
    tlbs: parts.flatMap((part) => (part.what === 'tlbs' ? [...part.tlbs] : [])),
    ...(entries ? { entries } : {}),
    ...(descriptor ? { descriptor } : {})
  }
}
