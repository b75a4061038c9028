import type { Counters } from '../trace/counters'
import { COUNTER_INDEX } from '../trace/counters'
import type { Buddy } from './buddy'
import { FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT, PageStates, PageStateTable } from './page-states'

export { FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT } from './page-states'

const FOLIO_ALLOC = COUNTER_INDEX.folioAlloc
const FOLIO_FREE = COUNTER_INDEX.folioFree
const PAGE_ALLOC = COUNTER_INDEX.pageAlloc
const PAGE_FREE = COUNTER_INDEX.pageFree

/** Bits of a page word. The rest of the word below `EXCLUSIVE` is the page's mapcount. */
export const MAPCOUNT_MASK = (1 << 20) - 1
/** PG_anon_exclusive: this anonymous page belongs to one process only. */
export const EXCLUSIVE_SHIFT = 20
export const EXCLUSIVE = 1 << EXCLUSIVE_SHIFT
/** The page is part of a folio that somebody holds. */
export const IN_USE = 1 << 21
/** The folio is anonymous memory. */
export const ANON = 1 << 22
/**
 * Allocated in a folio of at least a contpte block: which place of a block the frame has is then the
 * page's index in that folio, also after a split. Of other pages it is the allocator's chance.
 */
export const BLOCK_ALIGNED = 1 << 23
/** The folio is of a HugeTLB pool: PG_anon_exclusive lies in its first page, and its last reference puts it back. */
export const HUGETLB = 1 << 24
export const ORDER_SHIFT = 26
/** All of a page word but the order. */
export const SINGLE_MASK = (1 << ORDER_SHIFT) - 1

/** Folio flags, 16 bits a folio: `Folios.flags`, `setFlags`. */
/** PG_dirty: set by swap-in, split, migration; never by a store. */
export const FOLIO_DIRTY = 1 << 0
/** Not swap-backed: MADV_FREE took it. */
export const FOLIO_LAZYFREE = 1 << 1
/** Partially mapped, and so on the deferred-split list. */
export const FOLIO_PARTIALLY_MAPPED = 1 << 2
export const FOLIO_SWAPCACHE = 1 << 3
/** On an LRU list; not yet while it waits in a per-CPU batch. */
export const FOLIO_LRU = 1 << 4
export const FOLIO_REFERENCED = 1 << 5
export const FOLIO_ACTIVE = 1 << 6
/** Up to 6.1 and OnePlus: mapped by PMD (or as a block) and by PTE at once. */
export const FOLIO_DOUBLE_MAP = 1 << 7
/** Page cache, not anonymous (with ANON clear in the page words). */
export const FOLIO_FILE = 1 << 8
/** OnePlus: PG_cont, the folio is one 64K block. */
export const FOLIO_CONT = 1 << 9
export const FOLIO_UNEVICTABLE = 1 << 10
/** PG_mlocked: a locked VMA maps it. */
export const FOLIO_MLOCKED = 1 << 11
/** On the deferred-split list: partially mapped, or PMD-sized and so a candidate for "underused" (6.12). */
export const FOLIO_DEFERRED = 1 << 12
/** PG_readahead: read ahead of a fault, and not asked for yet. */
export const FOLIO_READAHEAD = 1 << 13
/** Read into the swap cache, and not mapped yet: the page belongs to no anon_vma. */
export const FOLIO_NEVER_MAPPED = 1 << 14
/** PG_locked, by somebody on another CPU: who needs the lock waits. */
export const FOLIO_LOCKED = 1 << 15

/** What one pin adds to the refcount of an order-0 folio (GUP_PIN_COUNTING_BIAS). */
export const PIN_BIAS = 1024

const LARGE_CHUNK = 1 << (FOLIO_CHUNK_SHIFT - 2)

/** Who must hear of a folio going back to the allocator: the TLBs, a checker. Nobody by default. */
export interface FolioObserver {
  freed(pfn: number, order: number): void
}

/**
 * Folio metadata by page frame number. Each page has a word {order, flags, mapcount}. What exists once a
 * folio (refcount, flags) belongs to its first page where the folio is of order 0 or 1; an order >= 2 folio
 * is alone in its aligned group of 4 pages, and has it apart, by `pfn >> 2`. Chunks come into being when a
 * folio first needs them.
 */
