/**
 * GUP under the mmap_lock: looks each page up, and faults it in until it is as asked for.
 * Source: linux-6.12 and linux-6.1 mm/gup.c (`__get_user_pages`, `follow_page_pte`, `faultin_page`).
 */
import { PROT_NONE, SPECIAL, WRITE, isPresent } from '../arch/descriptor'
import { EngineError } from '../error'
import { followHugetlb, hasOwnLoop } from '../hugetlb/gup'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { handleMmFault } from './fault'
import { FAULT_UNSHARE, FAULT_WRITE, isAccessible } from './fault-flags'
import { FileMapping } from './file'
import { ANON, FOLIO_DIRTY } from './folio'
import type { PinHow } from './gup'
import { VM_READ, VM_SHARED, VM_WRITE, isCowMapping, type Mm, type Vma } from './mm'
import { findLeaf, findSlot, leafPages } from './walk'

/** Faults that one page may take before it counts as stuck. */
const MAX_FAULTS = 8

/** What looking a page up came to, where it is not pinned: a fault is needed, or one that unshares. */
const FAULT = 0
const UNSHARE = 1
const PINNED = 2

/**
 * Pins pages `[vpn, end)` one by one, ascending, and answers how many. Throws `EFAULT` or `ENOMEM`
 * where the first of all cannot be had; `some` says that pages before it were pinned.
 */
export function pinSlowly(
  world: World,
  mm: Mm,
  vpn: number,
  end: number,
  how: PinHow,
  some: boolean
): number {
  for (let at = vpn; at < end; at++) {
    const vma = mm.vmaAt(at)
    if (vma !== undefined && hasOwnLoop(world, vma) && allows(vma, how)) {
      const before = mm.pinned.length
      const error = pinHugetlb(world, mm, vma, at, Math.min(end, vma.end), how)
      at += mm.pinned.length - before
      if (error !== undefined) {
        if (at > vpn || some) return at - vpn
        throw error
      }
      at--
      continue
    }
    const error = pinPage(world, mm, at, how)
    if (error === undefined) continue
    if (at > vpn || some) return at - vpn
    throw error
  }
  return end - vpn
}

/** Pins pages of one HugeTLB mapping; answers why not all. */
function pinHugetlb(
  world: World,
  mm: Mm,
  vma: Vma,
  vpn: number,
  end: number,
  how: PinHow
): EngineError | undefined {
  try {
    followHugetlb(world, mm, vma, vpn, end, how.write, (first, pages) => {
      for (let i = 0; i < pages; i++) mm.pinned.push(first + i)
    })
  } catch (error) {
    if (error instanceof EngineError) return faultAsErrno(error)
    throw error
  }
  return undefined
}

/** What GUP answers where a fault came to a signal: `EFAULT`, also for SIGBUS (`vm_fault_to_errno`). */
function faultAsErrno(error: EngineError): EngineError {
  return error.code === 'EIO' ? new EngineError('EFAULT', error.message) : error
}

/** Pins one page; answers why not. */
function pinPage(world: World, mm: Mm, vpn: number, how: PinHow): EngineError | undefined {
  const vma = mm.vmaAt(vpn)
  if (vma === undefined || !allows(vma, how)) {
    return new EngineError('EFAULT', `EFAULT: page ${vpn} may not be pinned that way.`)
  }
  for (let faults = 0; faults < MAX_FAULTS; faults++) {
    const found = followPage(world, mm, vma, vpn, how)
    if (found === PINNED) return undefined
    try {
      handleMmFault(world, mm, vma, vpn, how.write ? FAULT_WRITE : found === UNSHARE ? FAULT_UNSHARE : 0)
    } catch (error) {
      if (error instanceof EngineError) return faultAsErrno(error)
      throw error
    }
  }
  throw new Error(`pin of page ${vpn} makes no progress`)
}

/** `check_vma_flags`; long-term writes to a file on disk are refused, to tmpfs they are not. */
function allows(vma: Vma, how: PinHow): boolean {
  if (!how.write) return (vma.flags & VM_READ) !== 0
  if (how.write && how.longterm && isSharedDiskFile(vma)) return false
  return (vma.flags & VM_WRITE) !== 0
}

/** `vma_needs_dirty_tracking`: the file system must hear of every store. */
function isSharedDiskFile({ file, flags }: Vma): boolean {
  return file instanceof FileMapping && !file.shmem && (flags & VM_SHARED) !== 0
}

/** `follow_page_mask` for a pin: takes the pin where the entry is as asked for. */
function followPage(world: World, mm: Mm, vma: Vma, vpn: number, how: PinHow): number {
  const { tables, ops, calls } = world
  const pmd = findLeaf(world, mm, vpn)
  if (pmd !== 0) {
    const leaf = tables.attr(pmd)
    const index = vpn % leafPages(world, mm, vpn)
    if (world.folios.word(tables.pfn(pmd)) === 0) return pinZeroPage(world, vma, leaf, how)
    return tryPin(world, mm, vma, leaf, tables.pfn(pmd), index, how)
  }
  const slot = findSlot(world, mm, vpn)
  if (slot === 0) return FAULT
  const entry = ops.ptepGet(mm, slot)
  if (!isPresent(entry)) return FAULT
  calls[FN.vm_normal_page]++
  const zero = (entry & SPECIAL) !== 0 || world.folios.word(tables.pfn(slot)) === 0
  if (zero) return pinZeroPage(world, vma, entry, how)
  return tryPin(world, mm, vma, entry, tables.pfn(slot), 0, how)
}

/** The page `index` behind `head`, mapped by an entry whose value is `entry`. */
function tryPin(
  world: World,
  mm: Mm,
  vma: Vma,
  entry: number,
  head: number,
  index: number,
  how: PinHow
): number {
  const { folios, calls } = world
  if ((entry & PROT_NONE) !== 0 && isAccessible(vma)) return FAULT
  if (how.write && (entry & WRITE) === 0) return FAULT
  if (mustUnshare(world, vma, entry, head, how)) return UNSHARE
  calls[FN.try_grab_folio]++
  folios.addPins(head, 1)
  if (how.write && (folios.flags(head) & FOLIO_DIRTY) === 0 && (folios.word(head) & ANON) === 0) {
    folios.setFlags(head, FOLIO_DIRTY)
  }
  world.lru.markAccessed(head)
  mm.pinned.push(head + index)
  return PINNED
}

/** The page of zeroes needs no pin; a writable private mapping gets its own page first, for long-term reads. */
function pinZeroPage(world: World, vma: Vma, entry: number, how: PinHow): number {
  if (how.write && (entry & WRITE) === 0) return FAULT
  if (mustUnshare(world, vma, entry, world.zeroPfn, how)) return UNSHARE
  return PINNED
}

/** `gup_must_unshare`: what is only read must not change under a later copy-on-write. */
function mustUnshare(world: World, vma: Vma, entry: number, pfn: number, how: PinHow): boolean {
  if ((entry & WRITE) !== 0 || how.write || !world.kernel.anonExclusive) return false
  const word = world.folios.word(pfn)
  if ((word & ANON) !== 0) return !world.folios.isExclusive(pfn)
  return how.longterm && world.kernel.functionNames === 'linux-6.12' && isCowMapping(vma)
}
