import type { Counters } from '../trace/counters'
import { COUNTER_INDEX } from '../trace/counters'
import type { Buddy } from './buddy'

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

/** log2 of the pages one chunk of metadata covers: 32 MiB of 4K pages. A mapping by PMD lies in one. */
export const FOLIO_CHUNK_SHIFT = 13
export const FOLIO_CHUNK_MASK = (1 << FOLIO_CHUNK_SHIFT) - 1

/** Who must hear of a folio going back to the allocator: the TLBs, a checker. Nobody by default. */
export interface FolioObserver {
  freed(pfn: number, order: number): void
}

/**
 * Folio metadata by page frame number. Each page has one word {order, flags, mapcount}, 4 bytes.
 * What exists once a folio (the refcount) lies apart: an order >= 2 folio is alone in its aligned
 * group of 4 pages and is found by `pfn >> 2`; smaller ones are found by `pfn`. Chunks come into
 * being when a folio first needs them, so 1 GiB in 64 KiB folios costs 5 bytes a page here.
 */
export class Folios {
  readonly words: (Int32Array | undefined)[] = []
  /** The same words two at a time, as `PageTables.attrPairs`. */
  readonly wordPairs: Float64Array[] = []
  /** Refcounts of folios of order >= 2, by pfn >> 2. */
  readonly largeRefs: (Int32Array | undefined)[] = []
  /** Refcounts of folios of order 0 and 1, by pfn. */
  readonly smallRefs: (Int32Array | undefined)[] = []

