/**
 * The transparent contpte layer as posted in v2 12/14 - 14/14 of "Transparent Contiguous PTEs for
 * User Mappings" (Ryan Roberts, 15 Nov 2023), and as agreed for v3 (4 Dec 2023), which differs in how
 * it clears runs. Runs may be written over live blocks, and write-protecting tries to fold again.
 *
 * Rules and costs: reference `contpte.md` sections 3-6 (columns V1/V2), `teardown.md` section 4 (D1-D3).
 */
import { AF, CONT, VALID, WRITE, isDirty, isValidCont, mkdirty } from '../arch/descriptor'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX } from '../trace/counters'
import { BlockPteOps } from './blocks'
import type { PteWorld } from './ops'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const CAS = COUNTER_INDEX.cas

/** What distinguishes the postings. */
export interface PostedVersion {
  /**
   * v2 14/14: the whole-mm teardown exchanges entries of a folded block without unfolding. `robust`: and
   * leaves what hardware recorded there in the last entry of the block (Ryan Roberts, 30 Nov 2023).
   */
  readonly fullTeardown: boolean | 'robust'
  /** v3 02/15: runs are cleared at once, and only blocks cut at their ends unfold. */
  readonly clearsRuns: boolean
}

/** PTE operations of v2 and v3. */
export class TransparentV2PteOps extends BlockPteOps {
  constructor(
    world: PteWorld,
    readonly version: PostedVersion
  ) {
    super(world)
  }

  override setPtes(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    const plain = attr & ~CONT
    if (nr === 1) {
      this.setPteInline(mm, slot, pfn, plain)
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

  override ptepGetAndClearFull(mm: Mm, slot: number, full: boolean): number {
    const { fullTeardown } = this.version
    if (!full || fullTeardown === false) return this.ptepGetAndClear(mm, slot)
    mm.count(READ, 1)
    if (fullTeardown === 'robust' && isValidCont(this.world.tables.attr(slot))) {
      return this.#clearKeeping(mm, slot)
    }
    return this.xchg0(mm, slot)
  }

  /**
   * Clears one entry of a folded block and answers it with young and dirty of the whole block. Where the
   * entry itself was young or dirty, the last entry still valid takes that over by a cas: whatever is
   * asked of the block later finds it. Reads the block once (our count; design D2r of the reference).
   */
  #clearKeeping(mm: Mm, slot: number): number {
    const { tables } = this.world
    const gathered = this.gather(slot, tables.attr(slot))
    mm.count(READ, this.c)
    const cleared = this.xchg0(mm, slot)
    let last = slot | this.mask
    while (last > (slot & ~this.mask) && (tables.attr(last) & VALID) === 0) last--
    const kept = tables.attr(last)
    if ((kept & VALID) !== 0 && ((cleared & AF) !== 0 || isDirty(cleared))) {
      const next = kept | (cleared & AF)
      tables.put(last, isDirty(cleared) ? mkdirty(next) : next, tables.pfn(last))
      mm.count(CAS, 1)
    }
    return gathered
  }

  override getAndClearFullPtes(mm: Mm, slot: number, nr: number, full: boolean): number {
    if (nr === 1) return this.ptepGetAndClearFull(mm, slot, full)
    if (this.version.clearsRuns) {
      this.unfoldPartial(mm, slot, nr)
      return super.getAndClearFullPtes(mm, slot, nr, full)
    }
    let first = this.ptepGetAndClearFull(mm, slot, full)
    for (let i = 1; i < nr; i++) {
      const each = this.ptepGetAndClearFull(mm, slot + i, full)
      if (isDirty(each)) first = mkdirty(first)
      first |= each & AF
    }
    return first
  }

  override clearFullPtes(mm: Mm, slot: number, nr: number, full: boolean): void {
    this.getAndClearFullPtes(mm, slot, nr, full)
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
      for (let i = 0; i < this.c; i++) this.relax(mm, block + i, entry)
      if (dirty) this.world.tlbi.range(mm, tables.vpn(block), this.c, 1, true)
      return true
    }
    this.unfold(mm, slot, old)
    this.relax(mm, slot, entry)
    if (dirty) this.world.tlbi.page(mm, tables.vpn(slot))
    this.#refold(mm, slot)
    return true
  }

  /** One piece of `setPtes` inside a block: contiguous by construction when it is a whole one. */
  #setPiece(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    const { tables } = this.world
    const whole = nr === this.c
    if (!whole) this.unfoldIfFolded(mm, slot)
    const folds = whole && (pfn & this.mask) === 0 && (attr & VALID) !== 0
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
}
