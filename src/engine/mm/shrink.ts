/**
 * The shrinker of the deferred-split list: folios that are partially mapped are split, so that their pages
 * which nothing maps become free; so are folios of the PMD size that hold mostly zeroes (6.12).
 * Source: reference `thp-sysfs.md` section 8; linux-6.12 mm/huge_memory.c (`deferred_split_scan`,
 * `thp_underused`).
 */
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { unqueueDeferred } from './deferred'
import { FOLIO_LOCKED, FOLIO_PARTIALLY_MAPPED, FOLIO_SWAPCACHE } from './folio'
import { findMapping } from './rmap-walk'
import { splitFolio } from './split-folio'

/** Goes through the list, oldest first, until `pages` pages more are free; answers how many are. */
export function shrinkDeferred(world: World, pages: number): number {
  const { folios, deferred, vm, kernel } = world
  const { buddy } = folios
  const before = buddy.freePages
  for (const head of [...deferred]) {
    if (buddy.freePages - before >= pages) break
    const flags = folios.flags(head)
    if ((flags & (FOLIO_LOCKED | FOLIO_SWAPCACHE)) !== 0) continue
    const partially = kernel.deferredSplit === 'each-unmap' || (flags & FOLIO_PARTIALLY_MAPPED) !== 0
    if (!partially && !isUnderused(world, head)) {
      unqueueDeferred(world, head)
      continue
    }
    const near = findMapping(world, head, 1 << folios.order(head))
    if (near === undefined) continue
    folios.addRefs(head, 1)
    const split = splitFolio(world, head, 1, near)
    folios.put(head)
    if (split && !partially) vm[VM.thp_underused_split_page]++
  }
  return buddy.freePages - before
}

/** Whether more pages are all zeroes than khugepaged would fill up; with its default that never is so. */
function isUnderused({ folios, thp }: World, head: number): boolean {
  const nr = 1 << folios.order(head)
  const { max_ptes_none: most } = thp.khugepaged
  if (most >= nr - 1) return false
  let zeroes = 0
  for (let i = 0; i < nr; i++) if (folios.content(head + i) === 0) zeroes++
  return zeroes > most
}
