/**
 * PTE operations of a tree without contpte: one entry at a time, no contiguous bit in user tables.
 * Costs: reference `contpte.md` section 6, last paragraph ("6.1/6.6 costs for the same API").
 */
import {
  AF,
  DIRTY,
  RDONLY,
  VALID,
  WRITE,
  isDirty,
  isPresent,
  mkclean,
  mkdirty,
  normalise,
  wrprotect
} from '../arch/descriptor'
import type { PageTables } from '../arch/tables'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { PteOps, PteWorld } from './ops'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg
const CAS = COUNTER_INDEX.cas

/** The raw operations, with two underscores in kernels that have contpte, which builds on them. */
export class AbsentPteOps implements PteOps {
  constructor(readonly world: PteWorld) {}

  ptepGet(mm: Mm, slot: number): number {
    mm.count(READ, 1)
    return this.world.tables.attr(slot)
  }

  ptepGetPresence(mm: Mm, slot: number): number {
    return this.ptepGet(mm, slot)
  }

  ptepGetLockless(mm: Mm, slot: number): number {
    return this.ptepGet(mm, slot)
  }

  batchHint(_slot: number, _attr: number): number {
    return 1
  }

  setPtes(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    this.store(mm, slot, pfn, attr, nr)
  }

  setPteInline(mm: Mm, slot: number, pfn: number, attr: number): void {
    this.store(mm, slot, pfn, attr, 1)
  }

  pteClear(mm: Mm, slot: number): void {
    this.store(mm, slot, 0, 0, 1)
  }

  ptepGetAndClear(mm: Mm, slot: number): number {
    return this.xchg0(mm, slot)
  }

  ptepGetAndClearFull(mm: Mm, slot: number, _full: boolean): number {
    return this.xchg0(mm, slot)
  }

  getAndClearFullPtes(mm: Mm, slot: number, nr: number, _full: boolean): number {
    let first = this.xchg0(mm, slot)
    for (let i = 1; i < nr; i++) {
      const each = this.xchg0(mm, slot + i)
      if (isDirty(each)) first = mkdirty(first)
      first |= each & AF
    }
    return first
  }

  clearFullPtes(mm: Mm, slot: number, nr: number, _full: boolean): void {
    const { tables } = this.world
    if (tables.traced) {
      for (let i = 0; i < nr; i++) this.xchg0(mm, slot + i)
      return
    }
    const first = slot & tables.chunkMask
    tables.attrs[slot >>> tables.chunkShift].fill(0, first, first + nr)
    tables.pfns[slot >>> tables.chunkShift].fill(0, first, first + nr)
    mm.count(XCHG, nr)
  }

  wrprotectPtes(mm: Mm, slot: number, nr: number): void {
    const { tables } = this.world
    if (tables.traced) {
      for (let at = slot; at < slot + nr; at++) {
        mm.count(READ, 1)
        mm.count(CAS, 1)
        tables.cas(at, wrprotect(tables.attr(at)), tables.pfn(at))
      }
      return
    }
    const attrs = tables.attrs[slot >>> tables.chunkShift]
    const first = slot & tables.chunkMask
    for (let at = first; at < first + nr; at++) attrs[at] = wrprotect(attrs[at])
    mm.count(READ, nr)
    mm.count(CAS, nr)
  }

  clearYoungDirtyPtes(mm: Mm, slot: number, nr: number, young: boolean, dirty: boolean): void {
    const { tables } = this.world
    mm.count(READ, nr)
    // With both to clear nothing is lost to hardware that sets them meanwhile: a plain store will do.
    const plain = young && dirty
    mm.count(plain ? PLAIN_WRITE : CAS, nr)
    for (let at = slot; at < slot + nr; at++) {
      let attr = tables.attr(at)
      if (young) attr &= ~AF
      if (dirty) attr = mkclean(attr)
      if (plain) tables.set(at, attr, tables.pfn(at))
      else tables.cas(at, attr, tables.pfn(at))
    }
  }

  ptepSetAccessFlags(mm: Mm, slot: number, attr: number, dirty: boolean): boolean {
    this.world.calls[FN.ptep_set_access_flags]++
    return this.setAccessFlags(mm, slot, attr, dirty)
  }

