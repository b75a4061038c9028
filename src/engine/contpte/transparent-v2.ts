/**
 * The transparent contpte layer as posted in v2 12/14 - 14/14 of "Transparent Contiguous PTEs for
 * User Mappings" (Ryan Roberts, 15 Nov 2023): folds and unfolds blocks under a core that does not
 * know about them. Function names are the kernel's.
 *
 * Rules and costs: reference `contpte.md` sections 3-6 (column V2), `teardown.md` section 4 (D1, D2).
 */
import { AF, CONT, SPECIAL, VALID, WRITE, isDirty, isValidCont, mkdirty, normalise } from '../arch/descriptor'
import { FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT, ORDER_SHIFT } from '../mm/folio'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX } from '../trace/counters'
import { AbsentPteOps, equalRun } from './absent'
import type { PteWorld } from './ops'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg
const FOLD = COUNTER_INDEX.fold
const UNFOLD = COUNTER_INDEX.unfold

/** PTE operations of v2. */
export class TransparentV2PteOps extends AbsentPteOps {
  /** Entries of a block, and the same minus one. */
  readonly c: number
  readonly mask: number

  constructor(
    world: PteWorld,
    /** v2 14/14: the whole-mm teardown exchanges entries of a folded block without unfolding. */
    readonly fullTeardown: boolean
  ) {
    super(world)
    this.c = world.tables.geometry.contPtes
    this.mask = this.c - 1
  }

  override ptepGet(mm: Mm, slot: number): number {
    const attr = this.world.tables.attr(slot)
    if (!isValidCont(attr)) {
      mm.count(READ, 1)
      return attr
    }
    mm.count(READ, 1 + this.c)
    return this.gather(slot, attr)
  }

  override ptepGetPresence(mm: Mm, slot: number): number {
    const attr = this.world.tables.attr(slot)
    mm.count(READ, isValidCont(attr) ? 1 + this.c : 1)
    return attr
  }

  override ptepGetLockless(mm: Mm, slot: number): number {
    const attr = this.world.tables.attr(slot)
    if (!isValidCont(attr)) {
      mm.count(READ, 1)
      return attr
    }
    // One clean pass: nobody changes the block meanwhile, for operations here are atomic.
    mm.count(READ, 2 + this.c)
    return this.gather(slot, attr)
  }

  override setPtes(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    const plain = attr & ~CONT
    if (nr === 1) {
      this.unfoldIfFolded(mm, slot)
      this.store(mm, slot, pfn, plain, 1)
      this.tryFold(mm, slot, plain, pfn)
      return
    }
    const end = slot + nr
    while (slot < end) {
      const next = Math.min((slot | this.mask) + 1, end)
      this.#setPiece(mm, slot, pfn, plain, next - slot)
      pfn += next - slot
      slot = next
    }
  }

  override ptepGetAndClear(mm: Mm, slot: number): number {
    this.unfoldIfFolded(mm, slot)
    return this.xchg0(mm, slot)
  }

  override ptepGetAndClearFull(mm: Mm, slot: number, full: boolean): number {
    if (!full || !this.fullTeardown) return this.ptepGetAndClear(mm, slot)
    mm.count(READ, 1)
    return this.xchg0(mm, slot)
  }

  override wrprotectPtes(mm: Mm, slot: number, nr: number): void {
    const end = slot + nr
    while (slot < end) {
      const next = Math.min((slot | this.mask) + 1, end)
      const partial = next - slot !== this.c
      if (partial) this.unfoldIfFolded(mm, slot)
      super.wrprotectPtes(mm, slot, next - slot)
      if (partial) this.#refold(mm, next - 1)
      slot = next
    }
  }

  override ptepSetAccessFlags(mm: Mm, slot: number, attr: number, dirty: boolean): boolean {
    const entry = attr & ~CONT
    const { tables } = this.world
    const old = tables.attr(slot)
    mm.count(READ, 1)
    if (!isValidCont(old)) return super.ptepSetAccessFlags(mm, slot, entry, dirty)
    // As posted, the gathered value keeps its contiguous bit here and so never equals `entry`.
    const gathered = this.ptepGet(mm, slot)
    if (gathered === entry) return false
    if ((gathered & WRITE) === (entry & WRITE)) {
      const block = slot & ~this.mask
      for (let i = 0; i < this.c; i++) this.relax(mm, block + i, entry | CONT)
      if (dirty) this.world.tlbi.range(mm, tables.vpn(block), this.c, 1, true)
      return true
    }
    this.#unfold(mm, slot, old)
    this.relax(mm, slot, entry)
    if (dirty) this.world.tlbi.page(mm, tables.vpn(slot))
    this.#refold(mm, slot)
    return true
  }

  override ptepTestAndClearYoung(mm: Mm, slot: number): boolean {
    mm.count(READ, 1)
    if (!isValidCont(this.world.tables.attr(slot))) return super.ptepTestAndClearYoung(mm, slot)
    const block = slot & ~this.mask
    let young = false
    for (let i = 0; i < this.c; i++) young = super.ptepTestAndClearYoung(mm, block + i) || young
    return young
  }

  override ptepClearFlushYoung(mm: Mm, slot: number): boolean {
    const folded = isValidCont(this.world.tables.attr(slot))
    const young = this.ptepTestAndClearYoung(mm, slot)
    if (young && folded) this.world.tlbi.rangeNosync(mm, this.world.tables.vpn(slot & ~this.mask), this.c)
    else if (young) this.world.tlbi.pageNosync(mm, this.world.tables.vpn(slot))
    return young
  }