  /** Flags, found like the refcounts. */
  readonly largeFlags: (Uint16Array | undefined)[] = []
  readonly smallFlags: (Uint16Array | undefined)[] = []
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
    readonly blockOrder = 0
  ) {}

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
    for (let at = pfn; at < pfn + 2 ** order; at += FOLIO_CHUNK_MASK + 1) {
      const lane = this.words[at >>> FOLIO_CHUNK_SHIFT] ?? this.#newWords(at >>> FOLIO_CHUNK_SHIFT)
      const from = at & FOLIO_CHUNK_MASK
      lane.fill(word, from, from + 2 ** order)
      this.contents[at >>> FOLIO_CHUNK_SHIFT]?.fill(0, from, from + 2 ** order)
    }
    const chunk = pfn >>> FOLIO_CHUNK_SHIFT
    const first = pfn & FOLIO_CHUNK_MASK
    if (order >= 2) (this.largeRefs[chunk] ??= new Int32Array(1 << (FOLIO_CHUNK_SHIFT - 2)))[first >> 2] = 1
    else (this.smallRefs[chunk] ??= new Int32Array(1 << FOLIO_CHUNK_SHIFT))[first] = 1
    const flags = order >= 2 ? this.largeFlags[chunk] : this.smallFlags[chunk]
    if (flags !== undefined) flags[order >= 2 ? first >> 2 : first] = 0
    const owners = this.anonVmas[chunk]
    if (owners !== undefined && order >= 2) owners[first >> 2] = 0
  }

  /** What the lanes of a folio's own hold at `pfn`, also of one that is long gone. */
  lanesOf(pfn: number, order: number): { refs: number; flags: number; anonVma: number } {
    const chunk = pfn >>> FOLIO_CHUNK_SHIFT
    const first = pfn & FOLIO_CHUNK_MASK
    const large = order >= 2
    const at = large ? first >> 2 : first
    return {
      refs: (large ? this.largeRefs : this.smallRefs)[chunk]?.[at] ?? 0,
      flags: (large ? this.largeFlags : this.smallFlags)[chunk]?.[at] ?? 0,
      anonVma: large ? (this.anonVmas[chunk]?.[at] ?? 0) : 0
    }
  }

  /** The page's word, 0 for a page nobody holds. */
  word(pfn: number): number {
    return this.words[pfn >>> FOLIO_CHUNK_SHIFT]?.[pfn & FOLIO_CHUNK_MASK] ?? 0
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
    const refs = this.#refs(pfn)
    return refs === undefined ? 0 : refs[this.#refIndex(pfn)]
  }

  /** The folio's flags. */
  flags(pfn: number): number {
    const lane = this.order(pfn) >= 2 ? this.largeFlags : this.smallFlags
    return lane[this.#chunk(pfn)]?.[this.#refIndex(pfn)] ?? 0
  }

  /** Sets and clears folio flags. */
  setFlags(pfn: number, set: number, clear = 0): void {
    const chunk = this.#chunk(pfn)
    const large = this.order(pfn) >= 2
    const lane = large ? this.largeFlags : this.smallFlags
    const flags = (lane[chunk] ??= new Uint16Array(1 << (large ? FOLIO_CHUNK_SHIFT - 2 : FOLIO_CHUNK_SHIFT)))
    const at = this.#refIndex(pfn)
    flags[at] = (flags[at] & ~clear) | set
  }

  /** How often the folio (order >= 2) is mapped as a whole. */
  entireMapcount(pfn: number): number {
    return this.order(pfn) < 2 ? 0 : (this.entire[this.#chunk(pfn)]?.[this.#refIndex(pfn)] ?? 0)
  }

  /** Adds `n` whole mappings and answers how many there are now. */
  addEntire(pfn: number, n: number): number {
    const lane = (this.entire[this.#chunk(pfn)] ??= new Int32Array(1 << (FOLIO_CHUNK_SHIFT - 2)))
    return (lane[this.#refIndex(pfn)] += n)
  }

  /** Pins of the folio: its pin count, or what the refcount of an order-0 or order-1 folio says. */
  pincount(pfn: number): number {
    if (this.order(pfn) < 2) return Math.floor(this.refcount(pfn) / PIN_BIAS)
    return this.pins[this.#chunk(pfn)]?.[this.#refIndex(pfn)] ?? 0
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
    const lane = (this.pins[this.#chunk(pfn)] ??= new Int32Array(1 << (FOLIO_CHUNK_SHIFT - 2)))
    lane[this.#refIndex(pfn)] += n
  }

  /** The number of the anon_vma of a folio of order >= 2; 0 for one nobody told of, and for smaller ones. */
  anonVma(pfn: number): number {
    return this.order(pfn) < 2 ? 0 : (this.anonVmas[this.#chunk(pfn)]?.[this.#refIndex(pfn)] ?? 0)
  }

  /** `folio->mapping`: the folio belongs to that anon_vma. */
  setAnonVma(pfn: number, anonVma: number): void {
    if (this.order(pfn) < 2) return
    const lane = (this.anonVmas[this.#chunk(pfn)] ??= new Int32Array(1 << (FOLIO_CHUNK_SHIFT - 2)))
    lane[this.#refIndex(pfn)] = anonVma
  }

  /**
   * Makes single pages of the large folio at `head`: each with one reference, the folio's flags, and
   * the mapcount it has. The folio's own references are forgotten.
   */
  takeApart(head: number): void {
    this.live[this.order(head)]--
    this.live[0] += 1 << this.order(head)
    const chunk = head >>> FOLIO_CHUNK_SHIFT
    const words = this.words[chunk] as Int32Array
    const first = head & FOLIO_CHUNK_MASK
    const nr = 1 << this.order(head)
    const flags = this.flags(head)
    const refs = (this.smallRefs[chunk] ??= new Int32Array(1 << FOLIO_CHUNK_SHIFT))
    const small = (this.smallFlags[chunk] ??= new Uint16Array(1 << FOLIO_CHUNK_SHIFT))
    for (let at = first; at < first + nr; at++) words[at] &= (1 << ORDER_SHIFT) - 1
    refs.fill(1, first, first + nr)
    small.fill(flags & ~FOLIO_CONT, first, first + nr)
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
    const refs = this.#refs(pfn)
    if (refs === undefined) throw new Error(`no folio at page frame ${pfn}`)
    return (refs[this.#refIndex(pfn)] += n)
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
    for (let at = head; at < head + 2 ** order; at += FOLIO_CHUNK_MASK + 1) {
      const first = at & FOLIO_CHUNK_MASK
      this.words[at >>> FOLIO_CHUNK_SHIFT]?.fill(0, first, first + 2 ** order)
    }
  }

  /** The word of a page changes by `delta`: +-1 is one mapping, `EXCLUSIVE` sets or clears the flag. */
  addWord(pfn: number, delta: number): number {
    const words = this.words[pfn >>> FOLIO_CHUNK_SHIFT]
    if (words === undefined) throw new Error(`no folio at page frame ${pfn}`)
    return (words[pfn & FOLIO_CHUNK_MASK] += delta)
  }

  get bytes(): number {
    return [...this.words, ...this.largeRefs, ...this.smallRefs].reduce(
      (sum, chunk) => sum + (chunk?.byteLength ?? 0),
      0
    )
  }

  #newWords(chunk: number): Int32Array {
    const words = new Int32Array(1 << FOLIO_CHUNK_SHIFT)
    this.words[chunk] = words
    this.wordPairs[chunk] = new Float64Array(words.buffer)
    return words
  }

  /** The chunk that holds what exists once of the folio. */
  #chunk(pfn: number): number {
    return this.head(pfn) >>> FOLIO_CHUNK_SHIFT
  }

  #refs(pfn: number): Int32Array | undefined {
    const chunk = this.#chunk(pfn)
    return this.order(pfn) >= 2 ? this.largeRefs[chunk] : this.smallRefs[chunk]
  }

  #refIndex(pfn: number): number {
    const head = this.head(pfn) & FOLIO_CHUNK_MASK
    return this.order(pfn) >= 2 ? head >> 2 : head
  }
}
