/**
 * VMAs as /proc/pid/smaps tells them: the sizes of `smaps_account` (6.1 and 6.12 fs/proc/task_mmu.c),
 * and `THPeligible`.
 */
import { AF, SWAP, isDirty, isPmdLeaf, isPresent, isValidCont } from '../../engine/arch/descriptor'
import { ANON, FOLIO_DIRTY, FOLIO_LAZYFREE, FOLIO_REFERENCED } from '../../engine/mm/folio'
import { pageMapcount } from '../../engine/mm/mapcount'
import * as vmFlags from '../../engine/mm/mm'
import type { Mm, Vma } from '../../engine/mm/mm'
import { findPmd, findSlot } from '../../engine/mm/walk'
import { thpEligible } from '../../engine/thp/orders'
import { findHugeEntry } from '../../engine/hugetlb/entry'
import { hugeSize } from '../../engine/hugetlb/sizes'
import type { World } from '../../engine/world'
import type { VmaInfo } from './schema'

/** Fractions of a byte that proportional sizes are kept in: PSS_SHIFT. */
const PSS_UNIT = 4096

/** Sums over one VMA, in bytes (proportional ones in 1/4096 of a byte). */
class Sums {
  rss = 0
  pss = 0
  sharedClean = 0
  sharedDirty = 0
  privateClean = 0
  privateDirty = 0
  referenced = 0
  anonymous = 0
  lazyFree = 0
  anonHuge = 0
  swap = 0
  swapPss = 0
}

/** The VMA as smaps shows it; `r` and `start` name the region it lies in. */
export function vmaInfo(world: World, mm: Mm, vma: Vma, r: string, start: number): VmaInfo {
  const sums = new Sums()
  const { tableEntries, pageSize } = world.geometry
  if (vma.huge !== undefined) return hugeInfo(world, mm, vma, vma.huge.order, r, start)
  for (let vpn = vma.start; vpn < vma.end;) {
    const next = Math.min(vpn - (vpn % tableEntries) + tableEntries, vma.end)
    addTable(world, mm, vpn, next, sums)
    vpn = next
  }
  const kb = (bytes: number) => Math.floor(bytes / 1024)
  const sizes: Record<string, number> = {
    Pss: kb(sums.pss / PSS_UNIT),
    Shared_Clean: kb(sums.sharedClean),
    Shared_Dirty: kb(sums.sharedDirty),
    Private_Clean: kb(sums.privateClean),
    Private_Dirty: kb(sums.privateDirty),
    Referenced: kb(sums.referenced),
    Anonymous: kb(sums.anonymous),
    LazyFree: kb(sums.lazyFree),
    AnonHugePages: kb(sums.anonHuge),
    Swap: kb(sums.swap),
    SwapPss: kb(sums.swapPss / PSS_UNIT)
  }
  return {
    r,
    from: vma.start - start,
    n: vma.end - vma.start,
    perms: permsText(vma.flags),
    KernelPageSize: pageSize / 1024,
    Rss: kb(sums.rss),
    ...Object.fromEntries(Object.entries(sizes).filter(([, size]) => size > 0)),
    THPeligible: thpEligible(world, mm, vma) ? 1 : 0,
    VmFlags: flagsText(vma.flags)
  }
}

/** `smaps_hugetlb_range`: pages of the pool are no part of the resident set, and shared or private by their mapcount. */
function hugeInfo(world: World, mm: Mm, vma: Vma, order: number, r: string, start: number): VmaInfo {
  const { folios, geometry, tables } = world
  const size = hugeSize(geometry, order)
  const kb = (geometry.pageSize / 1024) * size.pages
  let [shared, own] = [0, 0]
  for (let vpn = vma.start; vpn < vma.end; vpn += size.pages) {
    const slot = findHugeEntry(world, mm, size, vpn)
    if (slot === 0 || !isPresent(tables.attr(slot))) continue
    if (folios.entireMapcount(tables.pfn(slot)) > 1) shared += kb
    else own += kb
  }
  return {
    r,
    from: vma.start - start,
    n: vma.end - vma.start,
    perms: permsText(vma.flags),
    KernelPageSize: kb,
    Rss: 0,
    ...(shared > 0 && { Shared_Hugetlb: shared }),
    ...(own > 0 && { Private_Hugetlb: own }),
    THPeligible: 0,
    VmFlags: flagsText(vma.flags)
  }
}

