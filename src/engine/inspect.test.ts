import { expect, it } from 'vitest'
import { MARKER, MIGRATION, SWAP } from './arch/descriptor'
import { VIEW_BITS, viewMm } from './inspect'
import { createMachine } from './machine'
import { findSlot } from './mm/walk'

it('a view tells swap entries and migration entries from nothing', () => {
  const machine = createMachine({ kernel: 'no-contpte' })
  const process = machine.spawn()
  const region = process.mmap({ bytes: 16 * 4096 })
  region.write(0, 4)
  const { world } = machine
  const slot = findSlot(world, process.livingMm(), region.address / 4096)
  world.tables.set(slot, SWAP, 7)
  world.tables.set(slot + 1, MIGRATION, 9)
  world.tables.set(slot + 2, MARKER, 0)
  const [view] = viewMm(world, process.livingMm(), 16)
  const { swap, migration, marker, present } = VIEW_BITS
  expect(view.flags.slice(0, 5).map((flags) => flags & (swap | migration | marker | present))).toEqual([
    swap,
    migration,
    marker,
    present,
    0
  ])
})
