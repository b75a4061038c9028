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

/** What distinguishes the postings. */
export interface PostedVersion {
  /** v2 14/14: the whole-mm teardown exchanges entries of a folded block without unfolding. */
  readonly fullTeardown: boolean
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
    if (!full || !this.version.fullTeardown) return this.ptepGetAndClear(mm, slot)
    mm.count(READ, 1)
    return this.xchg0(mm, slot)
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