export class Folios {
  /** Words of all pages, and refcounts and flags of folios of order 0 and 1. */
  readonly states: PageStates
  /** Refcounts of folios of order >= 2, by pfn >> 2. */
  readonly largeRefs: (Int32Array | undefined)[] = []
  /** Their flags. */
  readonly largeFlags: (Uint16Array | undefined)[] = []
  /** Mappings of the whole folio by one PMD leaf (or OnePlus block), and pins: by pfn >> 2, made on first use. */
  readonly entire: (Int32Array | undefined)[] = []
  readonly pins: (Int32Array | undefined)[] = []
  /** The anon_vma of large folios, as far as it was told: by pfn >> 2. */
  readonly anonVmas: (Int32Array | undefined)[] = []
  /** What byte each page holds, 0 for a page of zeroes: made on the first store of a value. */
  readonly contents: (Uint8Array | undefined)[] = []
  /** OnePlus' pool: block folios in use, the most there may be, first frames of blocks that wait, and how many are mapped both ways. */
  readonly blocks = { inUse: 0, limit: Infinity, ready: new Array<number>(), doubleMapped: 0 }

  /** Folios that somebody holds, by order. */
  readonly live = new Float64Array(32)

  observer: FolioObserver | undefined
  /** The kernel's own bookkeeping of freed folios. */
  accounts: FolioObserver | undefined
  /** Where folios of HugeTLB pools go when nobody holds them any more. */
  pools: FolioObserver | undefined

  constructor(
    readonly buddy: Buddy,
    readonly counters: Counters,
    /** log2 of the pages of a contpte block. */
    readonly blockOrder = 0,
    /** What states of pages are numbered by; replicas share theirs. */
    table = new PageStateTable()
  ) {
    this.states = new PageStates(table)
  }

  /**
   * Allocates a folio with one reference and no mapping; its first page, or -1 without memory. `pfn`: a block
   * that was taken from the allocator for it.
   */
  alloc(order: number, pfn = this.buddy.alloc(order)): number {
    if (pfn < 0) return -1
    const aligned = order >= this.blockOrder ? BLOCK_ALIGNED : 0
    this.born(pfn, order, (order << ORDER_SHIFT) | IN_USE | ANON | aligned)
    const { values } = this.counters
    values[FOLIO_ALLOC]++
    values[PAGE_ALLOC] += 1 << order
    this.live[order]++
    return pfn
  }

  /** Takes a folio for a HugeTLB pool, held by nobody; its first page, or -1 without memory. */
  allocPooled(order: number): number {
    const pfn = this.buddy.alloc(order)
    if (pfn < 0) return -1
    this.pooled(pfn, order)
    const { values } = this.counters
    values[FOLIO_ALLOC]++
    values[PAGE_ALLOC] += 2 ** order
    return pfn
  }

  /** The frames from `pfn` on, which are nobody's, become a folio of a HugeTLB pool without a reference. */
  pooled(pfn: number, order: number): void {
    this.born(pfn, order, (order << ORDER_SHIFT) | IN_USE | ANON | HUGETLB | BLOCK_ALIGNED)
    this.addRefs(pfn, -1)
    this.live[order]++
  }

  /** A pool gives the frames of a folio that nobody holds up; they go to the page allocator where `free` says so. */
  unpooled(head: number, free: boolean): void {
    const order = this.order(head)
    if (free) {
      const { values } = this.counters
      values[FOLIO_FREE]++
      values[PAGE_FREE] += 2 ** order
    }
    this.live[order]--
    this.gone(head, order)
    if (free) this.buddy.release(head, order)
  }

  /** A folio begins: `word` becomes the word of its pages. */
  protected born(pfn: number, order: number, word: number): void {
    const { states } = this
    states.fill(pfn, 2 ** order, states.table.of(word, 0, 0))
    for (let at = pfn; at < pfn + 2 ** order; at += FOLIO_CHUNK_MASK + 1) {
      const from = at & FOLIO_CHUNK_MASK
      this.contents[at >>> FOLIO_CHUNK_SHIFT]?.fill(0, from, from + 2 ** order)
    }
    if (order < 2) {
      states.set(pfn, states.table.of(word, 1, 0))
      return
    }
    const chunk = pfn >>> FOLIO_CHUNK_SHIFT
    const at = (pfn & FOLIO_CHUNK_MASK) >> 2
    ;(this.largeRefs[chunk] ??= new Int32Array(LARGE_CHUNK))[at] = 1
    const flags = this.largeFlags[chunk]
    if (flags !== undefined) flags[at] = 0
    const owners = this.anonVmas[chunk]
    if (owners !== undefined) owners[at] = 0
  }

  /** What there is once a folio at `pfn`; of order >= 2 also of one that is long gone. */
  lanesOf(pfn: number, order: number): { refs: number; flags: number; anonVma: number } {
    if (order < 2) {
      const { refs, flags } = this.states.table
      const state = this.states.at(pfn)
      return { refs: refs[state], flags: flags[state], anonVma: 0 }
    }
    const chunk = pfn >>> FOLIO_CHUNK_SHIFT
    const at = (pfn & FOLIO_CHUNK_MASK) >> 2
    return {
      refs: this.largeRefs[chunk]?.[at] ?? 0,
      flags: this.largeFlags[chunk]?.[at] ?? 0,
      anonVma: this.anonVmas[chunk]?.[at] ?? 0
    }
  }

