/**
 * What every version of the transparent contpte layer shares: gathering over a block, the one engine
 * that folds and unfolds, and the conditions for folding. Function names are the kernel's.
 *
 * Rules and costs: reference `contpte.md` sections 2-4.
 */
import { AF, CONT, SPECIAL, VALID, isDirty, isValidCont, mkdirty, normalise } from '../arch/descriptor'
import { BLOCK_ALIGNED, ORDER_SHIFT } from '../mm/folio'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { AbsentPteOps, equalRun } from './absent'
import type { PteWorld } from './ops'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg
const FOLD = COUNTER_INDEX.fold
const UNFOLD = COUNTER_INDEX.unfold

/** Operations on single entries, and the machinery under those on runs. */
export class BlockPteOps extends AbsentPteOps {
  /** Entries of a block, and the same minus one. */
  readonly c: number
  readonly mask: number

  constructor(world: PteWorld) {
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
    this.world.calls[FN.contpte_ptep_get]++
    return this.gather(slot, attr)
  }

  override ptepGetPresence(mm: Mm, slot: number): number {
    const attr = this.world.tables.attr(slot)
    if (!isValidCont(attr)) {
      mm.count(READ, 1)
      return attr
    }
    mm.count(READ, 1 + this.c)
    this.world.calls[FN.contpte_ptep_get]++
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
    this.world.calls[FN.contpte_ptep_get_lockless]++
    return this.gather(slot, attr)
  }

  override setPteInline(mm: Mm, slot: number, pfn: number, attr: number): void {
    const plain = attr & ~CONT
    this.unfoldIfFolded(mm, slot)
    this.store(mm, slot, pfn, plain, 1)
    this.tryFold(mm, slot, plain, pfn)
  }

  override pteClear(mm: Mm, slot: number): void {
    this.unfoldIfFolded(mm, slot)
    this.store(mm, slot, 0, 0, 1)
  }

  override ptepGetAndClear(mm: Mm, slot: number): number {
    this.unfoldIfFolded(mm, slot)
    return this.xchg0(mm, slot)
  }

  override ptepGetAndClearFull(mm: Mm, slot: number, _full: boolean): number {
    return this.ptepGetAndClear(mm, slot)
  }

  override ptepTestAndClearYoung(mm: Mm, slot: number): boolean {
    mm.count(READ, 1)
    if (!isValidCont(this.world.tables.attr(slot))) return super.ptepTestAndClearYoung(mm, slot)
    this.world.calls[FN.contpte_ptep_test_and_clear_young]++
    return this.#clearYoungOfBlock(mm, slot)
  }

  override ptepClearFlushYoung(mm: Mm, slot: number): boolean {
    const { tables, tlbi, calls } = this.world
    mm.count(READ, 1)
    if (!isValidCont(tables.attr(slot))) {
      const young = super.ptepTestAndClearYoung(mm, slot)
      if (young) tlbi.pageNosync(mm, tables.vpn(slot))
      return young
    }
    calls[FN.contpte_ptep_clear_flush_young]++
    const young = this.#clearYoungOfBlock(mm, slot)
    if (young) {
      calls[FN.__flush_tlb_range_nosync]++
      tlbi.rangeNosync(mm, tables.vpn(slot & ~this.mask), this.c)
    }
    return young
  }

