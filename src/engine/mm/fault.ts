/**
 * Page faults: from the exception to the handler that owns the case. Anonymous first touches, PMD
 * leaves, copy-on-write, files and swap have files of their own beside this one.
 * Source: linux-6.1 and linux-6.12 arch/arm64/mm/fault.c (`do_page_fault`), mm/memory.c
 * (`__handle_mm_fault`, `handle_pte_fault`); reference `contpte.md` section 5.
 */
import { AF, PROT_NONE, VALID, WRITE, isPmdLeaf, isPresent, mkdirty } from '../arch/descriptor'
import { EngineError, mmapLockHeld } from '../error'
import { askPud, pmdAllowed } from '../thp/orders'
import { hugetlbFault } from '../hugetlb/fault'
import { isHugetlb } from '../hugetlb/vma'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { isBlockEntry } from '../contpte/exposed'
import { writeProtectFault } from './cow'
import { blockAnonymousFault, blockPresentFault } from './exposed/fault'
import { anonymousFault } from './fault-anon'
import { FAULT_UNSHARE, FAULT_WRITE, isAccessible } from './fault-flags'
import { hugeNumaFault, numaFault } from './fault-numa'
import { hugeAnonymousFault, hugeSetAccessed, hugeWriteProtectFault } from './fault-pmd'
import { swapFault } from './fault-swap'
import { fileFault } from './file-fault'
import { runBackground } from './pressure'
import { VM_READ, VM_WRITE, type Mm, type Vma } from './mm'
import { findLeaf, findPmd, findSlot, makePmd } from './walk'

const FAULT = COUNTER_INDEX.fault
const FAULT_READ = COUNTER_INDEX.faultRead
const FAULT_STORE = COUNTER_INDEX.faultWrite

/** An access the VMAs do not allow, as the process would see it: a segmentation fault. */
function segmentationFault(world: World, vpn: number, write: boolean, why: string): EngineError {
  const address = (vpn * world.geometry.pageSize).toString(16)
  return new EngineError(
    'EFAULT',
    `Segmentation fault: ${write ? 'store to' : 'load from'} 0x${address}: ${why}.`
  )
}

/**
 * `do_page_fault`: a load or store at `vpn` that hardware did not complete. Throws `EFAULT` where no
 * VMA allows the access (SIGSEGV), `EIO` beyond the end of a file (SIGBUS), `ENOMEM` without memory.
 */
export function handleFault(world: World, mm: Mm, vpn: number, write: boolean): void {
  const { calls } = world
  if (world.mmapLocked === mm) throw mmapLockHeld(mm, 'a fault')
  if ((hardwareEntry(world, mm, vpn) & VALID) === 0) calls[FN.do_translation_fault]++
  calls[FN.do_page_fault]++
  const vma = mm.vmaAt(vpn)
  if (vma === undefined) throw segmentationFault(world, vpn, write, 'nothing is mapped there')
  if (write && (vma.flags & VM_WRITE) === 0) {
    throw segmentationFault(world, vpn, write, 'the mapping is read-only')
  }
  // Write permission implies read permission.
  if (!write && (vma.flags & (VM_READ | VM_WRITE)) === 0) {
    throw segmentationFault(world, vpn, write, 'the mapping may not be read')
  }
  world.trace?.begin('fault', mm.pid, vpn, 1)
  handleMmFault(world, mm, vma, vpn, write ? FAULT_WRITE : 0)
  if (world.compaction.wanted > 0) runBackground(world)
  world.trace?.end('fault', mm.pid)
}

/** The leaf entry that hardware finds for `vpn`, 0 for none. Counts nothing. */
function hardwareEntry(world: World, mm: Mm, vpn: number): number {
  const slot = findSlot(world, mm, vpn)
  if (slot !== 0) return world.tables.attr(slot)
  const leaf = findLeaf(world, mm, vpn)
  return leaf === 0 ? 0 : world.tables.attr(leaf)
}

/**
 * `handle_mm_fault`: resolves a fault that the VMA allows, or a step of it; the caller tries its
 * access again. Also what GUP calls. Throws as `handleFault` does.
 */
export function handleMmFault(world: World, mm: Mm, vma: Vma, vpn: number, flags: number): void {
  const { calls, tables } = world
  calls[FN.handle_mm_fault]++
  world.vm[VM.pgfault]++
  mm.count(FAULT, 1)
  mm.count((flags & FAULT_WRITE) === 0 ? FAULT_READ : FAULT_STORE, 1)
  if (isHugetlb(vma)) {
    hugetlbFault(world, mm, vma, vpn, flags)
    return
  }
  calls[FN.__handle_mm_fault]++
  if (findPmd(world, mm, vpn) === 0) askPud(world, mm, vma)
  const pmd = makePmd(world, mm, vpn)
  const leaf = tables.attr(pmd)
  if (leaf === 0) {
    if (pmdAllowed(world, mm, vma) && hugeAnonymousFault(world, mm, vma, vpn, pmd, flags)) return
  } else if (isPmdLeaf(leaf)) {
    if ((leaf & VALID) === 0) {
      hugeNumaFault(world, mm, vma, pmd, leaf)
      return
    }
    if (flags === 0 || (leaf & WRITE) !== 0) {
      hugeSetAccessed(world, mm, vpn, pmd, leaf, (flags & FAULT_WRITE) !== 0)
      return
    }
    if (hugeWriteProtectFault(world, mm, vma, vpn, pmd, leaf, flags)) return
  }
  handlePteFault(world, mm, vma, vpn, flags)
}

/** `handle_pte_fault`: there is no PMD leaf, and will be none. */
function handlePteFault(world: World, mm: Mm, vma: Vma, vpn: number, flags: number): void {
  const { ops } = world
  const slot = findSlot(world, mm, vpn)
  const entry = slot === 0 ? 0 : ops.ptepGetLockless(mm, slot)
  const write = (flags & FAULT_WRITE) !== 0
  const exposed = world.kernel.faultOrders === 'exposed'
  if (entry === 0) {
    if (exposed && blockAnonymousFault(world, mm, vma, vpn, write)) return
    if (vma.file === undefined) anonymousFault(world, mm, vma, vpn, write)
    else fileFault(world, mm, vma, vpn, write)
    return
  }
  if (!isPresent(entry)) {
    swapFault(world, mm, vma, vpn, slot, entry, write)
    return
  }
  if ((entry & (VALID | PROT_NONE)) === PROT_NONE && isAccessible(vma)) {
    numaFault(world, mm, vma, vpn, slot)
    return
  }
  // The same again, under the lock.
  ops.ptepGet(mm, slot)
  if (exposed && isBlockEntry(entry)) {
    blockPresentFault(world, mm, vma, slot, entry, write)
    return
  }
  if (flags !== 0 && (entry & WRITE) === 0) {
    writeProtectFault(world, mm, vma, slot, entry, (flags & FAULT_UNSHARE) !== 0)
    return
  }
  // Hardware did not record the access: no HAFDBS, or somebody else resolved the fault meanwhile.
  ops.ptepSetAccessFlags(mm, slot, (write ? mkdirty(entry) : entry) | AF, write)
}
