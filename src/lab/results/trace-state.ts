/** What windows ask of the state at an event of a trace. */
import type { BlockObservation, ObservedTranslation } from '../../engine/check/observe'
import type { SpanKind } from '../../engine/trace/kinds'
import type { TraceSwap } from './trace-swap'
import type { PteView } from './types'

/** What of a state is wanted. Addresses are rounded down to pages. */
export type TracePart =
  | { readonly what: 'processes' }
  /** Entries of a small range, each a cell. */
  | {
      readonly what: 'entries'
      readonly machine: number
      readonly pid: number
      readonly address: number
      readonly pages: number
    }
  /** A range of any size in `buckets` equal parts: counts of entries by state. */
  | {
      readonly what: 'map'
      readonly machine: number
      readonly pid: number
      readonly address: number
      readonly pages: number
      readonly buckets: number
    }
  /** The same counts as `packed-map`, for who asks again and again: equal neighbours are told once. */
  | {
      readonly what: 'packed-map'
      readonly machine: number
      readonly pid: number
      readonly address: number
      readonly pages: number
      readonly buckets: number
    }
  /** Folios behind a small range, or by frame where no process is given. */
  | {
      readonly what: 'folios'
      readonly machine: number
      readonly pid?: number
      readonly address: number
      readonly pages: number
    }
  /** The levels of page tables down to one entry. */
  | { readonly what: 'walk'; readonly machine: number; readonly pid: number; readonly address: number }
  /** TLBs of all CPUs, or of one. */
  | { readonly what: 'tlbs'; readonly machine: number; readonly cpu?: number }
  | { readonly what: 'counters'; readonly machine: number }
  /** The contpte block of an address, as other CPUs meet it, and what a teardown holds back. */
  | { readonly what: 'teardown'; readonly machine: number; readonly pid: number; readonly address: number }
  /** Entries, swap slots and memory tags of some pages, and the swap area. */
  | {
      readonly what: 'swap'
      readonly machine: number
      readonly pid: number
      readonly address: number
      readonly pages: number
    }

export interface TraceVma {
  readonly address: number
  readonly pages: number
  /** `rw-p` as in /proc/pid/maps. */
  readonly access: string
  /** VM_* names beyond the access. */
  readonly flags: readonly string[]
  readonly anonVma: number
  /** What it maps, if it is not anonymous. */
  readonly file?: string
}

export interface TraceProcessState {
  readonly machine: number
  readonly pid: number
  readonly anonPages: number
  readonly filePages: number
  readonly swapEntries: number
  readonly vmas: readonly TraceVma[]
}

/** More bits of `flags` than a `PteView` has (`PTE_VIEW_BITS`). */
export const TRACE_ENTRY_BITS = {
  protNone: 256,
  migration: 512,
  marker: 1024,
  /** Mapped by a PMD leaf. */
  huge: 2048,
  /** Maps the shared page of zeroes, or another page without a folio. */
  special: 4096,
  /** Differs from what it was in the state `since`. */
  changed: 8192,
  /** Its block breaks a rule of contiguous mappings. */
  broken: 16384,
  uffdWp: 32768
} as const

export interface TraceEntries extends PteView {
  readonly machine: number
  /** Whole mappings of the folio behind each entry; 0 where none. */
  readonly entire: readonly number[]
  /** Pins of the folio behind each entry. */
  readonly pins: readonly number[]
}

/** Counts of entries by state, one number a bucket in each list. */
export interface TraceMap {
  readonly machine: number
  readonly pid: number
  readonly address: number
  readonly pages: number
  readonly pageSize: number
  readonly buckets: number
  readonly none: readonly number[]
  readonly writable: readonly number[]
  readonly readOnly: readonly number[]
  readonly protNone: readonly number[]
  readonly swap: readonly number[]
  /** Migration entries and markers. */
  readonly other: readonly number[]
  /** Valid entries with the contiguous bit; those under a PMD leaf. */
  readonly folded: readonly number[]
  readonly huge: readonly number[]
  readonly dirty: readonly number[]
  readonly young: readonly number[]
  /** Present entries whose page is mapped more than once. */
  readonly shared: readonly number[]
  /** Entries of blocks that break a rule. */
  readonly broken: readonly number[]
  /** Entries that differ from the state `since`; zeroes without one. */
  readonly changed: readonly number[]
}

/** The lists of a map, in the order in which a packed one has them. */
export const TRACE_MAP_LISTS = [
  'none',
  'writable',
  'readOnly',
  'protNone',
  'swap',
  'other',
  'folded',
  'huge',
  'dirty',
  'young',
  'shared',
  'broken',
  'changed'
] as const satisfies readonly (keyof TraceMap)[]

/** A map whose neighbouring buckets with the same counts are told once: large regions are mostly uniform. */
export interface TracePackedMap extends Omit<TraceMap, (typeof TRACE_MAP_LISTS)[number]> {
  /** For each run of equal buckets how many they are, then a count for each of `TRACE_MAP_LISTS`. */
  readonly runs: readonly number[]
}

/** A map with equal neighbours told once. */
export function packedMap(map: TraceMap): TracePackedMap {
  const { machine, pid, address, pages, pageSize, buckets } = map
  const lists = TRACE_MAP_LISTS.map((name) => map[name])
  const runs: number[] = []
  let first = 0
  for (let bucket = 1; bucket <= buckets; bucket++) {
    if (bucket < buckets && lists.every((list) => list[bucket] === list[first])) continue
    runs.push(bucket - first, ...lists.map((list) => list[first]))
    first = bucket
  }
  return { machine, pid, address, pages, pageSize, buckets, runs }
}

