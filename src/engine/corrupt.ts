/**
 * Entries written behind the kernel's back, as a bug would write them: for experiments that show what
 * the checker and the hardware make of it. Nothing else of the machine learns of it.
 */
import {
  AF,
  CONT,
  SWAP,
  SWAP_TYPE_SHIFT,
  VALID,
  WRITE,
  isSwapType,
  mkclean,
  mkdirty
} from './arch/descriptor'
import { EngineError } from './error'
import type { Mm } from './mm/mm'
import { findSlot } from './mm/walk'
import type { World } from './world'

/** What to change; the rest of the entry stays. */
export interface Corruption {
  readonly contiguous?: boolean
  readonly valid?: boolean
  readonly writable?: boolean
  readonly young?: boolean
  readonly dirty?: boolean
  readonly pfn?: number
  /** Becomes a swap entry of slot 1, which nobody owns. */
  readonly swap?: true
}

/** Changes the last-level entry of `vpn`. Throws `bad-argument` where there is none. */
export function corruptEntry(world: World, mm: Mm, vpn: number, change: Corruption): void {
  const { tables } = world
  const slot = findSlot(world, mm, vpn)
  const before = slot === 0 ? 0 : tables.attr(slot)
  if (before === 0 || isSwapType(before))
    throw new EngineError('bad-argument', 'corrupt: the page has no present last-level entry.')
  if (change.swap === true) {
    tables.set(slot, SWAP | (1 << SWAP_TYPE_SHIFT), 1)
    return
  }
  const bit = (attr: number, mask: number, on: boolean | undefined): number =>
    on === undefined ? attr : on ? attr | mask : attr & ~mask
  let attr = bit(before, CONT, change.contiguous)
  attr = bit(attr, VALID, change.valid)
  attr = bit(attr, WRITE, change.writable)
  attr = bit(attr, AF, change.young)
  if (change.dirty !== undefined) attr = change.dirty ? mkdirty(attr) : mkclean(attr)
  tables.set(slot, attr, change.pfn ?? tables.pfn(slot))
}
