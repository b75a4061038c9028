import { SWAP } from '../arch/descriptor'
import { FOLIO_SWAPCACHE } from '../mm/folio'
import { SLOT_CACHED, SLOT_COUNT } from '../mm/swap'
import { forEachEntry, type Check } from './violation'

/**
 * Every slot of the swap area is counted by as many entries as name it, and is in use only while an
 * entry names it or a folio of the swap cache owns it.
 */
export const checkSwapSlots: Check = (world) => {
  const { swap, folios } = world
  if (swap === undefined) return undefined
  const named = new Uint16Array(swap.slots)
  for (const mm of world.mms) {
    forEachEntry(world, mm, (_vpn, attr, slot) => {
      if ((attr & SWAP) !== 0) named[slot]++
    })
  }
  let free = 0
  for (let slot = 1; slot < swap.slots; slot++) {
    const object = `swap slot ${slot}`
    const count = swap.map[slot] & SLOT_COUNT
    if (count !== named[slot])
      return {
        rule: 'swap-slot',
        object,
        found: `counted ${count} times, but ${named[slot]} entries name it`
      }
    const owner = swap.cache[slot]
    const cached = owner !== 0 && (folios.flags(owner) & FOLIO_SWAPCACHE) !== 0
    const held = (swap.map[slot] & SLOT_CACHED) !== 0
    if (cached !== held && !(held && count === 0 && swap.isParked(slot)))
      return { rule: 'swap-slot', object, found: 'owned by the swap cache and not, at once' }
    if (swap.map[slot] === 0) free++
  }
  if (free === swap.free) return undefined
  return { rule: 'swap-slot', object: 'the swap area', found: `${swap.free} slots free, ${free} found` }
}
