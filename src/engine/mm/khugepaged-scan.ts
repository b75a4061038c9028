/**
 * What khugepaged does when it wakes: it goes through the address spaces that registered, PMD range by PMD
 * range, and collapses what its files allow. There is no clock: one call is one wake-up.
 * Source: linux-6.1 and linux-6.12 mm/khugepaged.c (`khugepaged_do_scan`, `khugepaged_scan_mm_slot`,
 * `hpage_collapse_scan_pmd`); reference `thp-sysfs.md` section 3.3.
 */
import { orderAllowed, orderFits, orderFitsSomewhere, vmaRefusal } from '../thp/orders'
import type { World } from '../world'
import { collapseRange, scanRange, type CollapseLimits } from './collapse'
import { MMF_VM_HUGEPAGE, type Mm, type Vma } from './mm'
import { runBackground } from './pressure'

/** What a wake-up came to. */
export interface KhugepagedPass {
  /** Entries looked at: at most `pages_to_scan`, up to the end of a PMD range. */
  readonly scanned: number
  readonly collapsed: number
  /** Each range that was looked at: its first page, and `succeed` or why not. */
  readonly ranges: readonly { readonly pid: number; readonly vpn: number; readonly result: string }[]
}

/** One wake-up of the thread; it does nothing where the settings keep it stopped. */
export function runKhugepaged(world: World): KhugepagedPass {
  const { thp, thpStats, geometry } = world
  const files = thp.khugepaged
  const ranges: { pid: number; vpn: number; result: string }[] = []
  let scanned = 0
  let collapsed = 0
  if (!thp.khugepagedRuns) return { scanned, collapsed, ranges }
  const limits: CollapseLimits = {
    none: files.max_ptes_none,
    swap: files.max_ptes_swap,
    shared: files.max_ptes_shared
  }
  world.lru.drainAll()
  for (const { mm, vma, vpn } of from(world)) {
    if (scanned >= files.pages_to_scan) {
      world.khugepagedAt = { pid: mm.pid, vpn }
      return { scanned, collapsed, ranges }
    }
    let result = scanRange(world, mm, vma, vpn, limits)
    scanned += geometry.tableEntries
    if (result === 'succeed') {
      result = collapseRange(world, mm, vpn, files.defrag === 1 ? 'direct' : 'wake')
      if (result === 'succeed') {
        collapsed++
        thpStats.addKhugepaged('pages_collapsed')
      }
    }
    ranges.push({ pid: mm.pid, vpn, result })
    // Without memory the thread sleeps for alloc_sleep_millisecs.
    if (result === 'alloc-failed') {
      if (world.compaction.wanted > 0) runBackground(world)
      world.khugepagedAt = { pid: mm.pid, vpn }
      return { scanned, collapsed, ranges }
    }
  }
  thpStats.addKhugepaged('full_scans')
  world.khugepagedAt = undefined
  return { scanned, collapsed, ranges }
}

/** Every range that may be collapsed, from where the last wake-up ended. */
function from(world: World): { mm: Mm; vma: Vma; vpn: number }[] {
  const { geometry, khugepagedAt: at } = world
  const nr = 2 ** geometry.pmdOrder
  const found: { mm: Mm; vma: Vma; vpn: number }[] = []
  for (const mm of world.mms) {
    if ((mm.flags & MMF_VM_HUGEPAGE) === 0 || (at !== undefined && mm.pid < at.pid)) continue
    for (const vma of mm.vmas) {
      if (!isCandidate(world, mm, vma)) continue
      const first = Math.ceil(vma.start / nr) * nr
      for (let vpn = first; orderFits(vma, vpn, geometry.pmdOrder); vpn += nr) {
        if (at !== undefined && mm.pid === at.pid && vpn < at.vpn) continue
        found.push({ mm, vma, vpn })
      }
    }
  }
  return found
}

/** `thp_vma_allowable_order` (6.8+) or `hugepage_vma_check`, outside of a fault. */
function isCandidate({ thp, geometry }: World, mm: Mm, vma: Vma): boolean {
  if (vma.file !== undefined || vma.anonVma === 0 || vmaRefusal(mm, vma.flags) !== undefined) return false
  return orderAllowed(thp, geometry.pmdOrder, vma.flags) && orderFitsSomewhere(vma, geometry.pmdOrder)
}