  /** The page's word, 0 for a page nobody holds. */
  word(pfn: number): number {
    return this.states.word(pfn)
  }

  /** First page of the folio that `pfn` belongs to; folios are naturally aligned. */
  head(pfn: number): number {
    return pfn & (-1 << (this.word(pfn) >>> ORDER_SHIFT))
  }

  order(pfn: number): number {
    return this.word(pfn) >>> ORDER_SHIFT
  }

  mapcount(pfn: number): number {
    return this.word(pfn) & MAPCOUNT_MASK
  }

  isExclusive(pfn: number): boolean {
    const word = this.word(pfn)
    return (((word & HUGETLB) === 0 ? word : this.word(this.head(pfn))) & EXCLUSIVE) !== 0
  }

  refcount(pfn: number): number {
    const { states } = this
    const head = this.head(pfn)
    if (this.order(pfn) < 2) return states.table.refs[states.at(head)]
    return this.largeRefs[head >>> FOLIO_CHUNK_SHIFT]?.[(head & FOLIO_CHUNK_MASK) >> 2] ?? 0
  }

  /** The folio's flags. */
  flags(pfn: number): number {
    const { states } = this
    const head = this.head(pfn)
    if (this.order(pfn) < 2) return states.table.flags[states.at(head)]
    return this.largeFlags[head >>> FOLIO_CHUNK_SHIFT]?.[(head & FOLIO_CHUNK_MASK) >> 2] ?? 0
  }

  /** Sets and clears folio flags. */
  setFlags(pfn: number, set: number, clear = 0): void {
    const { states } = this
    const head = this.head(pfn)
    if (this.order(pfn) < 2) {
      const state = states.at(head)
      states.set(head, states.table.withFlags(state, (states.table.flags[state] & ~clear) | set))
      return
    }
    const lane = (this.largeFlags[head >>> FOLIO_CHUNK_SHIFT] ??= new Uint16Array(LARGE_CHUNK))
    const at = (head & FOLIO_CHUNK_MASK) >> 2
    lane[at] = (lane[at] & ~clear) | set
  }

