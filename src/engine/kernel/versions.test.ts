/** What the releases between the recorded ones do differently: reference `swap-reclaim.md`, `thp-sysfs.md`, `contpte.md`. */
import { describe, expect, it } from 'vitest'
import { kernelByName } from '.'
import { CONT } from '../arch/descriptor'
import { checkWorld } from '../check'
import { newMm } from '../mm/fork'
import { findSlot } from '../mm/walk'
import * as sys from '../syscalls'
import { VM } from '../trace/vmstat'
import { World } from '../world'

const N = 16

/** A mapping of one 64K folio that was written. */
function start(name: string, synchronous = true) {
  const world = new World({
    kernel: kernelByName(name),
    granule: '4K',
    memoryBytes: 2 ** 26,
    swapBytes: 2 ** 24,
    swapDevice: { synchronous }
  })
  world.thp.sizes[4] = 'always'
  const mm = newMm(world, 1)
  sys.sysMmap(world, mm, { vpn: 0, pages: N, prot: 'rw' })
  sys.userWrite(world, mm, 0, N, 1, () => 7)
  const read = (from: number, n: number) => {
    const before = world.counters.get('fault')
    const values: number[] = []
    sys.userRead(world, mm, from, n, 1, (_address, value) => values.push(value))
    expect(values).toEqual(new Array(n).fill(7))
    return world.counters.get('fault') - before
  }
  const pte = (page: number) => {
    const slot = findSlot(world, mm, page)
    return { attr: world.tables.attr(slot), pfn: world.tables.pfn(slot) }
  }
  return { world, mm, read, pte, order: () => world.folios.order(pte(3).pfn) }
}

describe('a folio of 16 pages is swapped out, and all of it is read', () => {
  // Section 6: up to 6.9 it is split before; then it goes whole.
  const left = {
    'linux-6.8': [16, 0],
    'linux-6.9': [16, 0],
    'linux-6.10': [16, 4],
    'linux-6.11': [1, 4],
    'linux-6.12': [1, 4]
  }
  it.each(Object.entries(left))('%s, still in the swap cache: %j faults, order', (name, [faults, order]) => {
    const at = start(name, false)
    sys.sysMadvise(at.world, at.mm, 0, N, 'pageout')
    expect(at.read(3, 1)).toBe(1)
    expect(at.order()).toBe(order)
    expect(1 + at.read(0, N)).toBe(faults)
    expect(checkWorld(at.world)).toBeUndefined()
  })

  const gone = { 'linux-6.8': [16, 0], 'linux-6.10': [16, 0], 'linux-6.11': [16, 0], 'linux-6.12': [1, 4] }
  it.each(Object.entries(gone))(
    '%s, from a synchronous device: %j faults, order',
    (name, [faults, order]) => {
      const at = start(name)
      sys.sysMadvise(at.world, at.mm, 0, N, 'pageout')
      expect(at.read(3, 1)).toBe(1)
      expect(at.order()).toBe(order)
      expect(1 + at.read(0, N)).toBe(faults)
      expect(checkWorld(at.world)).toBeUndefined()
    }
  )
})

describe('an exclusive page that a load brings back', () => {
  it.each([
    ['linux-6.10', 1],
    ['linux-6.11', 0],
    ['linux-6.12', 0]
  ] as const)('%s: a store after it takes %i faults more', (name, more) => {
    const at = start(name, false)
    sys.sysMadvise(at.world, at.mm, 0, N, 'pageout')
    at.read(0, N)
    const before = at.world.counters.get('fault')
    sys.userWrite(at.world, at.mm, 5, 1, 1, () => 8)
    expect(at.world.counters.get('fault') - before).toBe(more)
  })
})

describe('a PMD-sized folio just faulted in', () => {
  const huge = (name: string, shrinkUnderused = 1) => {
    const world = new World({ kernel: kernelByName(name), granule: '4K', memoryBytes: 2 ** 26 })
    world.thp.sizes[9] = 'always'
    world.thp.shrinkUnderused = shrinkUnderused
    const mm = newMm(world, 1)
    sys.sysMmap(world, mm, { vpn: 0, pages: 512, prot: 'rw' })
    sys.userWrite(world, mm, 0, 1, 1, () => 1)
    expect(world.vm[VM.thp_fault_alloc]).toBe(1)
    return world.deferred.size
  }
  it.each(['linux-6.8', 'linux-6.9', 'linux-6.10', 'linux-6.11'])('is on no list in %s', (name) => {
    expect(huge(name)).toBe(0)
  })
  it('is on the deferred-split list in 6.12, while shrink_underused is 1', () => {
    expect([huge('linux-6.12'), huge('linux-6.12', 0)]).toEqual([1, 0])
  })
})

describe('6.8', () => {
  it('has sizes and no contiguous entries; the layer came with 6.9', () => {
    const folded = (name: string) => (start(name).pte(3).attr & CONT) !== 0
    expect([folded('linux-6.8'), folded('linux-6.9')]).toEqual([false, true])
  })
})
