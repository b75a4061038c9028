import type { CostFigure, CounterNotes } from '../../src/engine/cost/profile'
import type { CounterName } from '../../src/engine/trace/counters'

/** Altra Q80-30, the SKU sold as 3.0 GHz; message #4 names only the family. */
const GHZ = 3
const CYCLE = 1 / GHZ
const LOAD = 4 * CYCLE
const STORE = CYCLE
/** Willy Tarreau's measurement of an uncontended LSE atomic on an 80-core Altra, median. */
const ATOMIC = 5.01
/** One core of a Neoverse N1 streaming from DRAM. */
const BYTES_PER_NS = 20.9
const PAGE = 4096

const N1_GUIDE =
  'Arm Neoverse N1 Software Optimization Guide, as carried in the LLVM scheduling model AArch64SchedNeoverseN1.td'
const TARREAU =
  'Willy Tarreau, linux-arm-kernel, 4 Nov 2025, "Overhead of arm64 LSE per-CPU atomics?": LSE add on an 80-core Ampere Altra, p50 5.01 ns'
const ASCT =
  'Arm learning path "Memory subsystem", ASCT bandwidth-sweep on Graviton2 (Neoverse N1): one core, DRAM, 20.9 GB/s'

/** Costs are kept to a ten-thousandth of a nanosecond, so that the file has the same bytes everywhere. */
export const rounded = (ns: number): number => Math.round(ns * 1e4) / 1e4

const sourced = (ns: number, source: string): CostFigure => ({ ns: rounded(ns), source })

/** Local costs that documents give; the fitted ones are not here. */
export const SOURCED_COSTS: Readonly<Partial<Record<CounterName, CostFigure>>> = {
  read: sourced(
    LOAD,
    `${N1_GUIDE}: load latency 4 cycles (L1 hit), at ${GHZ}.0 GHz. Judgement: latency, not the throughput of two loads a cycle, because each gathered entry is tested before the next.`
  ),
  write: sourced(STORE, `${N1_GUIDE}: store, 1 cycle, at ${GHZ}.0 GHz.`),
  cas: sourced(ATOMIC, `${TARREAU}. Judgement: a CAS that succeeds at once costs what an add costs.`),
  folioRef: sourced(
    ATOMIC,
    `${TARREAU}. Judgement: the head page's line is in L1, page by page the same line.`
  ),
  exclusiveClear: sourced(ATOMIC, `${TARREAU}. Judgement: the line came in with the mapcount.`),
  rss: sourced(STORE, `${N1_GUIDE}: store, 1 cycle, at ${GHZ}.0 GHz: a counter on the stack.`),
  lockSection: sourced(
    2 * (ATOMIC + STORE),
    `Two nested page-table locks, each an atomic (${TARREAU}) and a releasing store (1 cycle). Judgement: uncontended, each mm is one CPU's own.`
  ),
  lockBreakTest: sourced(
    3 * LOAD,
    `Three loads (need_resched and the two locks), each ${N1_GUIDE}: 4 cycles.`
  ),
  tableAlloc: sourced(
    PAGE / BYTES_PER_NS,
    `${ASCT}: 4 KiB zeroed. Judgement: a core writes as fast as it reads; finding the page is not counted.`
  ),
  pageClear: sourced(
    PAGE / BYTES_PER_NS,
    `${ASCT}: 4 KiB zeroed. Judgement: a core writes as fast as it reads.`
  ),
  pageCopy: sourced((2 * PAGE) / BYTES_PER_NS, `${ASCT}: 4 KiB read and 4 KiB written.`)
}

/** The hot-line atomic, for the variant that does not fit the exchange. */
export const SOURCED_EXCHANGE = ATOMIC
/** What a load costs if out-of-order execution hid half of its latency, for a variant. */
export const READ_HALF_HIDDEN = rounded(LOAD / 2)

export const MEANING = {
  'page-base':
    'Per page of a folio: the mapcount update on a cold struct page and all of the per-page path of the core that the engine does not count.',
  exchange:
    'Atomic exchange of a descriptor whose line is hot. Not below the store that is part of it (contpte.md: one read and one write).',
  'dvm-message':
    'Service of one broadcast in the interconnect: a TLBI, or the synchronisation that a DSB ISH waits for. One server for all CPUs: Andrea Arcangeli, "arm64: tlb: skip tlbi broadcast", saw the latency of a TLBI grow almost linearly with the CPUs that send them, on one NUMA node.'
} as const

export type ParameterName = keyof typeof MEANING

const IN_TLBI = 'Counted in tlbi.'
const NO_TAGS = 'Work for memory tags: no profile is of a machine that has them.'
const BY_PARTS = 'Made of reads, exchanges, stores, TLBIs and barriers, which count by themselves.'

export const CONTAINED: CounterNotes = {
  tlbiVale1is: IN_TLBI,
  tlbiRvale1is: IN_TLBI,
  tlbiVae1is: IN_TLBI,
  tlbiRvae1is: IN_TLBI,
  tlbiAside1is: IN_TLBI,
  fold: BY_PARTS,
  unfold: BY_PARTS,
  faultRead: 'Counted in fault.',
  faultWrite: 'Counted in fault.',
  cowReuse: 'Made of a fault and descriptor updates, which count by themselves.',
  cowCopy: 'Made of a fault, a page copy and descriptor updates, which count by themselves.',
  pageAlloc: 'Counted in folioAlloc.',
  pageFree: 'Counted in folioFree.',
  forkBatch: BY_PARTS,
  zapBatch: BY_PARTS,
  tagSave: NO_TAGS,
  tagScan: NO_TAGS,
  tagLookup: NO_TAGS,
  tagCopy: NO_TAGS,
  tagSkip: NO_TAGS,
  tagCheck: NO_TAGS,
  tagDrop: NO_TAGS,
  lockBreak: 'Counted in lockSection: a break starts another section.',
  progress: 'A number fork keeps in a register, not an event.'
}

const NO_FIGURE = 'No public figure for this machine was found; taken as 0.'

export const UNMODELLED: CounterNotes = {
  dsbIshst: `${NO_FIGURE} It overlaps with the TLBIs that follow it.`,
  fault: `${NO_FIGURE} Exception entry, VMA lookup and return are missing from timed faults.`,
  folioAlloc: `${NO_FIGURE} Page allocator and memcg charge are missing from timed faults.`,
  folioFree: `${NO_FIGURE} Freeing is missing from timed exits.`,
  tableFree: `${NO_FIGURE} Freeing is missing from timed exits.`,
  fork: `${NO_FIGURE} Task, mm and VMA duplication are missing: small beside many pages, not beside few.`
}

export const LEAVES_OUT: readonly string[] = [
  'A second NUMA node or socket: one interconnect, one DVM server.',
  'Memory bandwidth and cache contention between CPUs: apart from broadcasts, CPUs do not disturb each other.',
  'TLB misses that follow an invalidation.',
  'Locks shared between mms (LRU, memcg, zone locks), scheduling, interrupts.',
  'Variation of service: the solution is exact for exponential service at the DVM server.'
]