  override matchRun(mm: Mm, slot: number, limit: number): number {
    const { tables } = this.world
    // The bits a gather would add are those the comparison ignores: no need to gather to compare.
    const run = equalRun(tables, slot, limit)
    const folded = isValidCont(tables.attr(slot))
    mm.count(READ, run * (folded ? 1 + this.c : 1))
    if (run < limit) mm.count(READ, isValidCont(tables.attr(slot + run + 1)) ? 1 + this.c : 1)
    return run
  }

  /** The entry with access flag and dirty of every entry of its block OR-ed in. */
  protected gather(slot: number, attr: number): number {
    const { tables } = this.world
    const attrs = tables.attrs[slot >>> tables.chunkShift]
    const first = slot & ~this.mask & tables.chunkMask
    let gathered = attr
    for (let at = first; at < first + this.c; at++) {
      const each = attrs[at]
      if (isDirty(each)) gathered = mkdirty(gathered)
      gathered |= each & AF
    }
    return gathered
  }

  /** Reads the entry and unfolds its block if it is folded. */
  protected unfoldIfFolded(mm: Mm, slot: number): void {
    const attr = this.world.tables.attr(slot)
    mm.count(READ, 1)
    if (isValidCont(attr)) this.#unfold(mm, slot, attr)
  }

  /**
   * Folds the block that ends at `slot` if the entry just stored there completes it: the last index,
   * a frame in line, valid, not special, the folio covering the whole block, and every entry equal
   * but for AF, dirty and RDONLY. Conditions F1-F7 in the order of v2.
   */
  protected tryFold(mm: Mm, slot: number, attr: number, pfn: number): void {
    const { mask, c } = this
    if ((slot & mask) !== mask || (pfn & mask) !== mask) return
    if ((attr & (VALID | CONT | SPECIAL)) !== VALID) return
    if (!this.#folioCoversBlock(pfn)) return
    const { tables } = this.world
    const block = slot - mask
    const attrs = tables.attrs[block >>> tables.chunkShift]
    const pfns = tables.pfns[block >>> tables.chunkShift]
    const first = block & tables.chunkMask
    const prot = normalise(attr)
    for (let i = 0; i < c; i++) {
      if (normalise(attrs[first + i]) !== prot || pfns[first + i] !== pfn - mask + i) {
        mm.count(READ, i + 1)
        return
      }
    }
    mm.count(READ, c)
    mm.count(FOLD, 1)
    this.#convert(mm, block, attr | CONT, pfn - mask)
  }

  /** One piece of `setPtes` inside a block: contiguous by construction when it is a whole one. */
  #setPiece(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    const { tables } = this.world
    const whole = nr === this.c
    if (!whole) this.unfoldIfFolded(mm, slot)
    const folds = whole && (pfn & this.mask) === 0
    mm.count(READ, 1)
    let live = isValidCont(tables.attr(slot))
    if (!live && folds) {
      let i = 0
      while (i < nr && !live) live = (tables.attr(slot + i++) & VALID) !== 0
      mm.count(READ, i)
    }
    if (live) {
      for (let i = 0; i < nr; i++) tables.set(slot + i, 0, 0)
      mm.count(PLAIN_WRITE, nr)
      this.world.tlbi.range(mm, tables.vpn(slot), nr, 1, true)
    }
    this.store(mm, slot, pfn, folds ? attr | CONT : attr, nr)
  }

  /** Reads back an entry just write-protected and tries to fold there. */
  #refold(mm: Mm, slot: number): void {
    const { tables } = this.world
    mm.count(READ, 1)
    this.tryFold(mm, slot, tables.attr(slot), tables.pfn(slot))
  }

  #unfold(mm: Mm, slot: number, attr: number): void {
    const block = slot & ~this.mask
    mm.count(UNFOLD, 1)
    this.#convert(mm, block, attr & ~CONT, this.world.tables.pfn(slot) - (slot - block))
  }

  /**
   * `contpte_convert`, called `contpte_fold` in v2: exchanges every entry with 0 gathering AF and
   * dirty, invalidates the block, and stores all entries anew from one template.
   */
  #convert(mm: Mm, block: number, template: number, pfn: number): void {
    const { tables, tlbi } = this.world
    const { c } = this
    const attrs = tables.attrs[block >>> tables.chunkShift]
    const pfns = tables.pfns[block >>> tables.chunkShift]
    const first = block & tables.chunkMask
    let value = template
    for (let at = first; at < first + c; at++) {
      const old = attrs[at]
      attrs[at] = 0
      pfns[at] = 0
      if (isDirty(old)) value = mkdirty(value)
      value |= old & AF
    }
    mm.count(XCHG, c)
    tlbi.range(mm, tables.vpn(block), c, 1, true)
    for (let i = 0; i < c; i++) {
      attrs[first + i] = value
      pfns[first + i] = pfn + i
    }
    mm.count(PLAIN_WRITE, c)
  }

  /** F5 for a page at the last index of a block whose frame is in line: both are aligned alike. */
  #folioCoversBlock(pfn: number): boolean {
    const word = this.world.folios.words[pfn >>> FOLIO_CHUNK_SHIFT]?.[pfn & FOLIO_CHUNK_MASK] ?? 0
    const head = pfn & (-1 << (word >>> ORDER_SHIFT))
    return pfn - head >= this.mask
  }
}
