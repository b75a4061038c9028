/** What the TLBs hold at an event, and what of it the tables say otherwise. */
import { CONT, RDONLY, VALID, WRITE, isDirty } from '../../engine/arch/descriptor'
import { findSlot } from '../../engine/mm/walk'
import { KIND } from '../../engine/trace/kinds'
import { fromLanes } from '../../engine/trace/lanes'
import { HEAD, OLD_A, OLD_B, PID, PLACE } from '../../engine/trace/log'
import type { Replica } from '../../engine/trace/replica'
import type { TraceTlb, TraceTlbEntry } from '../results/trace'
import { entryAt } from './entries'
import type { IndexedTrace } from './indexed'
import { replicaOf } from './machine-at'
import type { PartContext } from './state'

/** How far back TLBIs that still wait are looked for. */
const LOOK = 200_000

interface Pending {
  readonly pid: number
  readonly vpn: number
  readonly pages: number
}

export function tlbsOf({ trace, event }: PartContext, machine: number, cpu: number | undefined): TraceTlb[] {
  const replica = replicaOf(trace, machine)
  const { tlbs, geometry } = replica
  const agents = cpu === undefined ? [...Array(tlbs.agents).keys()] : cpu < tlbs.agents ? [cpu] : []
  const waiting = Array.from({ length: tlbs.agents }, (_, agent) => pendingOf(trace, machine, agent, event))
  const all = waiting.flat()
  return agents.map((agent) => {
    const entries: TraceTlbEntry[] = []
    for (let slot = 0; slot < tlbs.entries; slot++) {
      const at = agent * tlbs.entries + slot
      if (tlbs.pid[at] !== 0) entries.push(entryOf(replica, at, slot, all))
    }
    const walks = [...Array(tlbs.walks).keys()]
      .map((walk) => agent * tlbs.walks + walk)
      .filter((at) => tlbs.walkPid[at] !== 0)
      .map((at) => {
        const mm = replica.mms.get(tlbs.walkPid[at])
        const slot = mm === undefined ? 0 : findSlot(replica, mm, tlbs.walkVpn[at])
        const table = tlbs.walkTable[at]
        const address = tlbs.walkVpn[at] * geometry.pageSize
        return { pid: tlbs.walkPid[at], address, table, stale: slot >>> geometry.tableShift !== table }
      })
    return {
      machine,
      cpu: agent,
      capacity: tlbs.entries,
      entries,
      walks,
      pending: waiting[agent].map(({ pid, vpn, pages }) => ({ pid, address: vpn * geometry.pageSize, pages }))
    }
  })
}

function entryOf(replica: Replica, at: number, slot: number, pending: readonly Pending[]): TraceTlbEntry {
  const { tlbs, geometry } = replica
  const pid = Math.abs(tlbs.pid[at])
  const vpn = tlbs.vpn[at]
  const pages = tlbs.pages[at]
  const attr = tlbs.attr[at]
  const stale =
    tlbs.pid[at] < 0 ? `process ${pid} has exited; nothing uses the entry` : staleness(replica, at)
  return {
    slot,
    pid,
    address: vpn * geometry.pageSize,
    pages,
    pfn: tlbs.pfn[at],
    writable: (attr & WRITE) !== 0 && (attr & RDONLY) === 0,
    dirty: isDirty(attr),
    contiguous: (attr & CONT) !== 0,
    ...(stale === undefined ? {} : { stale }),
    pending: pending.some(
      (each) =>
        each.pid === pid && (each.pages === 0 || (vpn < each.vpn + each.pages && each.vpn < vpn + pages))
    )
  }
}

/** Why an entry is not what the tables say now. */
function staleness(replica: Replica, at: number): string | undefined {
  const { tlbs, geometry } = replica
  const mm = replica.mms.get(tlbs.pid[at])
  if (mm === undefined) return `process ${tlbs.pid[at]} has exited`
  const attr = tlbs.attr[at]
  for (let i = 0; i < tlbs.pages[at]; i++) {
    const vpn = tlbs.vpn[at] + i
    const page = `0x${(vpn * geometry.pageSize).toString(16)}`
    const entry = entryAt(replica, mm, vpn)
    if ((entry.attr & VALID) === 0) return `${page} is not mapped any more`
    if (entry.pfn !== tlbs.pfn[at] + i) return `${page} maps frame ${entry.pfn} now, not ${tlbs.pfn[at] + i}`
    if ((attr & RDONLY) === 0 && (entry.attr & RDONLY) !== 0) return `${page} is not writable now`
    if ((attr & CONT) !== 0 && tlbs.pages[at] > 1 && !entry.huge && (entry.attr & CONT) === 0)
      return `${page} is not part of a contiguous block now`
  }
  return undefined
}

/** TLBIs of a CPU that its DSB has not completed yet. */
function pendingOf(trace: IndexedTrace, machine: number, cpu: number, event: number): Pending[] {
  const { log } = trace
  const found: Pending[] = []
  for (let at = event; at >= 1 && event - at < LOOK; at--) {
    const head = log.lane(at, HEAD)
    if (head >>> 20 !== machine || ((head >>> 8) & 0xfff) !== cpu) continue
    const kind = head & 0xff
    if (kind === KIND['dsb-ish']) break
    if (kind < KIND['tlbi-page'] || kind > KIND['tlbi-mm']) continue
    const vpn = fromLanes(log.lane(at, OLD_A), log.lane(at, OLD_B))
    found.push({ pid: log.lane(at, PID), vpn, pages: log.lane(at, PLACE) })
  }
  return found.reverse()
}
