/**
 * Collapse of private anonymous memory: whole PMD ranges become PMD leaves of new folios. MADV_COLLAPSE does
 * so whatever sysfs says; khugepaged (`khugepaged-scan.ts`) also asks the settings, and how many entries are
 * empty, swapped, shared or old (`CollapseLimits`).
 * Source: Linux 6.1 and 6.12, mm/khugepaged.c (`madvise_collapse`, `hugepage_vma_revalidate`,
 * `hpage_collapse_scan_pmd`, `collapse_huge_page`); reference `thp-sysfs.md` section 9; recorded counts.
 */
import { AF, TABLE, UFFD_WP, WRITE, isPmdLeaf, isPresent } from '../arch/descriptor'
import { EngineError } from '../error'
import { isHugetlb } from '../hugetlb/vma'
import { orderFits, orderFitsSomewhere, vmaRefusal } from '../thp/orders'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { collapseInto, isEmptyOrZero, isRefcountSuitable, type ScanResult } from './collapse-copy'
import { isModern } from './fault-anon'
import { swapFault } from './fault-swap'
import { ANON, FOLIO_LOCKED, FOLIO_LRU } from './folio'
import type { Advised } from './madvise-flags'
import { pageMapcount } from './mapcount'
import type { Mm, Vma } from './mm'
import { allocFolio, type Effort } from './pressure'
import { isUserfaultArmed } from './userfault'
import { findPmd } from './walk'

/** After these the next range is tried all the same. */
const GOES_ON: ReadonlySet<ScanResult> = new Set<ScanResult>([
  'pmd-null',
  'non-present',
  'uffd-wp',
  'page-ro',
  'page-null',
  'page-count',
  'page-lock',
  'page-lru',
  'del-page-lru'
])

/** What somebody else did to the page may be over soon. */
const PASSES: ReadonlySet<ScanResult> = new Set<ScanResult>([
  'page-count',
  'page-lock',
  'page-lru',
  'del-page-lru'
])

/** `madvise_collapse_errno`. */
function errnoOf(world: World, result: ScanResult): Advised {
  if (result === 'alloc-failed') return 'ENOMEM'
  if (result === 'exceed-none' && isModern(world)) return 'EBUSY'
  return PASSES.has(result) ? 'EAGAIN' : 'EINVAL'
}

/**
 * MADV_COLLAPSE on the part `[start, end)` of one VMA: every whole PMD range in it. `EINVAL` where the VMA
 * may not have huge pages or nothing of it was ever faulted in, and where a range cannot be collapsed;
 * `EAGAIN` where a page was in use; `ENOMEM` without memory. Files of shared memory are not modelled.
 */
export function adviseCollapse(world: World, mm: Mm, vma: Vma, start: number, end: number): Advised {
  const { calls, geometry, lru } = world
  // 5.15 does not know this advice.
  if (world.kernel.faultOrders === 'exposed') return 'EINVAL'
  calls[FN.madvise_collapse]++
  if (isHugetlb(vma)) {
    calls[isModern(world) ? FN.__thp_vma_allowable_orders : FN.hugepage_vma_check]++
    return 'EINVAL'
  }
  if (vma.file !== undefined)
    throw new EngineError('not-modelled', 'madvise(collapse) of shared memory is not simulated yet.')
  if (!mayCollapse(world, mm, vma)) return 'EINVAL'
  lru.drainAll()
  const nr = 2 ** geometry.pmdOrder
  const first = Math.ceil(start / nr) * nr
  let last = Math.floor(end / nr) * nr
  let collapsed = 0
  let failed: ScanResult = 'fail'
  let unlocked = false
  for (let at = first; at < last; at += nr) {
    let result: ScanResult
    if (unlocked) {
      result = revalidate(world, mm, at, false)
      if (result !== 'succeed') {
        failed = result
        break
      }
      last = Math.min(last, Math.floor((mm.vmaAt(at)?.end ?? at) / nr) * nr)
    }
    result = scanRange(world, mm, mm.vmaAt(at) ?? vma, at)
    unlocked = result === 'succeed'
    if (unlocked) result = collapseRange(world, mm, at, 'direct')
    if (result === 'succeed' || result === 'pmd-mapped') collapsed++
    else {
      failed = result
      if (!GOES_ON.has(result)) break
    }
  }
  return collapsed === (last - first) / nr ? undefined : errnoOf(world, failed)
}