  /** How often the folio (order >= 2) is mapped as a whole. */
  entireMapcount(pfn: number): number {
    return this.order(pfn) < 2 ? 0 : (this.entire[this.#chunk(pfn)]?.[this.#largeIndex(pfn)] ?? 0)
  }

  /** Adds `n` whole mappings and answers how many there are now. */
  addEntire(pfn: number, n: number): number {
    const lane = (this.entire[this.#chunk(pfn)] ??= new Int32Array(LARGE_CHUNK))
    return (lane[this.#largeIndex(pfn)] += n)
  }

  /** Pins of the folio: its pin count, or what the refcount of an order-0 or order-1 folio says. */
  pincount(pfn: number): number {
    if (this.order(pfn) < 2) return Math.floor(this.refcount(pfn) / PIN_BIAS)
    return this.pins[this.#chunk(pfn)]?.[this.#largeIndex(pfn)] ?? 0
  }

  /** Adds `n` pins with their references. */
  addPins(pfn: number, n: number): void {
    if (this.order(pfn) < 2) {
      this.addRefs(pfn, n * PIN_BIAS)
      return
    }
    this.changePins(pfn, n)
    this.addRefs(pfn, n)
  }

  /** Drops `n` pins with their references; the folio may go with the last one. */
  dropPins(pfn: number, n: number): void {
    if (this.order(pfn) < 2) {
      this.put(pfn, n * PIN_BIAS)
      return
    }
    this.changePins(pfn, -n)
    this.put(pfn, n)
  }

  /** The pin count of a folio of order >= 2 changes by `n`. */
  protected changePins(pfn: number, n: number): void {
    const lane = (this.pins[this.#chunk(pfn)] ??= new Int32Array(LARGE_CHUNK))
    lane[this.#largeIndex(pfn)] += n
  }

  /** The number of the anon_vma of a folio of order >= 2; 0 for one nobody told of, and for smaller ones. */
  anonVma(pfn: number): number {
    return this.order(pfn) < 2 ? 0 : (this.anonVmas[this.#chunk(pfn)]?.[this.#largeIndex(pfn)] ?? 0)
  }

  /** `folio->mapping`: the folio belongs to that anon_vma. */
  setAnonVma(pfn: number, anonVma: number): void {
    if (this.order(pfn) < 2) return
    const lane = (this.anonVmas[this.#chunk(pfn)] ??= new Int32Array(LARGE_CHUNK))
    lane[this.#largeIndex(pfn)] = anonVma
  }

  /**
   * Makes single pages of the large folio at `head`: each with one reference, the folio's flags, and
   * the mapcount it has. The folio's own references are forgotten.
   */
  takeApart(head: number): void {
    this.live[this.order(head)]--
    this.live[0] += 1 << this.order(head)
    const { states } = this
    const { table } = states
    const nr = 1 << this.order(head)
    const flags = this.flags(head)
    for (let pfn = head; pfn < head + nr; pfn++) {
      states.set(pfn, table.of(states.word(pfn) & SINGLE_MASK, 1, flags & ~FOLIO_CONT))
    }
    if ((flags & FOLIO_CONT) !== 0) this.blocks.inUse--
  }

  /** Mapcount over all pages, whole mappings counted once a mapping. */
  totalMapcount(pfn: number): number {
    const head = this.head(pfn)
    const nr = 1 << this.order(pfn)
    let total = this.entireMapcount(pfn)
    for (let i = 0; i < nr; i++) total += this.mapcount(head + i)
    return total
  }

  /** The byte a page holds. */
  content(pfn: number): number {
    return this.contents[pfn >>> FOLIO_CHUNK_SHIFT]?.[pfn & FOLIO_CHUNK_MASK] ?? 0
  }

  /** What one page holds goes to another. */
  copyContent(from: number, to: number): void {
    const value = this.content(from)
    if (value !== 0 || this.contents[to >>> FOLIO_CHUNK_SHIFT] !== undefined) this.setContent(to, value)
  }

  setContent(pfn: number, value: number): void {
    const chunk = pfn >>> FOLIO_CHUNK_SHIFT
    const lane = (this.contents[chunk] ??= new Uint8Array(1 << FOLIO_CHUNK_SHIFT))
    lane[pfn & FOLIO_CHUNK_MASK] = value
  }

  /** Adds `n` (which may be negative) to the folio's refcount and answers the new value. */
  addRefs(pfn: number, n: number): number {
    const { states } = this
    const head = this.head(pfn)
    if (this.order(pfn) < 2) {
      const state = states.at(head)
      if (state === 0) throw new Error(`no folio at page frame ${pfn}`)
      const after = states.table.refs[state] + n
      states.set(head, states.table.withRefs(state, after))
      return after
    }
    const refs = this.largeRefs[head >>> FOLIO_CHUNK_SHIFT]
    if (refs === undefined) throw new Error(`no folio at page frame ${pfn}`)
    return (refs[(head & FOLIO_CHUNK_MASK) >> 2] += n)
  }

  /** Drops `n` references; the folio goes back to the allocator with the last one. */
  put(pfn: number, n = 1): void {
    const left = this.addRefs(pfn, -n)
    if (left > 0) return
    if (left < 0) throw new Error(`folio ${this.head(pfn)}: refcount ${left} after dropping ${n}`)
    const order = this.order(pfn)
    const head = this.head(pfn)
    this.observer?.freed(head, order)
    if ((this.word(head) & HUGETLB) !== 0 && this.pools !== undefined) {
      this.pools.freed(head, order)
      return
    }
    this.accounts?.freed(head, order)
    if (this.blocks.inUse > 0 && (this.flags(head) & FOLIO_CONT) !== 0) this.blocks.inUse--
    const { values } = this.counters
    values[FOLIO_FREE]++
    values[PAGE_FREE] += 1 << order
    this.live[order]--
    this.gone(head, order)
    this.buddy.release(head, order)
  }

  /** A folio ends: its pages are nobody's. */
  protected gone(head: number, order: number): void {
    this.states.fill(head, 2 ** order, 0)
  }

  /** The word of a page changes by `delta`: +-1 is one mapping, `EXCLUSIVE` sets or clears the flag. */
  addWord(pfn: number, delta: number): number {
    if (this.states.lanes[pfn >>> FOLIO_CHUNK_SHIFT] === undefined)
      throw new Error(`no folio at page frame ${pfn}`)
    return this.states.addWord(pfn, delta)
  }

  /** Bytes of all metadata; what pages contain is apart. */
  get bytes(): number {
    const lanes = [this.largeRefs, this.largeFlags, this.anonVmas, this.entire, this.pins].flat()
    return lanes.reduce((sum, chunk) => sum + (chunk?.byteLength ?? 0), this.states.bytes)
  }

  /** The chunk that holds what exists once of the folio. */
  #chunk(pfn: number): number {
    return this.head(pfn) >>> FOLIO_CHUNK_SHIFT
  }

  #largeIndex(pfn: number): number {
    return (this.head(pfn) & FOLIO_CHUNK_MASK) >> 2
  }
}
