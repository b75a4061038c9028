/**
 * Faults of OnePlus 5.15 where a block may be mapped or is: first touches, copy-on-write, and what
 * hardware without access-flag updates asks for. What they leave to base pages is the shared fault
 * code's. Source: reference `oneplus.md` section 8. Entry reads are our documented count ("~").
 */
import { AF, CONT, PAGE_READONLY, WRITE, mkdirty, mkwrite } from '../../arch/descriptor'
import { EngineError } from '../../error'
import { COUNTER_INDEX } from '../../trace/counters'
import type { World } from '../../world'
import { hugeZeroPage } from '../fault-pmd'
import { VM_LOCKED, VM_WRITE, type Mm, type Vma } from '../mm'
import { prepareAnonVma } from '../vma'
import { makeSlot } from '../walk'
import {
  addNewBlockRmap,
  allocBlockFolio,
  blockOps,
  countBlock,
  isHugeZero,
  removeBlockRmap,
  suitableBlock
} from './block'

const READ = COUNTER_INDEX.read
const PLAIN_WRITE = COUNTER_INDEX.write
const XCHG = COUNTER_INDEX.xchg
const COW_REUSE = COUNTER_INDEX.cowReuse
const COW_COPY = COUNTER_INDEX.cowCopy
const PAGE_CLEAR = COUNTER_INDEX.pageClear
const PAGE_COPY = COUNTER_INDEX.pageCopy
const FOLIO_REF = COUNTER_INDEX.folioRef

/** A block just made for the process alone: young, dirty, and writable where the VMA is. */
function newBlockAttr(vma: Vma): number {
  const attr = mkdirty(PAGE_READONLY | CONT)
  return (vma.flags & VM_WRITE) === 0 ? attr : mkwrite(attr)
}

/**
 * `do_huge_cont_pte_anonymous_page`: a first touch of `vpn`. False where base pages must do: the VMA
 * does not allow a block there, an entry of it is taken, or the pool is empty. A store allocates and
 * clears before it looks at the other entries, so a block that is partly taken costs both.
 */
export function blockAnonymousFault(world: World, mm: Mm, vma: Vma, vpn: number, write: boolean): boolean {
  const first = suitableBlock(world, vma, vpn)
  if (first < 0) return false
  const ops = blockOps(world)
  const block = makeSlot(world, mm, first)
  if (!write) {
    const zero = world.thp.useZeroPage === 0 ? -1 : hugeZeroPage(world, mm)
    if (zero < 0 || !blockIsNone(world, mm, block)) return false
    ops.blockSet(mm, block, zero, PAGE_READONLY | CONT)
    return true
  }
  prepareAnonVma(world, mm, vma)
  const pfn = allocBlockFolio(world)
  if (pfn < 0) return false
  mm.count(PAGE_CLEAR, ops.c)
  world.trace?.note('clear', mm.pid, pfn, 0, 0, ops.c)
  if (!blockIsNone(world, mm, block)) {
    world.folios.put(pfn)
    return false
  }
  addNewBlockRmap(world, mm, pfn)
  world.lru.addVma(pfn, (vma.flags & VM_LOCKED) !== 0)
  ops.blockSet(mm, block, pfn, newBlockAttr(vma))
  return true
}

/** Under the lock: the entry that faulted once more, then all of the block up to the first that is taken. */
function blockIsNone(world: World, mm: Mm, block: number): boolean {
  const ops = blockOps(world)
  mm.count(READ, 1)
  return ops.noneRun(mm, block) === ops.c
}

/**
 * A fault in an entry of a block, just read under the lock: a store to a read-only one, or what
 * hardware did not record (no HAFDBS, or somebody else resolved the fault).
 */
export function blockPresentFault(
  world: World,
  mm: Mm,
  vma: Vma,
  slot: number,
  entry: number,
  write: boolean
): void {
  const ops = blockOps(world)
  if (write && (entry & WRITE) === 0) {
    writeFault(world, mm, vma, ops.block(slot))
    return
  }
  const young = entry | AF
  ops.blockSetAccessFlags(mm, ops.block(slot), write ? mkdirty(young) : young)
}

