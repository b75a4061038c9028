/**
 * Loads and stores of a user program: the hardware walk with its access-flag and dirty updates, and
 * a fault where the walk does not allow the access. Where the machine has TLBs they stand between.
 * Source: reference `architecture.md` section 4 (H1-H3).
 */
import { AF, RDONLY, VALID, WRITE } from '../arch/descriptor'
import { translate } from '../arch/translate'
import { EngineError } from '../error'
import { checkTag } from '../mte/access'
import type { World } from '../world'
import { handleFault } from './fault'
import type { Mm } from './mm'
import { findLeaf, findSlot, leafPages } from './walk'

/** Faults that one access may take before it counts as stuck. */
const MAX_FAULTS = 8

/**
 * Touches pages `[vpn, end)` in ascending order. Throws at the page it stops at: `EFAULT` (SIGSEGV),
 * `EIO` (SIGBUS), `ENOMEM`.
 */
export function accessRange(world: World, mm: Mm, vpn: number, end: number, write: boolean): void {
  if (mm.tagCheck !== 'none') {
    for (; vpn < end; vpn++) accessPage(world, mm, vpn, write)
    return
  }
  const entries = world.geometry.tableEntries
  while (vpn < end) {
    const next = Math.min(vpn - (vpn % entries) + entries, end)
    let slot = world.tlbs === undefined ? findSlot(world, mm, vpn) : 0
    while (vpn < next) {
      if (slot !== 0 && walkHits(world, slot, write)) {
        world.trace?.accessed(mm, vpn, write, world.tables.pfn(slot))
        vpn++
        slot++
        continue
      }
      accessPage(world, mm, vpn, write)
      vpn++
      slot = world.tlbs === undefined && vpn < next ? findSlot(world, mm, vpn) : 0
    }
  }
}

/**
 * Touches one page and answers the frame that was accessed. Throws as `accessRange`, and `tag-fault`
 * where the tag of the pointer is checked and is not that of the granule.
 */
export function accessPage(
  world: World,
  mm: Mm,
  vpn: number,
  write: boolean,
  pointerTag = 0,
  granule = 0
): number {
  const pfn = untaggedAccess(world, mm, vpn, write)
  if (mm.tagCheck !== 'none') checkTag(world, mm, vpn, pfn, granule, pointerTag)
  return pfn
}

/** The access without a tag check, as STG and LDG make it themselves. */
export function untaggedAccess(world: World, mm: Mm, vpn: number, write: boolean): number {
  for (let faults = 0; ; faults++) {
    const pfn =
      world.tlbs === undefined
        ? walkHardware(world, mm, vpn, write)
        : translate(world, world.tlbs, mm, vpn, write)
    if (pfn >= 0) {
      world.trace?.accessed(mm, vpn, write, pfn)
      return pfn
    }
    if (faults === MAX_FAULTS) throw noProgress(vpn, write)
    handleFault(world, mm, vpn, write)
  }
}

function noProgress(vpn: number, write: boolean): EngineError {
  const what = write ? 'store to' : 'load from'
  return new EngineError('no-progress', `The ${what} page ${vpn} still faults after ${MAX_FAULTS} faults.`)
}

/** The frame that a walk without any TLB leads to, -1 where it faults. */
function walkHardware(world: World, mm: Mm, vpn: number, write: boolean): number {
  const { tables } = world
  const slot = findSlot(world, mm, vpn)
  if (slot !== 0) return walkHits(world, slot, write) ? tables.pfn(slot) : -1
  const leaf = findLeaf(world, mm, vpn)
  if (leaf === 0 || !walkHits(world, leaf, write)) return -1
  return tables.pfn(leaf) + (vpn % leafPages(world, mm, vpn))
}

/** Whether hardware completes the access; then it has recorded it in that one entry. */
function walkHits(world: World, slot: number, write: boolean): boolean {
  const { tables } = world
  const attrs = tables.attrs[slot >>> tables.chunkShift]
  const offset = slot & tables.chunkMask
  const attr = attrs[offset]
  if ((attr & VALID) === 0) return false
  let after = attr | AF
  if (write && (attr & RDONLY) !== 0) {
    if ((attr & WRITE) === 0) return false
    after &= ~RDONLY
  }
  if (after === attr) return true
  if (!world.cpu.hafdbs) return false
  if (tables.traced) tables.record(slot, after)
  else attrs[offset] = after
  return true
}

/** Stores `value`, 0 to 255, to one page. */
export function storePage(world: World, mm: Mm, vpn: number, value: number): void {
  const { folios } = world
  const pfn = accessPage(world, mm, vpn, true)
  if (value !== 0 || folios.content(pfn) !== 0) folios.setContent(pfn, value)
}

/** Loads what one page holds. */
export function loadPage(world: World, mm: Mm, vpn: number): number {
  return world.folios.content(accessPage(world, mm, vpn, false))
}
