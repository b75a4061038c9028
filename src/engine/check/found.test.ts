/** Lives that the fuzzer found to go wrong, made short. Each failed once. */
import { describe, expect, it } from 'vitest'
import type { GranuleName } from '../arch/granule'
import { kernelByName } from '../kernel'
import { newMm } from '../mm/fork'
import type { Mm } from '../mm/mm'
import { sysExit, sysMmap, sysMunmap, userRead, userWrite } from '../syscalls'
import { World } from '../world'
import { checkWorld } from './index'

function machine(kernel: string, granule: GranuleName = '4K'): { world: World; mm: Mm } {
  const world = new World({ kernel: kernelByName(kernel), granule, memoryBytes: 2 ** 28 })
  return { world, mm: newMm(world, 1) }
}

const START = 2 ** 20

describe('the fuzzer found', () => {
  it('upper tables that no VMA covered any more, left over by exit', () => {
    const { world, mm } = machine('linux-6.12', '16K')
    sysMmap(world, mm, { vpn: START, pages: 640, prot: 'rw' })
    userWrite(world, mm, START, 640, 1, () => 1)
    sysMunmap(world, mm, START, 640)
    sysExit(world, mm)
    expect(world.tables.state[2]).toBe(0)
  })

  it('a huge page of zeroes that held what somebody stored there before', () => {
    const { world, mm } = machine('linux-6.12')
    for (const each of ['top', 'pmd'] as const) {
      if (each === 'top') world.thp.top = 'always'
      else world.thp.sizes[world.geometry.pmdOrder] = 'always'
    }
    sysMmap(world, mm, { vpn: START, pages: 512, prot: 'rw' })
    userWrite(world, mm, START, 512, 1, () => 7)
    sysMunmap(world, mm, START, 512)
    sysMmap(world, mm, { vpn: START, pages: 512, prot: 'r' })
    const seen = new Set<number>()
    userRead(world, mm, START, 512, 1, (_page, value) => seen.add(value))
    expect([...seen]).toEqual([0])
    expect(checkWorld(world)).toBeUndefined()
  })

  it('shared memory that stayed in the cache after its last mapping', () => {
    const { world, mm } = machine('linux-6.12')
    const free = world.folios.buddy.freePages
    sysMmap(world, mm, { vpn: START, pages: 40, prot: 'rw', shared: true })
    userWrite(world, mm, START, 40, 1, () => 3)
    sysMunmap(world, mm, START, 40)
    world.lru.drainAll()
    expect(world.folios.buddy.freePages).toBe(free)
  })
})
