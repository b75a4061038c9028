/**
 * Page faults on private anonymous memory: first touches and copy-on-write.
 *
 * Entry reads counted here (a documented choice where the reference gives none): one lockless read
 * that finds out what the entry is, if its table exists; one read of each entry of a block whose
 * emptiness is checked, up to the first that is not; and the same again under the page-table lock.
 * Source: reference `thp-sysfs.md` section 6, `contpte.md` section 5 (what core callers cost).
 */
import { AF, PAGE_READONLY, SPECIAL, WRITE, isPresent, mkdirty, mkwrite } from '../arch/descriptor'
import { EngineError } from '../error'
import { faultOrders, pmdLeafWanted } from '../thp/orders'
import { COUNTER_INDEX } from '../trace/counters'
import type { World } from '../world'
import { EXCLUSIVE } from './folio'
import { VM_READ, VM_WRITE, type Mm, type Vma } from './mm'
import { prepareAnonVma } from './vma'
import { findSlot, makeSlot } from './walk'

const FAULT = COUNTER_INDEX.fault
const FAULT_READ = COUNTER_INDEX.faultRead
const FAULT_WRITE = COUNTER_INDEX.faultWrite
const COW_REUSE = COUNTER_INDEX.cowReuse
const COW_COPY = COUNTER_INDEX.cowCopy
const PAGE_CLEAR = COUNTER_INDEX.pageClear
const PAGE_COPY = COUNTER_INDEX.pageCopy
const FOLIO_REF = COUNTER_INDEX.folioRef
const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss

/** An access the VMAs do not allow, as the process would see it: a segmentation fault. */
function segmentationFault(world: World, vpn: number, write: boolean, why: string): EngineError {
  const address = (vpn * world.geometry.pageSize).toString(16)
  return new EngineError(
    'EFAULT',
    `Segmentation fault: ${write ? 'store to' : 'load from'} 0x${address}: ${why}.`
  )
}

/** Handles a fault at `vpn`. Throws `EFAULT` where no VMA allows the access, `ENOMEM` without memory. */
export function handleFault(world: World, mm: Mm, vpn: number, write: boolean): void {
  const vma = mm.vmaAt(vpn)
  if (vma === undefined) throw segmentationFault(world, vpn, write, 'nothing is mapped there')
  if (write && (vma.flags & VM_WRITE) === 0) {
    throw segmentationFault(world, vpn, write, 'the mapping is read-only')
  }
  if (!write && (vma.flags & VM_READ) === 0) {
    throw segmentationFault(world, vpn, write, 'the mapping may not be read')
  }
  mm.count(FAULT, 1)
  mm.count(write ? FAULT_WRITE : FAULT_READ, 1)
  const slot = findSlot(world, mm, vpn)
  const entry = slot === 0 ? 0 : world.ops.ptepGetLockless(mm, slot)
  if (!isPresent(entry)) anonymousFault(world, mm, vma, vpn, write)
  else if (write && (entry & WRITE) === 0) writeProtectFault(world, mm, vma, slot)
  else accessFlagFault(world, mm, slot, write)
}

/** `do_anonymous_page`: nothing is there yet. */
function anonymousFault(world: World, mm: Mm, vma: Vma, vpn: number, write: boolean): void {
  const { ops } = world
  if (pmdLeafWanted(world, vma, vpn) && findSlot(world, mm, vpn) === 0) throw pmdLeafNotModelled(world, vpn)
  const slot = makeSlot(world, mm, vpn)
  if (!write) {
    ops.ptepGet(mm, slot)
    ops.setPtes(mm, slot, world.zeroPfn, PAGE_READONLY | SPECIAL, 1)
    return
  }
  prepareAnonVma(world, mm, vma)
  for (const order of faultOrders(world, mm, vma, vpn, slot)) {
    const pfn = world.folios.alloc(order)
    if (pfn < 0) continue
    const nr = 1 << order
    const first = vpn - (vpn % nr)
    const firstSlot = slot - (vpn - first)
    for (let i = 0; i < nr; i++) ops.ptepGet(mm, firstSlot + i)
    mapNewAnonFolio(world, mm, vma, firstSlot, pfn, order)
    return
  }
  throw outOfMemory(world)
}

/**
 * Maps a folio just allocated over 2^order empty entries: cleared, exclusive, one mapping a page,
 * young, and writable and dirty where the VMA may be written.
 */
