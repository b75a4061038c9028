/**
 * The system calls and memory accesses of a process, at exact addresses: the one door through which
 * scripted experiments (`process.ts`, `region.ts`), the comparison with real kernels and the fuzzer
 * drive the simulated kernel. Pages are page numbers (vpn) in the machine's own page size.
 *
 * Errors are `EngineError`s whose code is the errno the kernel answers; what a call did before it
 * failed stays done, as in the kernel.
 */
import { EngineError } from './error'
import { mmapHugetlb } from './hugetlb/map'
import { loadPage, storePage, untaggedAccess } from './mm/access'
import { markVmas } from './mm/exposed/mark'
import { clearRefs } from './mm/clear-refs'
import { adviseCollapse } from './mm/collapse'
import { sharedMemory } from './mm/file'
import { forkMm } from './mm/fork'
import { pinUserPages, unpinUserPages, type PinHow } from './mm/gup'
import { adviseCold } from './mm/madvise-cold'
import { adviseFree } from './mm/madvise-free'
import { adviseFlags, isFlagAdvice, walkVmas, type Advised } from './mm/madvise-flags'
import { anonymousVma, MMF_DISABLE_THP, VM_MAYWRITE, VM_SHARED, type Mm } from './mm/mm'
import { mlockRange } from './mm/mlock'
import { mprotectRange } from './mm/mprotect'
import { mremapRange } from './mm/mremap'
import { loadTags, storeTags } from './mte/access'
import { populate } from './mm/populate'
import { accessFlags } from './mm/protection'
import { reclaimSwapCache } from './mm/reclaim'
import { swapoff } from './mm/swapoff'
import { addVma } from './mm/vma'
import { dontneed, exitMm, munmapRange } from './mm/zap'
import type { World } from './world'

/** How `sysMmap` maps. */
export interface MmapCall {
  readonly vpn: number
  readonly pages: number
  /** Letters r, w, x and m (PROT_MTE); `none` for no access. */
  readonly prot: string
  /** MAP_SHARED anonymous memory (tmpfs); default private anonymous. */
  readonly shared?: boolean
  /** MAP_HUGETLB: order of the HugeTLB pages. */
  readonly huge?: number
  /** With `huge`, without MAP_NORESERVE: pages are reserved now. Default false. */
  readonly reserve?: boolean
}

/** What a run of loads or stores came to. */
export interface AccessOutcome {
  /** Pages accessed before the end, or before the signal. */
  readonly done: number
  /** The signal that stopped it. */
  readonly signal?: 'SIGSEGV' | 'SIGBUS' | 'SIGSEGV(MTE)' | 'SIGSEGV(MTE async)'
}

export type MadviseAdvice =
  | 'dontneed'
  | 'free'
  | 'hugepage'
  | 'nohugepage'
  | 'cold'
  | 'pageout'
  | 'populate_read'
  | 'populate_write'
  | 'collapse'
  | 'dontfork'
  | 'dofork'
  | 'wipeonfork'
  | 'keeponfork'

/** `arch_validate_prot`: PROT_MTE is EINVAL where CPUs or kernel have no tags. */
function checkProtMte(world: World, call: string, prot: string): void {
  if (prot === 'none' || !prot.includes('m') || world.mte !== undefined) return
  throw new EngineError('EINVAL', `EINVAL: ${call}: PROT_MTE without the memory tagging extension.`)
}

function notModelled(what: string): EngineError {
  return new EngineError('not-modelled', `${what} is not simulated yet.`)
}

/**
 * `mmap(MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE)`: what lay there before is unmapped. HugeTLB pages
 * (`huge`) may also be reserved: `EINVAL`, `ENOMEM` as `mmapHugetlb` says.
 */
export function sysMmap(world: World, mm: Mm, call: MmapCall): void {
  const { vpn, pages } = call
  if (pages <= 0) throw new EngineError('EINVAL', 'EINVAL: mmap of no pages.')
  checkProtMte(world, 'mmap', call.prot)
  if (call.huge !== undefined) {
    const flags = accessFlags(call.prot) | VM_MAYWRITE | (call.shared === true ? VM_SHARED : 0)
    mmapHugetlb(world, mm, { vpn, pages, order: call.huge, flags, reserve: call.reserve === true })
    return
  }
  munmapRange(world, mm, vpn, vpn + pages)
  const vma = anonymousVma(vpn, vpn + pages, accessFlags(call.prot) | VM_MAYWRITE)
  if (call.shared === true) {
    vma.flags |= VM_SHARED
    vma.file = sharedMemory(pages)
    vma.pgoff = 0
  }
  addVma(world, mm, vma)
}