/** `thp_vma_allowable_order` (6.8+) or `hugepage_vma_check`, for a collapse that does not ask sysfs. */
function mayCollapse(world: World, mm: Mm, vma: Vma): boolean {
  world.calls[isModern(world) ? FN.__thp_vma_allowable_orders : FN.hugepage_vma_check]++
  if (vmaRefusal(mm, vma.flags) !== undefined) return false
  return orderFitsSomewhere(vma, world.geometry.pmdOrder) && vma.anonVma !== 0
}

/** `hugepage_vma_revalidate`: the lock was dropped, so the VMA is looked up and asked again. */
function revalidate(world: World, mm: Mm, vpn: number, expectAnon: boolean): ScanResult {
  world.calls[FN.hugepage_vma_revalidate]++
  if (isModern(world) && vmaRefusal(mm, 0) !== undefined) return 'any-process'
  const vma = mm.vmas.at(mm.vmaIndex(vpn))
  if (vma === undefined) return 'vma-null'
  if (!orderFits(vma, vpn, world.geometry.pmdOrder)) return 'address-range'
  if (!mayCollapse(world, mm, vma)) return 'vma-check'
  return expectAnon && vma.file !== undefined ? 'page-anon' : 'succeed'
}

/** `find_pmd_or_thp_or_none`. */
function pmdState(world: World, mm: Mm, vpn: number): ScanResult {
  world.calls[FN.mm_find_pmd]++
  const pmd = findPmd(world, mm, vpn)
  if (pmd === 0) return 'pmd-null'
  const attr = world.tables.attr(pmd)
  if (attr === 0) return 'pmd-none'
  if (isPmdLeaf(attr)) return 'pmd-mapped'
  return (attr & TABLE) === TABLE ? 'succeed' : 'pmd-null'
}

/** The first entry of the table that covers `vpn`. */
function tableOf(world: World, mm: Mm, vpn: number): number {
  return world.tables.pfn(findPmd(world, mm, vpn)) << world.geometry.tableShift
}

/** What khugepaged asks for and MADV_COLLAPSE does not: entries of each kind that a range may have. */
export interface CollapseLimits {
  readonly none: number
  readonly swap: number
  readonly shared: number
}

/**
 * `hpage_collapse_scan_pmd`: looks at every entry; `succeed` says that the range may be collapsed. With
 * limits it ends at the entry that goes beyond one.
 */
export function scanRange(world: World, mm: Mm, vma: Vma, vpn: number, limits?: CollapseLimits): ScanResult {
  const { ops, geometry, calls } = world
  calls[FN.hpage_collapse_scan_pmd]++
  const state = pmdState(world, mm, vpn)
  if (state !== 'succeed') return state
  const slot = tableOf(world, mm, vpn)
  let writable = false
  const seen = { none: 0, swap: 0, shared: 0, young: 0 }
  for (let i = 0; i < geometry.tableEntries; i++) {
    const entry = ops.ptepGet(mm, slot + i)
    if (entry !== 0 && !isPresent(entry)) {
      if (limits !== undefined && ++seen.swap > limits.swap) return 'exceed-swap'
      if ((entry & UFFD_WP) !== 0) return 'uffd-wp'
      continue
    }
    if (isEmptyOrZero(world, entry, slot + i)) {
      if (isUserfaultArmed(vma) || (limits !== undefined && ++seen.none > limits.none)) return 'exceed-none'
      continue
    }
    if ((entry & UFFD_WP) !== 0) return 'uffd-wp'
    if ((entry & WRITE) !== 0) writable = true
    calls[FN.vm_normal_page]++
    const pfn = world.tables.pfn(slot + i)
    if (limits !== undefined && pageMapcount(world, pfn) > 1 && ++seen.shared > limits.shared) {
      return 'exceed-shared'
    }
    const result = scanPage(world, pfn)
    if (result !== 'succeed') return result
    if ((entry & AF) !== 0) seen.young++
  }
  if (!writable) return 'page-ro'
  const old = seen.young === 0 || (seen.swap > 0 && seen.young < geometry.tableEntries / 2)
  return limits !== undefined && old ? 'lack-referenced' : 'succeed'
}

