import { describe, expect, it } from 'vitest'
import { NEOVERSE_N1 } from '../arch/cpu'
import { checkWorld } from '../check'
import { kernelByName } from '../kernel'
import * as sys from '../syscalls'
import { VM } from '../trace/vmstat'
import { World } from '../world'
import { newMm } from './fork'
import type { SwapDevice } from './swap'

function machine(kernel: string, swapDevice?: SwapDevice, swapBytes = 2 ** 24, memoryBytes = 2 ** 27) {
  const world = new World({
    kernel: kernelByName(kernel),
    granule: '4K',
    memoryBytes,
    cpu: { ...NEOVERSE_N1, mte: true },
    swapBytes,
    swapDevice
  })
  world.thp.top = 'never'
  world.thp.sizes.fill('never')
  world.thp.sizes[4] = 'always'
  return { world, mm: newMm(world, 1) }
}

const KERNELS = ['linux-6.1', 'linux-6.10', 'linux-6.12']

describe.each(KERNELS)('swapoff in %s', (kernel) => {
  for (const synchronous of [true, false]) {
    it(`brings everything back, tags too, and leaves nothing (${synchronous ? 'zram' : 'disk'})`, () => {
      const { world, mm } = machine(kernel, { synchronous })
      sys.sysMmap(world, mm, { vpn: 0, pages: 64, prot: 'rwm' })
      sys.userWrite(world, mm, 0, 64, 1, (page) => page + 1)
      sys.userSetTags(world, mm, 0, 64, (page) => page % 16)
      const child = sys.sysFork(world, mm, 2)
      sys.userWrite(world, child, 0, 32, 1, (page) => 100 + page)
      sys.sysMadvise(world, child, 0, 64, 'pageout')
      sys.sysExit(world, child)
      sys.sysMadvise(world, mm, 0, 64, 'pageout')
      expect(mm.swapEntries).toBe(64)
      sys.userRead(world, mm, 3, 1, 1, () => undefined)
      expect(checkWorld(world)).toBeUndefined()
      sys.sysSwapoff(world)
      expect([mm.swapEntries, mm.anonPages, world.swap, world.mte?.bytesHeld]).toEqual([0, 64, undefined, 0])
      expect(checkWorld(world)).toBeUndefined()
      sys.userRead(world, mm, 0, 64, 1, (page, value) => {
        expect(value).toBe(page + 1)
      })
      sys.userGetTags(world, mm, 0, 64, (page, tags) => {
        expect(tags).toBe(1 << (page % 16))
      })
      sys.userWrite(world, mm, 0, 64, 1, () => 9)
      expect(checkWorld(world)).toBeUndefined()
    })
  }

  it('fails with ENOMEM where memory is too small, and the area stays', () => {
    const { world, mm } = machine(kernel, {}, 2 ** 24, 2 ** 23)
    sys.sysMmap(world, mm, { vpn: 0, pages: 512, prot: 'rw' })
    sys.userWrite(world, mm, 0, 512, 1, () => 1)
    sys.sysMadvise(world, mm, 0, 512, 'pageout')
    sys.sysMmap(world, mm, { vpn: 4096, pages: 4096, prot: 'rw' })
    expect(() => sys.userWrite(world, mm, 4096, 4096, 1, () => 1)).toThrow('Out of memory')
    expect(() => {
      sys.sysSwapoff(world)
    }).toThrow('Out of memory')
    expect(world.swap).toBeDefined()
    sys.sysMunmap(world, mm, 4096, 4096)
    sys.sysSwapoff(world)
    expect(mm.anonPages).toBe(512)
    expect(checkWorld(world)).toBeUndefined()
  })
})

describe('the swap device', () => {
  it('that is not synchronous keeps folios in the swap cache until a later pass', () => {
    const { world, mm } = machine('linux-6.12', { synchronous: false })
    sys.sysMmap(world, mm, { vpn: 0, pages: 32, prot: 'rw' })
    sys.userWrite(world, mm, 0, 32, 1, () => 1)
    sys.sysMadvise(world, mm, 0, 32, 'pageout')
    expect(world.swap?.cached().length).toBe(2)
    sys.userRead(world, mm, 0, 1, 1, () => undefined)
    expect([mm.swapEntries, world.vm[VM.pgmajfault]]).toEqual([16, 0])
    // The other folio goes; the one that is mapped again stays.
    expect(sys.sysReclaimSwapCache(world)).toBe(1)
    expect(world.swap?.cached().length).toBe(1)
    expect(checkWorld(world)).toBeUndefined()
    sys.userRead(world, mm, 16, 16, 1, () => undefined)
    // Read back through the swap cache, page by page and ahead.
    expect(world.vm[VM.pgmajfault]).toBeGreaterThan(0)
    expect(world.vm[VM.swap_ra]).toBeGreaterThan(0)
    expect(mm.swapEntries).toBe(0)
  })

  it('holds pages that are not zero, compressed', () => {
    const { world, mm } = machine('linux-6.12', { compression: 4 })
    sys.sysMmap(world, mm, { vpn: 0, pages: 64, prot: 'rw' })
    sys.userWrite(world, mm, 0, 32, 1, () => 1)
    sys.userWrite(world, mm, 32, 32, 1, () => 0)
    sys.sysMadvise(world, mm, 0, 64, 'pageout')
    expect(world.vm[VM.swpout_zero]).toBe(32)
    expect(world.swap?.deviceBytes(4096)).toBe((32 * 4096) / 4)
    sys.userRead(world, mm, 0, 64, 1, () => undefined)
    sys.sysMunmap(world, mm, 0, 64)
    sys.sysSwapoff(world)
    expect(world.swap).toBeUndefined()
  })
})

describe('fragmentation', () => {
  /** Leaves every second slot of all clusters in use. */
  function fragment(kernel: string) {
    const made = machine(kernel, {}, 2 ** 23)
    const { world, mm } = made
    const { swap } = world
    if (swap === undefined) throw new Error('no swap')
    world.thp.sizes[4] = 'never'
    const pages = swap.slots - 200
    sys.sysMmap(world, mm, { vpn: 65536, pages, prot: 'rw' })
    sys.userWrite(world, mm, 65536, pages, 1, () => 1)
    sys.sysMadvise(world, mm, 65536, pages, 'pageout')
    for (let i = 0; i < pages; i += 2) sys.sysMadvise(world, mm, 65536 + i, 1, 'dontneed')
    world.thp.sizes[4] = 'always'
    return made
  }

  it('makes a large folio fall back to pages: it is split, and counted (6.10, 6.12)', () => {
    for (const kernel of ['linux-6.10', 'linux-6.12']) {
      const { world, mm } = fragment(kernel)
      sys.sysMmap(world, mm, { vpn: 0, pages: 16, prot: 'rwm' })
      sys.userWrite(world, mm, 0, 16, 1, () => 1)
      sys.userSetTags(world, mm, 0, 16, (page) => page)
      const swapped = mm.swapEntries
      sys.sysMadvise(world, mm, 0, 16, 'pageout')
      expect(mm.swapEntries - swapped).toBe(16)
      expect([world.thpStats.get(4, 'swpout_fallback'), world.thpStats.get(4, 'split')]).toEqual([1, 1])
      sys.userGetTags(world, mm, 0, 16, (page, tags) => {
        expect(tags).toBe(1 << page)
      })
      expect(checkWorld(world)).toBeUndefined()
    }
  })
})
