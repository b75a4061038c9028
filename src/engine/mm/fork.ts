/**
 * fork: the frame that every design shares. VMAs in which nothing anonymous was faulted in are passed
 * over; tables are walked side by side; each last-level table is copied in sections under both
 * page-table locks (`fork-table.ts`); one flush of the parent's ASID ends it.
 * Source: reference `fork.md` section 1; linux-6.12 and linux-6.1 `dup_mmap`, `copy_page_range`.
 */
import { TABLE, isPmdLeaf, mkdirty, mkwrite } from '../arch/descriptor'
import { EngineError } from '../error'
import { copyHugetlbPageRange, dupHugeVma } from '../hugetlb/fork'
import { COUNTER_INDEX } from '../trace/counters'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { copyHugePmd } from './fork-huge'
import { NO_PAGE, type CopySection } from './fork-section'
import { copyTable } from './fork-table'
import {
  isCowMapping,
  MMF_DISABLE_THP,
  MMF_HAS_PINNED,
  MMF_VM_HUGEPAGE,
  Mm,
  VM_DONTCOPY,
  VM_LOCKED,
  VM_SHARED,
  VM_UFFD_FORK,
  VM_UFFD_WP,
  VM_WIPEONFORK,
  VM_WRITE,
  type Vma
} from './mm'
import { pageProtection } from './protection'
import { entryIndex, linkTable } from './walk'
import { exitMm } from './zap'

const FORK = COUNTER_INDEX.fork
const TABLE_ALLOC = COUNTER_INDEX.tableAlloc

/** An empty mm; `parent` is who forks it, 0 for nobody. */
export function newMm(world: World, pid: number, parent = 0): Mm {
  const root = world.tables.alloc()
  const mm = world.trace?.newMm(pid, root) ?? new Mm(pid, root, world.counters.values)
  mm.count(TABLE_ALLOC, 1)
  world.mms.push(mm)
  world.trace?.note('mm-start', pid, root, parent)
  return mm
}

/**
 * Copies the parent's address space by the kernel's design and answers the child's. Throws `ENOMEM`
 * without memory for copies of pinned pages; then the child is gone, and the parent as it was but for
 * entries already write-protected.
 */
export function forkMm(world: World, parent: Mm, childPid: number): Mm {
  const { calls, kernel } = world
  world.trace?.begin('fork', parent.pid)
  const child = newMm(world, childPid, parent.pid)
  child.flags = parent.flags & MMF_DISABLE_THP
  child.tlbFlushBatched = parent.tlbFlushBatched
  child.tagCheck = parent.tagCheck
  parent.count(FORK, 1)
  if (kernel.functionNames === 'linux-6.1') calls[FN.dup_mmap]++
  let whole = true
  for (const vma of parent.vmas) {
    if ((vma.flags & VM_DONTCOPY) !== 0) continue
    whole = forkVma(world, parent, child, vma)
    if (!whole) break
  }
  if (whole && (parent.flags & MMF_VM_HUGEPAGE) !== 0) {
    child.flags |= MMF_VM_HUGEPAGE
    calls[FN.__khugepaged_enter]++
  }
  world.tlbi.mm(parent)
  world.trace?.end('fork', parent.pid)
  if (whole) return child
  exitMm(world, child)
  throw new EngineError('ENOMEM', 'ENOMEM: fork: no page is free to copy a page that may be pinned.')
}

/** One VMA; false without memory. */
function forkVma(world: World, parent: Mm, child: Mm, vma: Vma): boolean {
  const { calls } = world
  // `dup_userfaultfd`: the child is not registered unless the monitor wants to hear of it.
  const uffd = (vma.flags & VM_UFFD_FORK) === 0 ? VM_UFFD_WP : 0
  const copy: Vma = { ...vma, flags: vma.flags & ~(VM_LOCKED | uffd) }
  child.vmas.push(copy)
  child.vmasChanged()
  if ((vma.flags & VM_WIPEONFORK) !== 0) {
    copy.anonVma = 0
    copy.inherited = 0
    child.vmasChanged()
    return true
  }
  calls[FN.anon_vma_fork]++
  calls[FN.copy_page_range]++
  dupHugeVma(world, copy)
  if (vma.anonVma !== 0) {
    calls[FN.anon_vma_clone]++
    // The child's anon_vma is its own: neighbours that became equal stay apart there.
    copy.anonVma = ++world.anonVmas
    world.anonVmaParents[copy.anonVma] = vma.anonVma
    copy.inherited++
    child.vmasChanged()
  }
  // `vma_needs_copy`: faults bring back what a file holds, but not write-protection for userfaultfd.
  if (vma.anonVma === 0 && (copy.flags & VM_UFFD_WP) === 0) return true
  return copyVma(world, parent, child, vma, copy)
}

/** `copy_page_range` of a VMA that needs it. */
function copyVma(world: World, parent: Mm, child: Mm, vma: Vma, copy: Vma): boolean {
  if (copy.huge !== undefined) return copyHugetlbPageRange(world, parent, child, vma, copy)
  const dirty = mkdirty(pageProtection(copy.flags))
  const section: CopySection = {
    world,
    parent,
    child,
    cow: isCowMapping(vma),
    shared: (vma.flags & VM_SHARED) !== 0,
    anonymous: vma.file === undefined,
    uffdWp: (copy.flags & VM_UFFD_WP) !== 0,
    mayBePinned: (parent.flags & MMF_HAS_PINNED) !== 0,
    newPageAttr: (copy.flags & VM_WRITE) === 0 ? dirty : mkwrite(dirty),
    page: NO_PAGE,
    anon: 0,
    file: 0,
    swap: 0
  }
  return copyLevel(section, parent.root, child.root, vma.start, vma.end, world.geometry.levels - 1)
}

/**
 * `[start, end)` of one table, whose entries lie `depth` levels above the last one, and of the child's
 * beside it. The child gets a table wherever the parent has one, also where that one is empty.
 */
function copyLevel(
  section: CopySection,
  table: number,
  childTable: number,
  start: number,
  end: number,
  depth: number
): boolean {
  const { world, child } = section
  const { tables, geometry } = world
  const scale = geometry.entryScale[depth]
  for (let vpn = start; vpn < end;) {
    const next = Math.min((Math.floor(vpn * scale) + 1) / scale, end)
    const index = entryIndex(geometry, vpn, depth)
    const slot = (table << geometry.tableShift) + index
    const childSlot = (childTable << geometry.tableShift) + index
    const copied = depth === 1 && isPmdLeaf(tables.attr(slot)) && copyHugePmd(section, slot, childSlot, vpn)
    if (!copied && (tables.attr(slot) & TABLE) === TABLE) {
      const below =
        (tables.attr(childSlot) & TABLE) === TABLE
          ? tables.pfn(childSlot)
          : linkTable(world, child, childSlot, vpn, depth)
      const whole =
        depth === 1
          ? copyTable(section, vpn, next, tables.pfn(slot), below)
          : copyLevel(section, tables.pfn(slot), below, vpn, next, depth - 1)
      if (!whole) return false
    }
    vpn = next
  }
  return true
}