function addTable(world: World, mm: Mm, vpn: number, end: number, sums: Sums): void {
  const { tables, geometry } = world
  const pmd = findPmd(world, mm, vpn)
  const pmdAttr = pmd === 0 ? 0 : tables.attr(pmd)
  if (isPmdLeaf(pmdAttr)) {
    const pfn = tables.pfn(pmd) + (vpn % geometry.tableEntries)
    const before = sums.anonymous
    for (let i = 0; i < end - vpn; i++) addPage(world, pmdAttr, pfn + i, sums)
    sums.anonHuge += sums.anonymous - before
    return
  }
  const slot = findSlot(world, mm, vpn)
  if (slot === 0) return
  for (let i = 0; i < end - vpn; i++) {
    const attr = gathered(world, slot + i)
    if (isPresent(attr)) addPage(world, attr, tables.pfn(slot + i), sums)
    else if ((attr & SWAP) !== 0) addSwap(world, tables.pfn(slot + i), sums)
  }
}

/** The entry with access flag and dirty state of its whole block, as `ptep_get` answers it. */
function gathered(world: World, slot: number): number {
  const { tables, geometry } = world
  let attr = tables.attr(slot)
  if (!isValidCont(attr)) return attr
  const first = slot - (slot % geometry.contPtes)
  for (let i = 0; i < geometry.contPtes; i++) {
    const other = tables.attr(first + i)
    attr |= other & AF
    if (isDirty(other)) attr |= isDirty(attr) ? 0 : DIRTY_BIT
  }
  return attr
}

const DIRTY_BIT = 1 << 17

function addPage(world: World, attr: number, pfn: number, sums: Sums): void {
  const { folios, geometry } = world
  const word = folios.word(pfn)
  if (pfn === world.zeroPfn || word === 0) return
  const size = geometry.pageSize
  const flags = folios.flags(pfn)
  const dirty = isDirty(attr) || (flags & FOLIO_DIRTY) !== 0
  if ((word & ANON) !== 0) {
    sums.anonymous += size
    if ((flags & FOLIO_LAZYFREE) !== 0 && !dirty) sums.lazyFree += size
  }
  if ((attr & AF) !== 0 || (flags & FOLIO_REFERENCED) !== 0) sums.referenced += size
  sums.rss += size
  const users = folios.refcount(pfn) === 1 ? 1 : pageMapcount(world, pfn)
  const shared = users >= 2
  sums.pss += shared ? Math.floor((size * PSS_UNIT) / users) : size * PSS_UNIT
  if (dirty) sums[shared ? 'sharedDirty' : 'privateDirty'] += size
  else sums[shared ? 'sharedClean' : 'privateClean'] += size
}

/** What is swapped out: shared where more entries than this one name the slot. */
function addSwap(world: World, slot: number, sums: Sums): void {
  const size = world.geometry.pageSize
  const users = world.swap?.count(slot) ?? 1
  sums.swap += size
  sums.swapPss += Math.floor((size * PSS_UNIT) / Math.max(1, users))
}

function permsText(flags: number): string {
  return (
    ((flags & vmFlags.VM_READ) !== 0 ? 'r' : '-') +
    ((flags & vmFlags.VM_WRITE) !== 0 ? 'w' : '-') +
    ((flags & 4) !== 0 ? 'x' : '-') +
    ((flags & vmFlags.VM_SHARED) !== 0 ? 's' : 'p')
  )
}

/** Two letters a flag in the kernel's order (bit order). MAP_NORESERVE and the MAY bits are always there. */
function flagsText(flags: number): string {
  const has = (bit: number | undefined) => bit !== undefined && (flags & bit) !== 0
  const named = vmFlags as unknown as Record<string, number | undefined>
  const words: [boolean, string][] = [
    [has(vmFlags.VM_READ), 'rd'],
    [has(vmFlags.VM_WRITE), 'wr'],
    [has(4), 'ex'],
    [has(vmFlags.VM_SHARED), 'sh'],
    [true, 'mr'],
    [true, 'mw'],
    [true, 'me'],
    [has(vmFlags.VM_SHARED), 'ms'],
    [has(named.VM_LOCKED), 'lo'],
    [has(named.VM_DONTCOPY), 'dc'],
    [has(named.VM_DONTEXPAND), 'de'],
    [true, 'nr'],
    [has(named.VM_HUGETLB), 'ht'],
    [has(named.VM_WIPEONFORK), 'wf'],
    [has(named.VM_MTE), 'mt'],
    [has(vmFlags.VM_HUGEPAGE), 'hg'],
    [has(vmFlags.VM_NOHUGEPAGE), 'nh']
  ]
  return words
    .filter(([there]) => there)
    .map(([, word]) => word)
    .join(' ')
}
