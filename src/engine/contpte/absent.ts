/**
 * PTE operations of a tree without contpte: one entry at a time, no contiguous bit in user tables.
 * Costs: reference `contpte.md` section 6, last paragraph ("6.1/6.6 costs for the same API").
 */
import { AF, DIRTY, RDONLY, WRITE, isPresent, normalise, wrprotect } from '../arch/descriptor'
import type { PageTables } from '../arch/tables'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX } from '../trace/counters'
import type { PteOps, PteWorld } from './ops'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg
const CAS = COUNTER_INDEX.cas

/** The raw operations. `Transparent` builds on them. */
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

  setPtes(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    this.store(mm, slot, pfn, attr, nr)
  }

  ptepGetAndClear(mm: Mm, slot: number): number {
    return this.xchg0(mm, slot)
  }

  ptepGetAndClearFull(mm: Mm, slot: number, _full: boolean): number {
    return this.xchg0(mm, slot)
  }

  wrprotectPtes(mm: Mm, slot: number, nr: number): void {
    const { tables } = this.world
    const attrs = tables.attrs[slot >>> tables.chunkShift]
    const first = slot & tables.chunkMask
    for (let at = first; at < first + nr; at++) attrs[at] = wrprotect(attrs[at])
    mm.count(READ, nr)
    mm.count(CAS, nr)
  }

  ptepSetAccessFlags(mm: Mm, slot: number, attr: number, dirty: boolean): boolean {
    if (!this.relax(mm, slot, attr)) return false
    if (dirty) this.world.tlbi.page(mm, this.world.tables.vpn(slot))
    return true
  }

  ptepTestAndClearYoung(mm: Mm, slot: number): boolean {
    const { tables } = this.world
    const attr = tables.attr(slot)
    tables.set(slot, attr & ~AF, tables.pfn(slot))
    mm.count(READ, 1)
    mm.count(CAS, 1)
    return (attr & AF) !== 0
  }

  ptepClearFlushYoung(mm: Mm, slot: number): boolean {
    const young = this.ptepTestAndClearYoung(mm, slot)
    if (young) this.world.tlbi.pageNosync(mm, this.world.tables.vpn(slot))
    return young
  }

  matchRun(mm: Mm, slot: number, limit: number): number {
    const { tables } = this.world
    const run = equalRun(tables, slot, limit)
    mm.count(READ, Math.min(run + 1, limit))
    return run
  }

  /** Plain stores of `nr` entries that map consecutive pages. */
  protected store(mm: Mm, slot: number, pfn: number, attr: number, nr: number): void {
    const { tables } = this.world
    const first = slot & tables.chunkMask
    tables.attrs[slot >>> tables.chunkShift].fill(attr, first, first + nr)
    const pfns = tables.pfns[slot >>> tables.chunkShift]
    for (let i = 0; i < nr; i++) pfns[first + i] = pfn + i
    mm.count(PLAIN_WRITE, nr)
  }

  /** Atomic exchange of one entry with 0. */
  protected xchg0(mm: Mm, slot: number): number {
    const { tables } = this.world
    const attr = tables.attr(slot)
    tables.set(slot, 0, 0)
    mm.count(XCHG, 1)
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
    tables.set(slot, (old | (attr & (AF | WRITE | DIRTY))) & ~(~attr & RDONLY), tables.pfn(slot))
    mm.count(CAS, 1)
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