export function mapNewAnonFolio(
  world: World,
  mm: Mm,
  vma: Vma,
  slot: number,
  pfn: number,
  order: number
): void {
  const nr = 1 << order
  mm.count(PAGE_CLEAR, nr)
  if (nr > 1) mm.count(FOLIO_REF, 1)
  world.folios.addRefs(pfn, nr - 1)
  newAnonRmap(world, mm, pfn, nr)
  world.ops.setPtes(mm, slot, pfn, newAnonAttr(vma), nr)
}

function newAnonRmap(world: World, mm: Mm, pfn: number, nr: number): void {
  // The first mapping of a new folio is a plain store, not an atomic: `mapcount` does not count it.
  for (let i = 0; i < nr; i++) world.folios.addWord(pfn + i, EXCLUSIVE + 1)
  mm.anonPages += nr
  mm.count(RSS, 1)
}

function newAnonAttr(vma: Vma): number {
  return (vma.flags & VM_WRITE) === 0 ? PAGE_READONLY : mkwrite(mkdirty(PAGE_READONLY))
}

/** `do_wp_page` for a private mapping: reuse the page if it is ours alone, else copy it. */
function writeProtectFault(world: World, mm: Mm, vma: Vma, slot: number): void {
  const { ops, folios, tables } = world
  // Recheck under the lock, then the userfaultfd test.
  ops.ptepGet(mm, slot)
  const entry = ops.ptepGet(mm, slot)
  const pfn = tables.pfn(slot)
  const zero = (entry & SPECIAL) !== 0
  if (!zero && (folios.isExclusive(pfn) || soleUser(world, pfn))) {
    if (!folios.isExclusive(pfn)) folios.addWord(pfn, EXCLUSIVE)
    mm.count(COW_REUSE, 1)
    ops.ptepSetAccessFlags(mm, slot, mkwrite(mkdirty(entry | AF)), true)
    return
  }
  copyPage(world, mm, vma, slot, zero)
}

/** An order-0 folio with one reference left may be reused; a large one never is. */
function soleUser(world: World, pfn: number): boolean {
  return world.folios.order(pfn) === 0 && world.folios.refcount(pfn) === 1
}

/** `wp_page_copy`: this index gets an order-0 folio of its own. */
function copyPage(world: World, mm: Mm, vma: Vma, slot: number, zero: boolean): void {
  const { ops, folios, tables } = world
  const old = tables.pfn(slot)
  prepareAnonVma(world, mm, vma)
  const pfn = folios.alloc(0)
  if (pfn < 0) throw outOfMemory(world)
  mm.count(zero ? PAGE_CLEAR : PAGE_COPY, 1)
  ops.ptepGet(mm, slot)
  ops.ptepGetAndClear(mm, slot)
  world.tlbi.page(mm, tables.vpn(slot))
  folios.addWord(pfn, EXCLUSIVE + 1)
  ops.setPtes(mm, slot, pfn, newAnonAttr(vma), 1)
  if (zero) {
    mm.anonPages++
    mm.count(RSS, 1)
    return
  }
  mm.count(COW_COPY, 1)
  folios.addWord(old, -1)
  mm.count(MAPCOUNT, 1)
  // A reference held over the copy, its drop, and the drop of the mapping's own.
  mm.count(FOLIO_REF, 3)
  folios.put(old)
}

/** The entry allows the access but hardware did not record it: no HAFDBS, or a spurious fault. */
function accessFlagFault(world: World, mm: Mm, slot: number, write: boolean): void {
  const entry = world.ops.ptepGet(mm, slot)
  const young = entry | AF
  world.ops.ptepSetAccessFlags(mm, slot, write ? mkdirty(young) : young, write)
}

function outOfMemory(world: World): EngineError {
  const { buddy } = world.folios
  const bytes = buddy.pages * world.geometry.pageSize
  return new EngineError('ENOMEM', `Out of memory: no page of the machine's ${bytes} bytes is free.`)
}

/** A wrong answer would be silent here: smaller folios where the kernel maps one block. */
function pmdLeafNotModelled(world: World, vpn: number): EngineError {
  const { pageSize, pmdOrder } = world.geometry
  const directory = `hugepages-${(pageSize * 2 ** pmdOrder) / 1024}kB`
  return new EngineError(
    'not-modelled',
    `The kernel would map one PMD block at 0x${(vpn * pageSize).toString(16)}, which is not simulated yet. ` +
      `Write 'never' to '${directory}/enabled' to have smaller folios there.`
  )
}