  ptepTestAndClearYoung(mm: Mm, slot: number): boolean {
    const { tables } = this.world
    const attr = tables.attr(slot)
    mm.count(READ, 1)
    mm.count(CAS, 1)
    tables.cas(slot, attr & ~AF, tables.pfn(slot))
    return (attr & AF) !== 0
  }

  ptepClearFlushYoung(mm: Mm, slot: number): boolean {
    const young = this.ptepTestAndClearYoung(mm, slot)
    if (young) this.world.tlbi.pageNosync(mm, this.world.tables.vpn(slot))
    return young
  }

  ptepClearFlush(mm: Mm, slot: number): number {
    this.world.calls[FN.ptep_clear_flush]++
    const old = this.ptepGetAndClear(mm, slot)
    if ((old & VALID) !== 0) this.world.tlbi.page(mm, this.world.tables.vpn(slot))
    return old
  }

  ptepModifyProtStart(mm: Mm, slot: number): number {
    return this.ptepGetAndClear(mm, slot)
  }

  ptepModifyProtCommit(mm: Mm, slot: number, pfn: number, attr: number): void {
    this.setPteInline(mm, slot, pfn, attr)
  }

  matchRun(mm: Mm, slot: number, limit: number): number {
    const { tables } = this.world
    const run = equalRun(tables, slot, limit)
    mm.count(READ, Math.min(run + 1, limit))
    return run
  }

  /** `__ptep_set_access_flags`: relaxes one entry, and flushes its page where the fault was a store. */
  protected setAccessFlags(mm: Mm, slot: number, attr: number, dirty: boolean): boolean {
    if (!this.relax(mm, slot, attr)) return false
    if (dirty) this.world.tlbi.page(mm, this.world.tables.vpn(slot))
    return true
  }

  /** Plain stores of `nr` entries that map consecutive pages. */
  protected store(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    const { tables, mte } = this.world
    mte?.sync(slot, pfn, attr, nr)
    if (tables.traced) {
      for (let i = 0; i < nr; i++) {
        mm.count(PLAIN_WRITE, 1)
        tables.set(slot + i, attr, pfn + i)
      }
      return
    }
    const first = slot & tables.chunkMask
    const attrs = tables.attrs[slot >>> tables.chunkShift]
    const pfns = tables.pfns[slot >>> tables.chunkShift]
    mm.count(PLAIN_WRITE, nr)
    if (nr === 1) {
      attrs[first] = attr
      pfns[first] = pfn
      return
    }
    attrs.fill(attr, first, first + nr)
    for (let i = 0; i < nr; i++) pfns[first + i] = pfn + i
  }

  /** Atomic exchange of one entry with 0. */
  protected xchg0(mm: Mm, slot: number): number {
    const { tables } = this.world
    const attr = tables.attr(slot)
    mm.count(XCHG, 1)
    tables.xchg(slot, 0, 0)
    return attr
  }

  /**
   * `__ptep_set_access_flags` without its flush: one read, nothing more when the entry is identical;
   * else one cas to the more permissive of both. Never takes permission away.
   */
  protected relax(mm: Mm, slot: number, attr: number): boolean {
    const { tables } = this.world
    const old = tables.attr(slot)
    mm.count(READ, 1)
    if (old === attr) return false
    mm.count(CAS, 1)
    tables.cas(slot, (old | (attr & (AF | WRITE | DIRTY))) & ~(~attr & RDONLY), tables.pfn(slot))
    return true
  }
}

/** Entries after `slot` that continue it, at most `limit`. */
export function equalRun(tables: PageTables, slot: number, limit: number): number {
  const attrs = tables.attrs[slot >>> tables.chunkShift]
  const pfns = tables.pfns[slot >>> tables.chunkShift]
  const first = slot & tables.chunkMask
  const prot = normalise(attrs[first])
  const pfn = pfns[first]
  let run = 0
  while (run < limit) {
    const at = first + run + 1
    const attr = attrs[at]
    if (pfns[at] !== pfn + run + 1 || normalise(attr) !== prot || !isPresent(attr)) break
    run++
  }
  return run
}
