/**
 * Pinning user pages: `pin_user_pages_fast`, which first walks the tables without locks and falls back
 * to faults, and `unpin_user_pages`. What is pinned is remembered in the mm, in the order it was.
 * Source: linux-6.12 and linux-6.1 mm/gup.c; counts recorded; pins in fork: reference `fork.md` section 6.
 */
import { PROT_NONE, SPECIAL, VALID, WRITE, isPmdLeaf } from '../arch/descriptor'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { ANON, FOLIO_FILE, FOLIO_REFERENCED } from './folio'
import { pinSlowly } from './gup-slow'
import { MMF_HAS_PINNED, type Mm } from './mm'
import { findPmd, findSlot } from './walk'

/** What a page is pinned for. */
export interface PinHow {
  /** FOLL_WRITE: pages must be writable, and so are this process's own. */
  readonly write: boolean
  /** FOLL_LONGTERM. */
  readonly longterm: boolean
}

/**
 * Pins pages `[vpn, vpn + pages)`, ascending, and answers how many it got before the first that cannot
 * be had. Throws `EFAULT` where that is the first one, `ENOMEM`.
 */
export function pinUserPages(world: World, mm: Mm, vpn: number, pages: number, how: PinHow): number {
  const { calls } = world
  calls[FN.pin_user_pages_fast]++
  if (world.kernel.functionNames === 'linux-6.12') calls[FN.gup_fast_fallback]++
  mm.flags |= MMF_HAS_PINNED
  const fast = pinFast(world, mm, vpn, vpn + pages, how)
  if (fast === pages) return fast
  return fast + pinSlowly(world, mm, vpn + fast, vpn + pages, how, fast > 0)
}

/** `gup_fast`: as far as tables hold what is asked for. */
function pinFast(world: World, mm: Mm, vpn: number, end: number, how: PinHow): number {
  const { tables, geometry } = world
  let at = vpn
  while (at < end) {
    const next = Math.min(at - (at % geometry.tableEntries) + geometry.tableEntries, end)
    const pmd = findPmd(world, mm, at)
    if (pmd === 0) break
    if (isPmdLeaf(tables.attr(pmd))) {
      if (!pinLeaf(world, mm, pmd, at % geometry.tableEntries, next - at, how)) break
      at = next
      continue
    }
    const slot = findSlot(world, mm, at)
    const pinned = slot === 0 ? 0 : pinEntries(world, mm, slot, next - at, how)
    at += pinned
    if (at < next) break
  }
  return at - vpn
}

/** `gup_fast_pte_range`: answers how many of `nr` entries it got through. */
function pinEntries(world: World, mm: Mm, slot: number, nr: number, how: PinHow): number {
  const { ops, tables, folios } = world
  for (let done = 0; done < nr; done++) {
    const entry = ops.ptepGetLockless(mm, slot + done)
    if (!isPermitted(entry, how) || (entry & SPECIAL) !== 0) return done
    const pfn = tables.pfn(slot + done)
    // A OnePlus block of the huge zero page.
    if (folios.word(pfn) === 0) return done
    grabFast(world, pfn, 1)
    // The entry must not have changed since the folio was looked up.
    ops.ptepGet(mm, slot + done)
    if (!isAllowed(world, pfn, how) || mustUnshare(world, pfn, entry, how)) {
      dropPins(world, pfn, 1)
      return done
    }
    folios.setFlags(pfn, FOLIO_REFERENCED)
    mm.pinned.push(pfn)
  }
  return nr
}

/** `gup_fast_pmd_leaf`: `nr` pages from page `index` of a leaf, with one update of the counts. */
function pinLeaf(world: World, mm: Mm, pmd: number, index: number, nr: number, how: PinHow): boolean {
  const { tables, folios } = world
  const entry = tables.attr(pmd)
  const head = tables.pfn(pmd)
  if (!isPermitted(entry, how) || folios.word(head) === 0) return false
  grabFast(world, head, nr)
  if (!isAllowed(world, head, how) || mustUnshare(world, head, entry, how)) {
    dropPins(world, head, nr)
    return false
  }
  folios.setFlags(head, FOLIO_REFERENCED)
  for (let i = 0; i < nr; i++) mm.pinned.push(head + index + i)
  return true
}

/** `pte_access_permitted`, and not hidden for NUMA hinting. */
function isPermitted(entry: number, how: PinHow): boolean {
  if ((entry & (VALID | PROT_NONE)) !== VALID) return false
  return !how.write || (entry & WRITE) !== 0
}

/** `try_grab_folio_fast` (`try_grab_folio` in 6.1) of a page that is not the zero page. */
function grabFast(world: World, pfn: number, nr: number): void {
  const { calls, kernel, folios } = world
  calls[kernel.functionNames === 'linux-6.12' ? FN.try_grab_folio_fast : FN.try_grab_folio]++
  calls[FN.try_get_folio]++
  folios.addPins(pfn, nr)
}

/** `gup_fast_folio_allowed`: no long-term writes behind the back of a file system; tmpfs does not mind. */
function isAllowed(world: World, pfn: number, how: PinHow): boolean {
  const { calls, kernel, folios } = world
  if (kernel.functionNames === 'linux-6.12') calls[FN.gup_fast_folio_allowed]++
  if (!how.write || !how.longterm || (folios.word(pfn) & ANON) !== 0) return true
  return (folios.flags(pfn) & FOLIO_FILE) === 0
}

/** `gup_must_unshare` without a VMA: a page only read from must not change under a later copy-on-write. */
function mustUnshare(world: World, pfn: number, entry: number, how: PinHow): boolean {
  if ((entry & WRITE) !== 0 || how.write || !world.kernel.anonExclusive) return false
  if ((world.folios.word(pfn) & ANON) !== 0) return !world.folios.isExclusive(pfn)
  return how.longterm && world.kernel.functionNames === 'linux-6.12'
}

/** `gup_put_folio` of `nr` pins. */
function dropPins(world: World, pfn: number, nr: number): void {
  world.calls[FN.gup_put_folio]++
  world.folios.dropPins(pfn, nr)
}

/**
 * `unpin_user_pages` of everything this mm pinned: pages of one folio that follow each other in the
 * list are put together.
 */
export function unpinUserPages(world: World, mm: Mm): void {
  const { folios } = world
  const { pinned } = mm
  for (let i = 0; i < pinned.length;) {
    const head = folios.head(pinned[i])
    let nr = 1
    while (i + nr < pinned.length && folios.head(pinned[i + nr]) === head) nr++
    dropPins(world, head, nr)
    i += nr
  }
  pinned.length = 0
}