/** A store to a read-only block of a private mapping: reuse, or copy-on-write of all of it. */
function writeFault(world: World, mm: Mm, vma: Vma, block: number): void {
  const ops = blockOps(world)
  const pfn = world.tables.pfn(block)
  if (!isHugeZero(world, pfn)) {
    if (reuseBlock(world, mm, vma, block, pfn)) return
    // The same entry, and all still read-only: else whoever changed it has solved the fault.
    mm.count(READ, 1)
    if (ops.readOnlyRun(mm, block) < ops.c) return
  }
  copyBlock(world, mm, vma, block, pfn)
}

/** `wp_cont_pte_hugepage_reuse`: nobody else maps or holds the folio or a page of it. */
function reuseBlock(world: World, mm: Mm, vma: Vma, block: number, pfn: number): boolean {
  const { folios, tables } = world
  const ops = blockOps(world)
  if (ops.readOnlyRun(mm, block) < ops.c) return false
  if (folios.refcount(pfn) !== 1 || folios.totalMapcount(pfn) !== 1) return false
  mm.count(READ, 1)
  const entry = mkdirty(tables.attr(block) | AF)
  mm.count(COW_REUSE, 1)
  ops.blockGetAndClear(mm, block)
  ops.blockSet(mm, block, pfn, (vma.flags & VM_WRITE) === 0 ? entry : mkwrite(entry))
  return true
}

/** `wp_page_copy` of a block: onto a new 64K folio, or onto 16 base pages where the pool has none. */
function copyBlock(world: World, mm: Mm, vma: Vma, block: number, old: number): void {
  const { folios } = world
  const ops = blockOps(world)
  prepareAnonVma(world, mm, vma)
  const zero = isHugeZero(world, old)
  const pfn = allocBlockFolio(world)
  const pages = pfn < 0 ? allocBasePages(world, ops.c) : []
  mm.count(zero ? PAGE_CLEAR : PAGE_COPY, ops.c)
  world.trace?.note(zero ? 'clear' : 'copy', mm.pid, Math.max(pfn, 0), zero ? 0 : old, 0, ops.c)
  if (!zero) for (let i = 0; i < ops.c; i++) folios.copyContent(old + i, pfn < 0 ? pages[i] : pfn + i)
  mm.count(READ, 1)
  if (ops.readOnlyRun(mm, block) < ops.c) {
    if (pfn < 0) for (const page of pages) folios.put(page)
    else folios.put(pfn)
    return
  }
  if (pfn >= 0) {
    ops.blockSet(mm, block, pfn, newBlockAttr(vma))
    folios.addEntire(pfn, 1)
    world.lru.addVma(pfn, (vma.flags & VM_LOCKED) !== 0)
  } else {
    mapBasePages(world, mm, vma, block, pages)
  }
  if (zero) {
    countBlock(world, mm, 1)
    return
  }
  mm.count(COW_COPY, 1)
  removeBlockRmap(world, mm, old)
  // A reference held over the copy, its drop, and the drop of the mapping's own.
  mm.count(FOLIO_REF, 3)
  folios.put(old)
}

function allocBasePages(world: World, nr: number): number[] {
  const pages: number[] = []
  for (let i = 0; i < nr; i++) {
    const page = world.folios.alloc(0)
    if (page >= 0) {
      pages.push(page)
      continue
    }
    for (const each of pages) world.folios.put(each)
    throw new EngineError('ENOMEM', 'Out of memory: no page for a copy of a block is free.')
  }
  return pages
}

/**
 * Entry by entry `ptep_clear_flush` and a new value: 16 page flushes, and until the last one valid
 * entries of the block disagree on the contiguous bit (see `kernel/oneplus-5.15.ts`).
 */
function mapBasePages(world: World, mm: Mm, vma: Vma, block: number, pages: readonly number[]): void {
  const { tables, tlbi, folios } = world
  const attr = newBlockAttr(vma) & ~CONT
  for (const [i, page] of pages.entries()) {
    tables.set(block + i, 0, 0)
    tlbi.page(mm, tables.vpn(block + i))
    folios.addWord(page, 1)
    world.lru.addVma(page, (vma.flags & VM_LOCKED) !== 0)
    tables.set(block + i, attr, page)
    world.probe?.('copy of a block: entry stored')
  }
  mm.count(XCHG, pages.length)
  mm.count(PLAIN_WRITE, pages.length)
}
