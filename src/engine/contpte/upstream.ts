/**
 * The transparent contpte layer as merged for 6.9 and as it is in 6.12: runs of entries are handled at
 * once, only blocks cut at the ends of a run unfold, and only stores of single entries fold.
 *
 * Rules and costs: reference `contpte.md` section 5; differences of versions: section 6.
 */
import { AF, CONT, DIRTY, RDONLY, VALID, WRITE, isValidCont } from '../arch/descriptor'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { BlockPteOps } from './blocks'
import type { PteWorld } from './ops'

const READ = COUNTER_INDEX.read
const CAS = COUNTER_INDEX.cas

/** The bits that `__ptep_set_access_flags` looks at. */
const ACCESS_BITS = RDONLY | AF | WRITE | DIRTY

/** PTE operations of 6.9 and later. */
export class UpstreamPteOps extends BlockPteOps {
  constructor(
    world: PteWorld,
    /** Rule A1: the no-op test looks at every entry of the block, not at what a gather of it says. */
    readonly eachEntry: boolean
  ) {
    super(world)
  }

  override batchHint(slot: number, attr: number): number {
    return isValidCont(attr) ? this.c - (slot & this.mask) : 1
  }

  override setPtes(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    const { calls } = this.world
    const plain = attr & ~CONT
    if (nr === 1) {
      calls[FN.__set_ptes]++
      this.setPteInline(mm, slot, pfn, plain)
      return
    }
    calls[FN.contpte_set_ptes]++
    if ((plain & VALID) === 0) {
      calls[FN.__set_ptes]++
      this.store(mm, slot, pfn, plain, nr)
      return
    }
    const end = slot + nr
    while (slot < end) {
      const next = Math.min((slot | this.mask) + 1, end)
      const folds = next - slot === this.c && (pfn & this.mask) === 0
      calls[FN.__set_ptes]++
      this.store(mm, slot, pfn, folds ? plain | CONT : plain, next - slot)
      pfn += next - slot
      slot = next
    }
  }

  override getAndClearFullPtes(mm: Mm, slot: number, nr: number, full: boolean): number {
    if (nr === 1) return this.ptepGetAndClear(mm, slot)
    this.#enter(FN.contpte_get_and_clear_full_ptes)
    this.unfoldPartial(mm, slot, nr)
    return super.getAndClearFullPtes(mm, slot, nr, full)
  }

  override clearFullPtes(mm: Mm, slot: number, nr: number, full: boolean): void {
    if (nr === 1) {
      this.ptepGetAndClear(mm, slot)
      return
    }
    this.#enter(FN.contpte_clear_full_ptes)
    this.unfoldPartial(mm, slot, nr)
    super.clearFullPtes(mm, slot, nr, full)
  }

  override wrprotectPtes(mm: Mm, slot: number, nr: number): void {
    if (nr > 1) {
      this.#enter(FN.contpte_wrprotect_ptes)
      this.unfoldPartial(mm, slot, nr)
      super.wrprotectPtes(mm, slot, nr)
      return
    }
    const { tables, calls } = this.world
    const attr = tables.attr(slot)
    if ((attr & CONT) !== 0) {
      calls[FN.__contpte_try_unfold]++
      this.unfold(mm, slot, attr)
      // The first cas compares with the value read before: it fails where the convert gathered more.
      if (tables.attr(slot) !== (attr & ~CONT)) mm.count(CAS, 1)
    }
    super.wrprotectPtes(mm, slot, 1)
  }

  override clearYoungDirtyPtes(mm: Mm, slot: number, nr: number, young: boolean, dirty: boolean): void {
    const { tables, calls } = this.world
    if (nr === 1) {
      mm.count(READ, 1)
      if ((tables.attr(slot) & CONT) === 0) {
        super.clearYoungDirtyPtes(mm, slot, 1, young, dirty)
        return
      }
    }
    calls[FN.contpte_clear_young_dirty_ptes]++
    mm.count(READ, 2)
    let first = slot
    let end = slot + nr
    if ((tables.attr(end - 1) & CONT) !== 0) end = ((end - 1) | this.mask) + 1
    if ((tables.attr(first) & CONT) !== 0) first &= ~this.mask
    super.clearYoungDirtyPtes(mm, first, end - first, young, dirty)
  }

  override ptepSetAccessFlags(mm: Mm, slot: number, attr: number, dirty: boolean): boolean {
    const { tables, tlbi, calls } = this.world
    const entry = attr & ~CONT
    const raw = tables.attr(slot)
    mm.count(READ, 1)
    if (!isValidCont(raw)) return this.setAccessFlags(mm, slot, entry, dirty)
    calls[FN.contpte_ptep_set_access_flags]++
    let old: number
    if (this.eachEntry) {
      if (this.#blockMatches(mm, slot, entry)) return false
      mm.count(READ, 1)
      old = raw & ~CONT
    } else {
      old = this.ptepGet(mm, slot) & ~CONT
      if (old === entry) return false
    }
    if ((old & WRITE) === (entry & WRITE)) {
      const block = slot & ~this.mask
      // Every entry differs from `entry`, at least by the contiguous bit: each one is written.
      for (let i = 0; i < this.c; i++) {
        calls[FN.__ptep_set_access_flags]++
        this.relax(mm, block + i, entry)
      }
      if (dirty) {
        calls[FN.__flush_tlb_range_nosync]++
        tlbi.range(mm, tables.vpn(block), this.c, 1, true)
      }
      return true
    }
    this.unfold(mm, slot, this.eachEntry ? raw : old)
    this.setAccessFlags(mm, slot, entry, dirty)
    return true
  }

  /** `__ptep_set_access_flags`, a function of its own here. */
  protected override setAccessFlags(mm: Mm, slot: number, attr: number, dirty: boolean): boolean {
    this.world.calls[FN.__ptep_set_access_flags]++
    return super.setAccessFlags(mm, slot, attr, dirty)
  }

  /** Counts an operation on a run, which begins with `contpte_try_unfold_partial`. */
  #enter(fn: number): void {
    this.world.calls[fn]++
    this.world.calls[FN.contpte_try_unfold_partial]++
  }

  /** Whether every entry of the block already has the access bits of `entry`; reads up to the first that has not. */
  #blockMatches(mm: Mm, slot: number, entry: number): boolean {
    const { tables } = this.world
    const block = slot & ~this.mask
    for (let i = 0; i < this.c; i++) {
      if (((tables.attr(block + i) ^ entry) & ACCESS_BITS) === 0) continue
      mm.count(READ, i + 1)
      return false
    }
    mm.count(READ, this.c)
    return true
  }
}
