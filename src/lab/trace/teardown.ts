/**
 * A block at an event of a teardown: what other CPUs can make of it, and what the mmu_gather holds back.
 * The gather itself is in no trace; its pages are those that lost a mapping since the teardown began and
 * have not lost the reference that goes with it.
 */
import { observeBlock } from '../../engine/check/observe'
import { kernelByName } from '../../engine/kernel'
import { gatherCapacity } from '../../engine/mm/gather'
import { KIND } from '../../engine/trace/kinds'
import { HEAD, NEW_A, OLD_A, PLACE } from '../../engine/trace/log'
import type { Replica } from '../../engine/trace/replica'
import type { TraceGather, TracePart, TraceTeardown } from '../results/trace'
import type { FoundSpan, IndexedTrace } from './indexed'
import { replicaOf } from './machine-at'

type Part = Extract<TracePart, { what: 'teardown' }>

/** Runs of pages that are listed; the rest is in the sums. */
const RUNS = 32
/** Events of a teardown that are looked through for what waits. */
const LOOK = 2_000_000

/** The state at `event`, to which the history has been moved. */
export function teardownOf(trace: IndexedTrace, event: number, part: Part): TraceTeardown {
  const { machine, pid } = part
  const replica = replicaOf(trace, machine)
  const { geometry } = replica
  const { pageSize, contPtes } = geometry
  const vpn = Math.floor(part.address / pageSize / contPtes) * contPtes
  const spans = trace.spans.filter(
    (span) => span.machine === machine && span.pid === pid && span.from <= event && event < span.to
  )
  const exit = spans.find(({ kind }) => kind === 'exit')
  const under = exit ?? spans.find(({ kind }) => kind === 'zap')
  const mm = replica.mms.get(pid)
  const seen = mm && observeBlock(replica, mm, vpn, exit !== undefined)
  return {
    machine,
    pid,
    address: vpn * pageSize,
    pageSize,
    blockEntries: contPtes,
    ...(under && { span: { kind: under.kind, from: under.from, to: under.to } }),
    ...(seen && {
      block: {
        ...seen,
        translations: seen.translations.map(({ vpn: first, ...each }) => ({
          address: first * pageSize,
          ...each
        }))
      }
    }),
    gather: gatherOf(trace, replica, event, under)
  }
}

/** What waits for the next flush, and what the ones so far have freed. */
function gatherOf(
  trace: IndexedTrace,
  replica: Replica,
  event: number,
  span: FoundSpan | undefined
): TraceGather {
  const { log } = trace
  const { folios } = replica
  const waiting = new Set<number>()
  /** Whole folios of which one reference waits: mapped by PMD leaves, or by blocks of OnePlus. */
  const whole = new Set<number>()
  let freedFolios = 0
  let freedPages = 0
  for (let at = Math.max(span?.from ?? event + 1, event - LOOK); at <= event; at++) {
    const head = log.lane(at, HEAD)
    if (head >>> 20 !== span?.machine) continue
    const kind = head & 0xff
    const pfn = log.lane(at, PLACE)
    const change = log.lane(at, NEW_A) - log.lane(at, OLD_A)
    if (kind === KIND.mapcount && change === -1) waiting.add(pfn)
    else if (kind === KIND.entire && change < 0) whole.add(pfn)
    else if (kind === KIND.refcount && change < 0) {
      if (!whole.delete(pfn)) for (let i = 0; i < -change; i++) waiting.delete(pfn + i)
    } else if (kind === KIND['folio-free']) {
      freedFolios++
      const pages = 2 ** log.lane(at, OLD_A)
      freedPages += pages
      for (let i = 0; i < pages; i++) waiting.delete(pfn + i)
    }
  }
  const drops = new Map<number, number>()
  for (const pfn of waiting) drops.set(folios.head(pfn), (drops.get(folios.head(pfn)) ?? 0) + 1)
  for (const pfn of whole) drops.set(folios.head(pfn), (drops.get(folios.head(pfn)) ?? 0) + 1)
  const runs = runsOf(replica, waiting, whole)
  const inRuns = kernelByName(trace.machines[span?.machine ?? 0].kernel).gatherSlots === 'run'
  return {
    runs: runs.slice(0, RUNS).map(({ pfn, pages }) => ({ pfn, pages })),
    pages: runs.reduce((sum, { pages }) => sum + pages, 0),
    folios: [...drops].filter(([head, refs]) => folios.refcount(head) === refs).length,
    // One slot a page, or two a run of one folio; a whole mapping takes one.
    slots: runs.reduce(
      (sum, { pages, unit }) => sum + (inRuns && unit === 1 ? Math.min(pages, 2) : pages / unit),
      0
    ),
    capacity: gatherCapacity(replica.geometry.pageSize),
    freedFolios,
    freedPages
  }
}

/** Neighbouring pages of one folio, in the order of frames. */
function runsOf(
  { folios }: Replica,
  waiting: ReadonlySet<number>,
  whole: ReadonlySet<number>
): { pfn: number; pages: number; unit: number }[] {
  const runs: { pfn: number; pages: number; unit: number }[] = []
  for (const pfn of [...waiting].sort((a, b) => a - b)) {
    const last = runs.at(-1)
    if (last && last.pfn + last.pages === pfn && folios.head(last.pfn) === folios.head(pfn)) last.pages++
    else runs.push({ pfn, pages: 1, unit: 1 })
  }
  for (const pfn of whole) {
    const pages = 2 ** folios.order(pfn)
    runs.push({ pfn, pages, unit: pages })
  }
  return runs
}