/** `munmap(2)`. */
export function sysMunmap(world: World, mm: Mm, vpn: number, pages: number): void {
  munmapRange(world, mm, vpn, vpn + pages)
}

/**
 * `mprotect(2)`; `prot` as in `MmapCall`. At the first gap `ENOMEM`, and `EINVAL` for PROT_MTE on a file
 * that is not tmpfs, after what lies before changed. PROT_MTE once given stays.
 */
export function sysMprotect(world: World, mm: Mm, vpn: number, pages: number, prot: string): void {
  checkProtMte(world, 'mprotect', prot)
  if (mprotectRange(world, mm, vpn, vpn + pages, accessFlags(prot))) return
  throw new EngineError('ENOMEM', 'ENOMEM: mprotect: part of the range is not mapped.')
}

/** `madvise(2)`. `ENOMEM` where part of the range is not mapped, after the rest was advised. */
export function sysMadvise(world: World, mm: Mm, vpn: number, pages: number, advice: MadviseAdvice): void {
  const end = vpn + pages
  let failed: Advised
  if (isFlagAdvice(advice)) {
    failed = walkVmas(mm, vpn, end, (vma, from, to) => adviseFlags(world, mm, vma, from, to, advice))
  } else if (advice === 'dontneed') failed = dontneed(world, mm, vpn, end)
  else if (advice === 'free') {
    failed = walkVmas(mm, vpn, end, (vma, from, to) => adviseFree(world, mm, vma, from, to))
  } else if (advice === 'cold' || advice === 'pageout') {
    const pageout = advice === 'pageout'
    failed = walkVmas(mm, vpn, end, (vma, from, to) => adviseCold(world, mm, vma, from, to, pageout))
  } else if (advice === 'collapse') {
    failed = walkVmas(mm, vpn, end, (vma, from, to) => adviseCollapse(world, mm, vma, from, to))
  } else if (advice === 'populate_read' || advice === 'populate_write') {
    failed = populate(world, mm, vpn, end, advice === 'populate_write')
  } else throw notModelled(`madvise(${advice})`)
  if (failed === undefined) return
  const why = failed === 'ENOMEM' ? 'part of the range is not mapped' : 'not possible for this mapping'
  throw new EngineError(failed, `${failed}: madvise(${advice}): ${why}.`)
}

/**
 * `mremap(MREMAP_MAYMOVE | MREMAP_FIXED)` to `to`, which is unmapped first. `EFAULT` where the pages do
 * not lie in one mapping, `EINVAL` where old and new place overlap.
 */
export function sysMremap(world: World, mm: Mm, vpn: number, pages: number, to: number): void {
  const failed = mremapRange(world, mm, vpn, pages, to)
  if (failed === undefined) return
  const why = failed === 'EFAULT' ? 'the pages do not lie in one mapping' : 'the places overlap'
  throw new EngineError(failed, `${failed}: mremap: ${why}.`)
}

/** `mlock(2)`: marks and populates. `ENOMEM` where part of the range is not mapped or allows no access. */
export function sysMlock(world: World, mm: Mm, vpn: number, pages: number): void {
  if (mlockRange(world, mm, vpn, vpn + pages) === undefined) return
  throw new EngineError('ENOMEM', 'ENOMEM: mlock: part of the range is not mapped, or may not be accessed.')
}

/**
 * `pin_user_pages_fast`: pins pages ascending, faulting them in; answers how many it got before the
 * first that it could not. `EFAULT`, `ENOMEM` where that is the first one.
 */
export function sysPin(world: World, mm: Mm, vpn: number, pages: number, how: PinHow): number {
  return pinUserPages(world, mm, vpn, pages, how)
}

/** Drops every pin that `sysPin` took for this mm. */
export function sysUnpin(world: World, mm: Mm): void {
  unpinUserPages(world, mm)
}

/** A write of `value` to /proc/self/clear_refs. */
export function sysClearRefs(world: World, mm: Mm, value: number): void {
  if (!clearRefs(world, mm, value))
    throw new EngineError('EINVAL', `EINVAL: clear_refs knows 1 to 5, not ${value}.`)
}

/** `prctl(PR_SET_THP_DISABLE)`. */
export function sysThpDisable(_world: World, mm: Mm, disable: boolean): void {
  mm.flags = disable ? mm.flags | MMF_DISABLE_THP : mm.flags & ~MMF_DISABLE_THP
}