  override matchRun(mm: Mm, slot: number, limit: number): number {
    const { tables, calls } = this.world
    // The bits a gather would add are those the comparison ignores: no need to gather to compare.
    const run = equalRun(tables, slot, limit)
    const folded = isValidCont(tables.attr(slot))
    mm.count(READ, run * (folded ? 1 + this.c : 1))
    if (folded) calls[FN.contpte_ptep_get] += run
    if (run === limit) return run
    const last = isValidCont(tables.attr(slot + run + 1))
    mm.count(READ, last ? 1 + this.c : 1)
    if (last) calls[FN.contpte_ptep_get]++
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

  /** `contpte_try_unfold` as core-mm's inline functions call it: reads the entry, unfolds its block if it is folded. */
  protected unfoldIfFolded(mm: Mm, slot: number): void {
    const attr = this.world.tables.attr(slot)
    mm.count(READ, 1)
    if (!isValidCont(attr)) return
    this.world.calls[FN.__contpte_try_unfold]++
    this.unfold(mm, slot, attr)
  }

  /** The same inside the layer, where the compiler leaves no function to enter. */
  protected unfoldInside(mm: Mm, slot: number): void {
    const attr = this.world.tables.attr(slot)
    mm.count(READ, 1)
    if (isValidCont(attr)) this.unfold(mm, slot, attr)
  }

  /** `contpte_try_unfold_partial`: unfolds the blocks that a run of `nr` entries cuts at its ends. */
  protected unfoldPartial(mm: Mm, slot: number, nr: number): void {
    const { mask, c } = this
    if ((slot & mask) !== 0 || nr < c) this.unfoldInside(mm, slot)
    if (((slot + nr) & mask) !== 0) this.unfoldInside(mm, slot + nr - 1)
  }

  /**
   * Folds the block that ends at `slot` if the entry just stored there completes it: the last index,
   * a frame in line (which is chance for folios smaller than a block), valid, not special, the folio covering the whole block, and every entry equal
   * but for AF, dirty and RDONLY. Conditions F1-F7.
   */
  protected tryFold(mm: Mm, slot: number, attr: number, pfn: number): void {
    const { mask, c } = this
    if ((slot & mask) !== mask || (attr & (VALID | CONT | SPECIAL)) !== VALID) return
    const { tables, calls, folios } = this.world
    if ((folios.word(pfn) & BLOCK_ALIGNED) === 0) {
      // No folio that small covers a block; whether its frame is in line is the allocator's chance.
      this.world.foldChances++
      return
    }
    if ((pfn & mask) !== mask) return
    calls[FN.__contpte_try_fold]++
    if (!this.#folioCoversBlock(pfn)) return
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
    this.world.trace?.note('fold', mm.pid, block, folios.order(pfn), 0, pfn - mask)
    this.#convert(mm, block, attr | CONT, pfn - mask)
  }

  /** `__contpte_try_unfold`: the block of `slot`, whose value is `attr`, becomes plain entries. */
  protected unfold(mm: Mm, slot: number, attr: number): void {
    const block = slot & ~this.mask
    mm.count(UNFOLD, 1)
    this.#noteUnfold(mm, block)
    this.#convert(mm, block, attr & ~CONT, this.world.tables.pfn(slot) - (slot - block))
  }

  /**
   * `contpte_convert`, called `contpte_fold` in v2: exchanges every entry with 0 gathering AF and
   * dirty, invalidates the block, and stores all entries anew from one template.
   */
  #convert(mm: Mm, block: number, template: number, pfn: number): void {
    const { tables, tlbi, calls } = this.world
    const { c } = this
    calls[FN.contpte_convert]++
    calls[FN.__flush_tlb_range_nosync]++
    if (tables.traced) {
      this.#convertTraced(mm, block, template, pfn)
      return
    }
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
    this.world.probe?.('contpte_convert: cleared')
    tlbi.range(mm, tables.vpn(block), c, 1, true)
    this.world.mte?.sync(block, pfn, value, c)
    for (let i = 0; i < c; i++) {
      attrs[first + i] = value
      pfns[first + i] = pfn + i
    }
    mm.count(PLAIN_WRITE, c)
    this.world.probe?.('contpte_convert: stored')
  }

  /** The same, entry by entry. */
  #convertTraced(mm: Mm, block: number, template: number, pfn: number): void {
    const { tables, tlbi } = this.world
    let value = template
    for (let slot = block; slot < block + this.c; slot++) {
      const old = this.xchg0(mm, slot)
      if (isDirty(old)) value = mkdirty(value)
      value |= old & AF
    }
    this.world.probe?.('contpte_convert: cleared')
    tlbi.range(mm, tables.vpn(block), this.c, 1, true)
    this.store(mm, block, pfn, value, this.c)
    this.world.probe?.('contpte_convert: stored')
  }

  #noteUnfold(mm: Mm, block: number): void {
    const { trace, tables, folios } = this.world
    if (trace === undefined) return
    const pfn = tables.pfn(block)
    trace.note('unfold', mm.pid, block, folios.order(pfn), 0, pfn)
  }

  #clearYoungOfBlock(mm: Mm, slot: number): boolean {
    const block = slot & ~this.mask
    let young = false
    for (let i = 0; i < this.c; i++) young = super.ptepTestAndClearYoung(mm, block + i) || young
    return young
  }

  /** F5 for a page at the last index of a block whose frame is in line: both are aligned alike. */
  #folioCoversBlock(pfn: number): boolean {
    const word = this.world.folios.word(pfn)
    const head = pfn & (-1 << (word >>> ORDER_SHIFT))
    return pfn - head >= this.mask
  }
}
