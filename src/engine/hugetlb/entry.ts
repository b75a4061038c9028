/**
 * Entries of HugeTLB pages: one leaf, or an aligned run of entries with the contiguous bit that is only
 * ever changed as a whole, by break-before-make.
 * Source: linux-6.1 and linux-6.12 arch/arm64/mm/hugetlbpage.c (`get_clear_contig`, `clear_flush`,
 * `set_huge_pte_at`, `huge_ptep_set_access_flags`, `huge_ptep_set_wrprotect`, `huge_ptep_clear_flush`);
 * recorded: `F.hugetlb.*`, `E.hugetlb.*`.
 */
import { AF, CONT, TYPE_PAGE, isDirty, isPresent, mkdirty, wrprotect } from '../arch/descriptor'
import { isModern } from '../kernel/names'
import type { Mm } from '../mm/mm'
import { findSlot, makeSlot } from '../mm/walk'
import { findEntry, makeEntry } from '../mm/walk-depth'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { HugeSize } from './sizes'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg
const CAS = COUNTER_INDEX.cas

/** `huge_pte_offset`: the first slot of the page at `vpn`, 0 where its table does not exist. */
export function findHugeEntry(world: World, mm: Mm, size: HugeSize, vpn: number): number {
  return size.depth === 0 ? findSlot(world, mm, vpn) : findEntry(world, mm, vpn, size.depth)
}

/** `huge_pte_alloc`: the same; makes the tables that are missing. */
export function makeHugeEntry(world: World, mm: Mm, size: HugeSize, vpn: number): number {
  return size.depth === 0 ? makeSlot(world, mm, vpn) : makeEntry(world, mm, vpn, size.depth)
}

/** `arch_make_huge_pte`: a page protection as an entry of the size has it. */
export function hugeProtection(size: HugeSize, attr: number): number {
  const leaf = size.depth === 0 ? attr : attr & ~TYPE_PAGE
  return size.entries > 1 ? leaf | CONT : leaf
}

/** `huge_ptep_get`: the entry, with access flag and dirty state of its whole run. */
export function hugePte(world: World, mm: Mm, slot: number, size: HugeSize): number {
  const { tables } = world
  let attr = tables.attr(slot)
  mm.count(READ, isPresent(attr) ? size.entries : 1)
  if (!isPresent(attr)) return attr
  for (let i = 1; i < size.entries; i++) attr = gather(attr, tables.attr(slot + i))
  return attr
}

function gather(attr: number, other: number): number {
  return (isDirty(other) ? mkdirty(attr) : attr) | (other & AF)
}

/** `get_clear_contig`, `huge_ptep_get_and_clear`: takes the run out; answers it gathered. Flushes nothing. */
export function clearHugePte(world: World, mm: Mm, slot: number, size: HugeSize): number {
  const { tables } = world
  let attr = tables.attr(slot)
  for (let i = 0; i < size.entries; i++) {
    if (i > 0) attr = gather(attr, tables.attr(slot + i))
    tables.xchg(slot + i, 0, 0)
  }
  mm.count(XCHG, size.entries)
  return attr
}

/** `set_huge_pte_at`: contiguous entries are cleared and flushed first, whatever they held. */
export function setHugePte(
  world: World,
  mm: Mm,
  vpn: number,
  slot: number,
  size: HugeSize,
  attr: number,
  pfn: number
): void {
  if (size.entries > 1) {
    clearHugePte(world, mm, slot, size)
    flushHuge(world, mm, vpn, size.pages)
    world.probe?.('HugeTLB entries cleared')
  }
  storeRun(world, mm, slot, size, attr, pfn)
}

/** Plain stores of the whole run; 6.9 and later enter `__set_ptes` for each. */
function storeRun(world: World, mm: Mm, slot: number, size: HugeSize, attr: number, pfn: number): void {
  for (let i = 0; i < size.entries; i++) world.tables.set(slot + i, attr, pfn + i * size.step)
  mm.count(PLAIN_WRITE, size.entries)
  if (isModern(world)) world.calls[FN.__set_ptes] += size.entries
}

/** `flush_tlb_range`: walk caches too, in strides of a page. */
export function flushHuge(world: World, mm: Mm, vpn: number, pages: number): void {
  world.calls[isModern(world) ? FN.__flush_tlb_range_nosync : FN.__flush_tlb_range]++
  world.tlbi.range(mm, vpn, pages, 1, false)
}

/**
 * `huge_ptep_set_access_flags`: relaxes the page's entries to `attr`. Contiguous ones are taken out and
 * flushed first if any of them differs; a single leaf is relaxed in place and, after a store, flushed.
 */
export function setHugeAccessFlags(
  world: World,
  mm: Mm,
  vpn: number,
  slot: number,
  size: HugeSize,
  attr: number,
  dirty: boolean
): void {
  const { tables, calls, tlbi } = world
  const pfn = tables.pfn(slot)
  if (size.entries === 1) {
    calls[isModern(world) ? FN.__ptep_set_access_flags : FN.ptep_set_access_flags]++
    mm.count(READ, 1)
    if (tables.attr(slot) === attr) return
    mm.count(CAS, 1)
    tables.cas(slot, attr, pfn)
    if (dirty) tlbi.page(mm, vpn)
    return
  }
  mm.count(READ, size.entries)
  let same = true
  for (let i = 0; i < size.entries; i++) same &&= tables.attr(slot + i) === attr
  if (same) return
  const old = clearHugePte(world, mm, slot, size)
  flushHuge(world, mm, vpn, size.pages)
  world.probe?.('HugeTLB entries cleared')
  storeRun(world, mm, slot, size, gather(attr, old), pfn)
}

/** `huge_ptep_set_wrprotect`: contiguous entries are taken out, flushed and put back, whatever they allowed. */
export function wrprotectHuge(world: World, mm: Mm, vpn: number, slot: number, size: HugeSize): void {
  const { tables } = world
  const pfn = tables.pfn(slot)
  if (size.entries === 1) {
    mm.count(READ, 1)
    mm.count(CAS, 1)
    tables.cas(slot, wrprotect(tables.attr(slot)), pfn)
    return
  }
  const old = clearHugePte(world, mm, slot, size)
  flushHuge(world, mm, vpn, size.pages)
  world.probe?.('HugeTLB entries cleared')
  storeRun(world, mm, slot, size, wrprotect(old), pfn)
}

/** `huge_ptep_clear_flush`: takes the page's entries out and invalidates them. */
export function clearFlushHuge(world: World, mm: Mm, vpn: number, slot: number, size: HugeSize): void {
  const present = isPresent(world.tables.attr(slot))
  clearHugePte(world, mm, slot, size)
  if (size.entries > 1) flushHuge(world, mm, vpn, size.pages)
  else {
    world.calls[FN.ptep_clear_flush]++
    if (present) world.tlbi.page(mm, vpn)
  }
}