/**
 * `prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME)` with a name that OnePlus' kernel looks for ("libc_malloc"):
 * marks the range for blocks. Answers whether the kernel did; others take the name and do nothing.
 * `ENOMEM` where part of the range is not mapped, after the rest was named.
 */
export function sysMarkChp(world: World, mm: Mm, vpn: number, pages: number): boolean {
  return markVmas(world, mm, vpn, pages)
}

/**
 * `prctl(PR_SET_TAGGED_ADDR_CTRL)`: what a tag that does not match does from now on. `EINVAL` without the
 * memory tagging extension.
 */
export function sysTagCheck(world: World, mm: Mm, check: Mm['tagCheck']): void {
  if (world.mte === undefined) {
    throw new EngineError('EINVAL', 'EINVAL: prctl: tag checks without the memory tagging extension.')
  }
  mm.tagCheck = check
}

/** Granules of 16 bytes of a page that hold tags: `nr` of them from `first` on. */
export interface TagGranules {
  readonly first: number
  readonly nr: number
}

/**
 * STG on granules of the pages, by default on all, ascending, until the first signal; `tag` says which tag a
 * page gets.
 */
export function userSetTags(
  world: World,
  mm: Mm,
  vpn: number,
  pages: number,
  tag: (page: number) => number,
  part?: TagGranules
): AccessOutcome {
  return eachPage(mm, vpn, pages, 1, (page) => {
    const pfn = untaggedAccess(world, mm, page, true)
    storeTags(world, mm, page, pfn, tag(page), part?.first, part?.nr)
  })
}

/** LDG on granules of the pages, by default on all; `seen` is told the tags of each page, one bit a tag. */
export function userGetTags(
  world: World,
  mm: Mm,
  vpn: number,
  pages: number,
  seen: (page: number, tags: number) => void,
  part?: TagGranules
): AccessOutcome {
  return eachPage(mm, vpn, pages, 1, (page) => {
    const pfn = untaggedAccess(world, mm, page, false)
    seen(page, loadTags(world, mm, page, pfn, part?.first, part?.nr))
  })
}

/** `swapoff(2)` of the swap area, if there is one; `ENOMEM` without memory for what is on it. */
export function sysSwapoff(world: World): void {
  swapoff(world)
}

/** A later pass of reclaim over the swap cache: frees what nothing maps and is written; answers how many folios. */
export function sysReclaimSwapCache(world: World): number {
  return reclaimSwapCache(world)
}

/** `fork(2)`: the child's mm. */
export function sysFork(world: World, mm: Mm, childPid: number): Mm {
  return forkMm(world, mm, childPid)
}

/** The process ends; its mm is gone. */
export function sysExit(world: World, mm: Mm): void {
  exitMm(world, mm)
}

/**
 * Stores one byte into pages `vpn + i * step`, ascending, until the end or the first signal; `value`
 * says what page `vpn + i * step` gets (1..255; 0 writes a zero).
 */
export function userWrite(
  world: World,
  mm: Mm,
  vpn: number,
  pages: number,
  step: number,
  value: (page: number) => number
): AccessOutcome {
  return eachPage(mm, vpn, pages, step, (page) => {
    storePage(world, mm, page, value(page))
  })
}

/** Loads one byte of each page; `seen` is told what page `vpn + i * step` held. */
export function userRead(
  world: World,
  mm: Mm,
  vpn: number,
  pages: number,
  step: number,
  seen: (page: number, value: number) => void
): AccessOutcome {
  return eachPage(mm, vpn, pages, step, (page) => {
    seen(page, loadPage(world, mm, page))
  })
}

function eachPage(
  mm: Mm,
  vpn: number,
  pages: number,
  step: number,
  access: (page: number) => void
): AccessOutcome {
  let done = 0
  for (let at = 0; at < pages; at += step) {
    try {
      access(vpn + at)
    } catch (error) {
      if (!(error instanceof EngineError)) throw error
      if (error.code === 'EFAULT') return { done, signal: 'SIGSEGV' }
      if (error.code === 'EIO') return { done, signal: 'SIGBUS' }
      if (error.code === 'tag-fault') return { done, signal: 'SIGSEGV(MTE)' }
      throw error
    }
    done++
  }
  // The kernel is entered next, and finds what asynchronous checks noted.
  if (!mm.tagFault) return { done }
  mm.tagFault = false
  return { done, signal: 'SIGSEGV(MTE async)' }
}