function scanPage(world: World, pfn: number): ScanResult {
  const { folios, calls } = world
  const modern = isModern(world)
  const anon = (folios.word(pfn) & ANON) !== 0
  if (modern && !anon) return 'page-anon'
  calls[FN.hpage_collapse_scan_abort]++
  const flags = folios.flags(pfn)
  if ((flags & FOLIO_LRU) === 0) return 'page-lru'
  if ((flags & FOLIO_LOCKED) !== 0) return 'page-lock'
  if (!anon) return 'page-anon'
  return isRefcountSuitable(world, pfn) ? 'succeed' : 'page-count'
}

/** `collapse_huge_page`: a new folio, the VMA and the table once more, then all that was swapped out. */
export function collapseRange(world: World, mm: Mm, vpn: number, effort: Effort): ScanResult {
  const { calls, folios, geometry, vm } = world
  calls[FN.collapse_huge_page]++
  if (isModern(world)) {
    calls[FN.alloc_charge_folio]++
    calls[FN.__folio_alloc_noprof]++
  }
  const pfn = allocFolio(world, geometry.pmdOrder, effort)
  if (pfn < 0) return 'alloc-failed'
  vm[VM.thp_collapse_alloc]++
  const result = collapseWith(world, mm, vpn, pfn)
  if (result !== 'succeed') folios.put(pfn)
  return result
}

function collapseWith(world: World, mm: Mm, vpn: number, pfn: number): ScanResult {
  const before = ready(world, mm, vpn)
  if (before !== 'succeed') return before
  const vma = mm.vmaAt(vpn)
  if (vma === undefined) return 'vma-null'
  const swapped = swapIn(world, mm, vma, vpn)
  if (swapped !== 'succeed') return swapped
  const after = ready(world, mm, vpn)
  if (after !== 'succeed') return after
  return collapseInto(world, mm, vma, vpn, pfn)
}

function ready(world: World, mm: Mm, vpn: number): ScanResult {
  const valid = revalidate(world, mm, vpn, true)
  return valid === 'succeed' ? pmdState(world, mm, vpn) : valid
}

/** `__collapse_huge_page_swapin`: reads back what is swapped out; asked only where the scan saw any. */
function swapIn(world: World, mm: Mm, vma: Vma, vpn: number): ScanResult {
  const { ops, tables, geometry, lru } = world
  const slot = tableOf(world, mm, vpn)
  const isSwap = (at: number) => tables.attr(at) !== 0 && !isPresent(tables.attr(at))
  let any = false
  for (let i = 0; i < geometry.tableEntries && !any; i++) any = isSwap(slot + i)
  if (!any) return 'succeed'
  for (let i = 0; i < geometry.tableEntries; i++) {
    const entry = ops.ptepGetLockless(mm, slot + i)
    if (entry === 0 || isPresent(entry)) continue
    try {
      swapFault(world, mm, vma, vpn + i, slot + i, entry, false)
    } catch (error) {
      if (error instanceof EngineError && error.code === 'ENOMEM') return 'fail'
      throw error
    }
  }
  lru.drain()
  return 'succeed'
}
