/**
 * fork of OnePlus 5.15: a block is copied whole, with one reference, one whole mapping and one update
 * of the resident set. Source: reference `oneplus.md` section 4 (copy_pte_range,
 * copy_present_cont_pte; Barry Song, 27 and 28 Nov 2023, messages #34 and #35 of thread 001).
 */
import { AF, WRITE, mkclean, wrprotect } from '../../arch/descriptor'
import { isBlockEntry } from '../../contpte/exposed'
import { COUNTER_INDEX } from '../../trace/counters'
import type { World } from '../../world'
import { copyPerPte } from '../fork-per-pte'
import { NEEDS_PAGE, type CopySection } from '../fork-section'
import type { Mm } from '../mm'
import { VM_CHP, blockOps, isHugeZero } from './block'
import { splitBlock } from './split'

const READ = COUNTER_INDEX.read
const FOLIO_REF = COUNTER_INDEX.folioRef
const MAPCOUNT = COUNTER_INDEX.mapcount
const RSS = COUNTER_INDEX.rss

/** Progress of a block, however many entries it has: a block counts as one page. */
export const PROGRESS_BLOCK = 8

/** Copies what lies at `slot`: a block whole, anything else entry by entry. */
export function copyExposed(
  section: CopySection,
  slot: number,
  childSlot: number,
  entry: number,
  limit: number
): number {
  return isBlockEntry(entry)
    ? copyBlock(section, slot, childSlot, limit)
    : copyPerPte(section, slot, childSlot, entry, limit)
}

/**
 * `copy_present_cont_pte`; answers how many entries that is. `NEEDS_PAGE` where the range ends inside
 * the block or the folio may be pinned: then the parent's block has been split, and fork comes back to
 * its entries with a page in hand.
 */
function copyBlock(section: CopySection, slot: number, childSlot: number, limit: number): number {
  const { world, parent, child, cow, shared } = section
  const { tables, folios } = world
  const ops = blockOps(world)
  // The caller tested it for none and for the contiguous bit; this function loads it once more.
  parent.count(READ, 1)
  const entry = tables.attr(slot)
  const pfn = tables.pfn(slot)
  const zero = isHugeZero(world, pfn)
  if ((slot & ops.mask) !== 0 || limit < ops.c || (!zero && cow && folios.pincount(pfn) > 0)) {
    splitBlock(world, parent, slot)
    return NEEDS_PAGE
  }
  if (!zero) {
    folios.addRefs(pfn, 1)
    child.count(FOLIO_REF, 1)
    world.probe?.('fork: references', pfn)
    folios.addEntire(pfn, 1)
    child.count(MAPCOUNT, 1)
    world.probe?.('fork: mapping', pfn)
    section.anon += ops.c
    child.count(RSS, 1)
  }
  let copy = entry
  if (cow && (entry & WRITE) !== 0) {
    ops.blockWrprotect(parent, slot)
    copy = wrprotect(entry)
  }
  if (shared) copy = mkclean(copy)
  ops.blockSet(child, childSlot, pfn, copy & ~AF)
  return ops.c
}

/**
 * Whether fork may drop the locks before the entry of `vpn`: in a marked VMA only between blocks, for
 * a block could come into being around the place it left (Barry Song, message #35). Progress starts
 * again at 0 also where it may not.
 */
export function mayBreakHere(world: World, parent: Mm, vpn: number): boolean {
  const marked = ((parent.vmaAt(vpn)?.flags ?? 0) & VM_CHP) !== 0
  return !marked || vpn % world.geometry.contPtes === 0
}
