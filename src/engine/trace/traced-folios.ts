/** Folio metadata that tell a tracer of every change. */
import type { Buddy } from '../mm/buddy'
import { EXCLUSIVE, FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT, Folios, FOLIO_CONT, SINGLE_MASK } from '../mm/folio'
import type { Counters } from './counters'
import { HeldPageCounts } from './held-pages'
import { KIND } from './kinds'
import type { Tracer } from './tracer'

/** The folios of a traced world; `trace` is set when the world is put together. */
export class TracedFolios extends Folios {
  trace: Tracer | undefined
  /** 1 for each page accessed since it was allocated, by chunk of frames. */
  readonly #touched: (Uint8Array | undefined)[] = []

  /** What is held for nothing. */
  readonly held: HeldPageCounts

  constructor(buddy: Buddy, counters: Counters, blockOrder: number) {
    super(buddy, counters, blockOrder)
    this.held = new HeldPageCounts(this, this.#touched)
  }

  /** Somebody accessed a page. */
  touch(pfn: number): void {
    const chunk = pfn >>> FOLIO_CHUNK_SHIFT
    const lane = (this.#touched[chunk] ??= new Uint8Array(1 << FOLIO_CHUNK_SHIFT))
    const at = pfn & FOLIO_CHUNK_MASK
    if (lane[at] !== 0) return
    lane[at] = 1
    this.held.changed(pfn)
  }

  /** Whether a page was accessed since it was allocated, or is a copy of one that was. */
  isTouched(pfn: number): boolean {
    return this.#touched[pfn >>> FOLIO_CHUNK_SHIFT]?.[pfn & FOLIO_CHUNK_MASK] === 1
  }

  override copyContent(from: number, to: number): void {
    super.copyContent(from, to)
    if (this.isTouched(from)) this.touch(to)
  }

  override alloc(order: number, at?: number): number {
    const pfn = super.alloc(order, at)
    if (pfn >= 0) this.trace?.touchFolio(false)
    return pfn
  }

  override allocPooled(order: number): number {
    const pfn = super.allocPooled(order)
    if (pfn >= 0) this.trace?.touchFolio(false)
    return pfn
  }

  protected override born(pfn: number, order: number, word: number): void {
    const lanes = this.lanesOf(pfn, order)
    const nr = 1 << order
    // What earlier users left in the pages goes page by page.
    for (let i = 0; i < nr; i++) if (this.content(pfn + i) !== 0) this.setContent(pfn + i, 0)
    for (let at = pfn; at < pfn + nr; at += FOLIO_CHUNK_MASK + 1) {
      const from = at & FOLIO_CHUNK_MASK
      this.#touched[at >>> FOLIO_CHUNK_SHIFT]?.fill(0, from, from + nr)
    }
    const { flags, refs, anonVma } = lanes
    super.born(pfn, order, word)
    this.held.changedFolio(pfn, order)
    this.trace?.add(KIND['folio-alloc'], word, pfn, flags, anonVma, order, refs)
  }

  protected override gone(head: number, order: number): void {
    this.trace?.touchFolio(true)
    const nr = 1 << order
    // A free page is nobody's own: PG_anon_exclusive goes first, page by page.
    for (let i = 0; i < nr; i++) {
      const word = this.word(head + i)
      if ((word & EXCLUSIVE) !== 0) this.addWord(head + i, -EXCLUSIVE)
    }
    const first = this.word(head)
    // Those of a large folio stay where they are.
    const flags = order < 2 ? this.flags(head) : 0
    for (let i = 1; i < nr; i++) {
      const word = this.word(head + i)
      if (word !== first) this.addWord(head + i, first - word)
    }
    super.gone(head, order)
    this.held.changedFolio(head, order)
    this.trace?.add(KIND['folio-free'], first, head, order, 0, flags, 0)
  }

  override setFlags(pfn: number, set: number, clear = 0): void {
    const old = this.flags(pfn)
    super.setFlags(pfn, set, clear)
    const flags = this.flags(pfn)
    if (flags !== old) this.trace?.add(KIND['folio-flags'], 0, pfn, old, 0, flags, 0)
  }

  override addEntire(pfn: number, n: number): number {
    const after = super.addEntire(pfn, n)
    this.held.changedFolio(this.head(pfn), this.order(pfn))
    this.trace?.add(KIND.entire, 0, pfn, after - n, 0, after, 0)
    return after
  }

  protected override changePins(pfn: number, n: number): void {
    const old = this.pincount(pfn)
    super.changePins(pfn, n)
    this.trace?.add(KIND.pins, 0, pfn, old, 0, old + n, 0)
  }

  override setAnonVma(pfn: number, anonVma: number): void {
    if (this.order(pfn) < 2) return
    const old = this.anonVma(pfn)
    super.setAnonVma(pfn, anonVma)
    if (old !== anonVma) this.trace?.add(KIND['anon-vma'], 0, pfn, old, 0, anonVma, 0)
  }

  override takeApart(head: number): void {
    const { states } = this
    const order = this.order(head)
    const nr = 1 << order
    this.live[order]--
    this.live[0] += nr
    const flags = this.flags(head)
    for (let pfn = head; pfn < head + nr; pfn++) {
      states.set(pfn, states.table.of(states.word(pfn) & SINGLE_MASK, 1, 0))
    }
    this.held.changedFolio(head, order)
    this.trace?.add(KIND['folio-split'], 0, head, order, 0, 0, 0)
    for (let i = 0; i < nr; i++) this.setFlags(head + i, flags & ~FOLIO_CONT)
    if ((flags & FOLIO_CONT) !== 0) this.blocks.inUse--
  }

  override setContent(pfn: number, value: number): void {
    const old = this.content(pfn)
    super.setContent(pfn, value)
    if (old !== value) this.trace?.add(KIND.content, 0, pfn, old, 0, value, 0)
  }

  override addRefs(pfn: number, n: number): number {
    const after = super.addRefs(pfn, n)
    this.trace?.add(KIND.refcount, 0, pfn, after - n, 0, after, 0)
    return after
  }

  override addWord(pfn: number, delta: number): number {
    const after = super.addWord(pfn, delta)
    this.held.changed(pfn)
    this.trace?.word(pfn, after - delta, after)
    return after
  }
}
