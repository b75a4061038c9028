/**
 * Loads and stores of a user program: the hardware walk with its access-flag and dirty updates, and
 * a fault where the walk does not allow the access. Where the machine has TLBs they stand between.
 * Source: reference `architecture.md` section 4 (H1-H3).
 */
import { AF, RDONLY, VALID, WRITE } from '../arch/descriptor'
import { translate } from '../arch/translate'
import type { World } from '../world'
import { handleFault } from './fault'
import type { Mm } from './mm'
import { findSlot } from './walk'

/** Faults that one access may take before it counts as stuck. */
const MAX_FAULTS = 8

/** Touches pages `[vpn, end)` in ascending order. Throws `EFAULT`, `ENOMEM` at the page it stops at. */
export function accessRange(world: World, mm: Mm, vpn: number, end: number, write: boolean): void {
  const entries = world.geometry.tableEntries
  while (vpn < end) {
    const next = Math.min(vpn - (vpn % entries) + entries, end)
    let slot = findSlot(world, mm, vpn)
    for (let faults = 0; vpn < next;) {
      const hits =
        world.tlbs === undefined
          ? slot !== 0 && walkHits(world, slot, write)
          : translate(world, world.tlbs, mm, vpn, write) >= 0
      if (hits) {
        vpn++
        slot++
        faults = 0
        continue
      }
      if (faults++ === MAX_FAULTS) throw new Error(`access to page ${vpn} makes no progress`)
      handleFault(world, mm, vpn, write)
      slot = findSlot(world, mm, vpn)
    }
  }
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
  attrs[offset] = after
  return true
}
