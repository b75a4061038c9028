/**
 * PTE operations of OnePlus 5.15 ("dynamic hugepage", Barry Song et al.), where core-mm knows blocks.
 * Single entries are reached as in any kernel without contpte. Beside them stand the primitives of a
 * whole block, grown out of hugetlb's contiguous code: they carry the contiguous bit as the caller
 * has it, and no single-entry operation looks at it. Who changes one entry of a block splits it first
 * (`mm/exposed/split.ts`).
 *
 * Break-before-make is strict: all entries of a block are zero before one has a new value (Barry Song,
 * 28 Nov 2023). The flush is `flush_tlb_range`: not last-level, in strides of a page. Costs: reference
 * `oneplus.md` section 3. Approximate there, and chosen here: reads that a compiler may merge.
 */
import {
  AF,
  CONT,
  DIRTY,
  VALID,
  WRITE,
  isDirty,
  isPresent,
  mkclean,
  mkdirty,
  wrprotect
} from '../arch/descriptor'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX } from '../trace/counters'
import { AbsentPteOps } from './absent'
import type { PteWorld } from './ops'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg

/** An entry of a block as OnePlus' core tells it: present (perhaps PROT_NONE) with the contiguous bit. */
export function isBlockEntry(attr: number): boolean {
  return (attr & CONT) !== 0 && isPresent(attr)
}

/** Operations on single entries and on whole blocks. A block is named by the slot of its first entry. */
export class ExposedPteOps extends AbsentPteOps {
  /** Entries of a block, and the same minus one. */
  readonly c: number
  readonly mask: number

  constructor(world: PteWorld) {
    super(world)
    this.c = world.tables.geometry.contPtes
    this.mask = this.c - 1
  }

  /** The first slot of the block that `slot` lies in. */
  block(slot: number): number {
    return slot & ~this.mask
  }

  /**
   * `get_clear_flush`: reads the first entry, exchanges every entry with 0 and answers the first one
   * with access flag and dirty of all. Flushes where asked to and the first entry was valid.
   */
  blockClear(mm: Mm, block: number, flush: boolean): number {
    const { tables, tlbi } = this.world
    const first = tables.attr(block)
    mm.count(READ, 1)
    let gathered = first
    for (let at = block; at < block + this.c; at++) {
      const old = tables.attr(at)
      tables.xchg(at, 0, 0)
      if (isDirty(old)) gathered = mkdirty(gathered)
      gathered |= old & AF
      this.world.probe?.('block entry cleared')
    }
    mm.count(XCHG, this.c)
    if (flush && (first & VALID) !== 0) tlbi.range(mm, tables.vpn(block), this.c, 1, false)
    return gathered
  }

  /** `cont_pte_huge_ptep_get_and_clear`: the same without a flush; its wrapper reads the entry too. */
  blockGetAndClear(mm: Mm, block: number): number {
    mm.count(READ, 1)
    return this.blockClear(mm, block, false)
  }

  /**
   * `cont_pte_set_huge_pte_at`: zeroes the block, flushes it even where it was empty, and stores all
   * entries. Throws where the kernel has a BUG: frame or address not aligned, contiguous bit not set.
   */
  blockSet(mm: Mm, block: number, pfn: number, attr: number): void {
    const { tables, tlbi } = this.world
    const vpn = tables.vpn(block)
    if (((pfn | block) & this.mask) !== 0 || (attr & CONT) === 0) {
      throw new Error(`no block: frame ${pfn} at page ${vpn}, contiguous bit ${(attr & CONT) === 0 ? 0 : 1}`)
    }
    for (let i = 0; i < this.c; i++) tables.set(block + i, 0, 0)
    mm.count(PLAIN_WRITE, this.c)
    this.world.probe?.('block zeroed')
    tlbi.range(mm, vpn, this.c, 1, false)
    this.#store(mm, block, pfn, attr)
  }

  /** Write-protects a block: clear and flush, then all entries anew; dirty is kept for the whole block. */
  blockWrprotect(mm: Mm, block: number): void {
    const pfn = this.world.tables.pfn(block)
    mm.count(READ, 1)
    this.#store(mm, block, pfn, wrprotect(this.blockClear(mm, block, true)))
  }

  /**
   * Makes a block old and clean; nothing but reads where no entry is young or dirty. Answers what it
   * was: the first entry with access flag and dirty of all.
   */
  blockCleanOld(mm: Mm, block: number): number {
    const { tables } = this.world
    const pfn = tables.pfn(block)
    const marked = this.#firstMarked(block)
    mm.count(READ, Math.min(marked + 1, this.c))
    if (marked === this.c) return tables.attr(block)
    mm.count(READ, 1)
    const old = this.blockClear(mm, block, true)
    this.#store(mm, block, pfn, mkclean(old) & ~AF)
    return old
  }

  /**
   * Relaxes a block to `attr` (access flag, dirty, writable), as hugetlb's code does: one scan for an
   * entry that lacks something, then clear, flush and store. True when something changed. (Own choice:
   * the reference names no cost.)
   */
  blockSetAccessFlags(mm: Mm, block: number, attr: number): boolean {
    const { tables } = this.world
    const pfn = tables.pfn(block)
    const wanted = attr & (AF | DIRTY | WRITE)
    let lacking = 0
    while (lacking < this.c && (tables.attr(block + lacking) & wanted) === wanted) lacking++
    mm.count(READ, Math.min(lacking + 1, this.c))
    if (lacking === this.c) return false
    const old = this.blockClear(mm, block, true)
    const relaxed = old | wanted
    this.#store(mm, block, pfn, (wanted & DIRTY) === 0 ? relaxed : mkdirty(relaxed))
    return true
  }

  /** How many entries from the first on are present, not writable and of this block: the guard of copy-on-write. */
  readOnlyRun(mm: Mm, block: number): number {
    const { tables } = this.world
    let run = 0
    while (run < this.c) {
      const attr = tables.attr(block + run)
      if (!isBlockEntry(attr) || (attr & WRITE) !== 0) break
      run++
    }
    mm.count(READ, Math.min(run + 1, this.c))
    return run
  }

  /** How many entries from the first on are empty. */
  noneRun(mm: Mm, block: number): number {
    const { tables } = this.world
    let run = 0
    while (run < this.c && tables.attr(block + run) === 0) run++
    mm.count(READ, Math.min(run + 1, this.c))
    return run
  }

  #firstMarked(block: number): number {
    const { tables } = this.world
    let at = 0
    while (at < this.c && !isDirty(tables.attr(block + at)) && (tables.attr(block + at) & AF) === 0) at++
    return at
  }

  #store(mm: Mm, block: number, pfn: number, attr: number): void {
    const { tables } = this.world
    for (let i = 0; i < this.c; i++) {
      tables.set(block + i, attr, pfn + i)
      this.world.probe?.('block entry stored')
    }
    mm.count(PLAIN_WRITE, this.c)
  }
}