/** The map that a packed one is of. */
export function unpackedMap({ runs, ...map }: TracePackedMap): TraceMap {
  const lists = TRACE_MAP_LISTS.map(() => new Array<number>(map.buckets).fill(0))
  const width = 1 + TRACE_MAP_LISTS.length
  let bucket = 0
  for (let at = 0; at < runs.length; at += width) {
    const end = bucket + runs[at]
    for (let list = 0; list < lists.length; list++) lists[list].fill(runs[at + 1 + list], bucket, end)
    bucket = end
  }
  const named = Object.fromEntries(TRACE_MAP_LISTS.map((name, list) => [name, lists[list]]))
  return { ...map, ...named } as unknown as TraceMap
}

export interface TraceFolio {
  readonly machine: number
  /** First page frame. */
  readonly pfn: number
  readonly order: number
  readonly refcount: number
  /** Mappings of the whole folio. */
  readonly entire: number
  readonly pins: number
  /** Mapcount and anon-exclusive (0/1) of each page. */
  readonly mapcount: readonly number[]
  readonly exclusive: readonly number[]
  /** PG_* names. */
  readonly flags: readonly string[]
  readonly anonVma: number
}

export interface TraceLevel {
  /** 0 to 3; the last one is 3. */
  readonly level: number
  readonly table: number
  readonly index: number
  /** First address that the entry covers. */
  readonly address: number
  /** Bytes that the entry covers. */
  readonly bytes: number
  readonly kind: 'table' | 'leaf' | 'invalid' | 'none'
  readonly raw: string
}

export interface TraceTlbEntry {
  readonly slot: number
  readonly pid: number
  readonly address: number
  /** More than 1: coalesced, or a PMD leaf. */
  readonly pages: number
  readonly pfn: number
  readonly writable: boolean
  readonly dirty: boolean
  /** From descriptors with the contiguous bit. */
  readonly contiguous: boolean
  /** Why it is not what the tables say now; missing when it agrees with them. */
  readonly stale?: string
  /** Whether a TLBI that waits for its DSB will remove it. */
  readonly pending: boolean
}

export interface TraceTlb {
  readonly machine: number
  readonly cpu: number
  readonly capacity: number
  readonly entries: readonly TraceTlbEntry[]
  /** Last-level tables its walk cache remembers. */
  readonly walks: readonly {
    readonly pid: number
    readonly address: number
    readonly table: number
    readonly stale: boolean
  }[]
  /** TLBIs this CPU issued that wait for its DSB ISH. */
  readonly pending: readonly { readonly pid: number; readonly address: number; readonly pages: number }[]
}

/** What the mmu_gather of the teardown under way holds. */
export interface TraceGather {
  /** Pages that wait for the flush, at most 32 runs of them. */
  readonly runs: readonly { readonly pfn: number; readonly pages: number }[]
  /** Of all of them: pages, and folios that the flush would free. */
  readonly pages: number
  readonly folios: number
  /** Slots used, of those that may be used before a flush is forced. */
  readonly slots: number
  readonly capacity: number
  /** Freed since the teardown began. */
  readonly freedFolios: number
  readonly freedPages: number
}

export interface TraceTeardown {
  readonly machine: number
  readonly pid: number
  /** Of the block. */
  readonly address: number
  readonly pageSize: number
  readonly blockEntries: number
  /** The exit or zap that the event lies in; missing outside of any. */
  readonly span?: { readonly kind: SpanKind; readonly from: number; readonly to: number }
  /** Missing where the process is not there. */
  readonly block?: Omit<BlockObservation, 'translations'> & {
    readonly translations: readonly (Omit<ObservedTranslation, 'vpn'> & { readonly address: number })[]
  }
  readonly gather: TraceGather
}

/** Answers of `TracePart`s, in the same order. */
export type TracePartState =
  | { readonly what: 'processes'; readonly processes: readonly TraceProcessState[] }
  | { readonly what: 'entries'; readonly entries: TraceEntries }
  | { readonly what: 'map'; readonly map: TraceMap }
  | { readonly what: 'packed-map'; readonly map: TracePackedMap }
  | {
      readonly what: 'folios'
      readonly folios: readonly TraceFolio[]
      /** The same range in the state `since`. */
      readonly before?: readonly TraceFolio[]
    }
  | { readonly what: 'walk'; readonly levels: readonly TraceLevel[] }
  | { readonly what: 'tlbs'; readonly tlbs: readonly TraceTlb[] }
  | { readonly what: 'counters'; readonly counters: Readonly<Record<string, number>> }
  | { readonly what: 'teardown'; readonly teardown: TraceTeardown }
  /** `before` is the same in the state `since`. */
  | { readonly what: 'swap'; readonly swap: TraceSwap; readonly before?: TraceSwap }

export interface TraceState {
  readonly event: number
  readonly timeNs: number
  /** Operation under way, -1 between operations. */
  readonly operation: number
  readonly parts: readonly TracePartState[]
}

/** One field of a descriptor. */
export interface TraceField {
  /** Bit or `high:low`. */
  readonly bits: string
  readonly name: string
  readonly value: string
  readonly meaning: string
  /** Where the name comes from. */
  readonly source: string
  readonly set: boolean
}

export interface TraceDescriptor {
  readonly raw: string
  readonly level: number
  readonly title: string
  readonly fields: readonly TraceField[]
  /** Last event up to the state asked for that wrote it, 0 for none; and the next one after it. */
  readonly writtenBy: number
  readonly nextWrite: number
}
