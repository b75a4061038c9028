/** A range of any size in equal parts: how many entries of each state every part has. */
import type { TraceMap, TracePart } from '../results/trace'
import { TRACE_ENTRY_BITS, TRACE_MAP_LISTS } from '../results/trace'
import { PTE_VIEW_BITS } from '../results/types'
import { entryAt, flagsOf, isBroken } from './entries'
import { replicaOf } from './machine-at'
import type { PartContext } from './state'

type Part = Extract<TracePart, { what: 'map' | 'packed-map' }>

export function mapOf(
  { trace, settled }: PartContext,
  part: Part,
  before: Float64Array | undefined
): TraceMap {
  const { machine, pid, address, pages, buckets } = part
  const replica = replicaOf(trace, machine)
  const { geometry, folios } = replica
  const mm = replica.mms.get(pid)
  const first = Math.floor(address / geometry.pageSize)
  const counts = Object.fromEntries(
    TRACE_MAP_LISTS.map((name) => [name, new Array<number>(buckets).fill(0)])
  ) as Record<(typeof TRACE_MAP_LISTS)[number], number[]>
  const { exposed } = trace.machines[machine]
  let block = -1
  let broken = false
  for (let i = 0; i < pages; i++) {
    const bucket = Math.floor((i * buckets) / pages)
    const entry = mm && entryAt(replica, mm, first + i)
    const attr = entry?.attr ?? 0
    const pfn = attr === 0 ? 0 : (entry?.pfn ?? 0)
    if (before !== undefined && (before[2 * i] !== attr || before[2 * i + 1] !== pfn))
      counts.changed[bucket]++
    if (entry === undefined || attr === 0) {
      counts.none[bucket]++
      continue
    }
    const flags = flagsOf(replica, entry)
    const has = (bit: number): boolean => (flags & bit) !== 0
    if (has(TRACE_ENTRY_BITS.protNone)) counts.protNone[bucket]++
    else if (has(PTE_VIEW_BITS.swap)) counts.swap[bucket]++
    else if (!has(PTE_VIEW_BITS.present)) counts.other[bucket]++
    else if (has(PTE_VIEW_BITS.writable)) counts.writable[bucket]++
    else counts.readOnly[bucket]++
    if (has(PTE_VIEW_BITS.contiguous)) counts.folded[bucket]++
    if (has(TRACE_ENTRY_BITS.huge)) counts.huge[bucket]++
    if (has(PTE_VIEW_BITS.dirty)) counts.dirty[bucket]++
    if (has(PTE_VIEW_BITS.young)) counts.young[bucket]++
    if (has(PTE_VIEW_BITS.present) && folios.mapcount(pfn) + folios.entireMapcount(pfn) > 1)
      counts.shared[bucket]++
    if (entry.huge) continue
    const its = entry.slot & -geometry.contPtes
    if (its !== block) broken = isBroken(replica, its, exposed, settled)
    block = its
    if (broken) counts.broken[bucket]++
  }
  return {
    machine,
    pid,
    address: first * geometry.pageSize,
    pages,
    pageSize: geometry.pageSize,
    buckets,
    ...counts
  }
}
