/** Lives that the fuzzer found to go wrong, made short. Each failed once. */
import { describe, expect, it } from 'vitest'
import type { GranuleName } from '../arch/granule'
import { kernelByName } from '../kernel'
import { newMm } from '../mm/fork'
import { FileMapping } from '../mm/file'
import { anonymousVma, VM_MAYWRITE, VM_READ, VM_WRITE, type Mm } from '../mm/mm'
import { addVma } from '../mm/vma'
import { ADVERSARIAL } from '../arch/tlb'
import { sysExit, sysFork, sysMadvise, sysMmap, sysMunmap, userRead, userWrite } from '../syscalls'
import { World, type WorldConfig } from '../world'
import { checkWorld } from './index'
import { givenUpForOthers } from './lazyfree'

function machine(
  kernel: string,
  granule: GranuleName = '4K',
  more: Partial<WorldConfig> = {}
): { world: World; mm: Mm } {
  const world = new World({ kernel: kernelByName(kernel), granule, memoryBytes: 2 ** 28, ...more })
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

  it.each(['linux-6.1', 'linux-6.12', 'oneplus-5.15'])(
    'pages that stayed in the swap cache after the last exit: %s',
    (kernel) => {
      const { world, mm } = machine(kernel, '4K', { swapBytes: 2 ** 22 })
      sysMmap(world, mm, { vpn: START, pages: 16, prot: 'rw' })
      userWrite(world, mm, START, 16, 1, () => 7)
      world.lru.drainAll()
      sysMadvise(world, mm, START, 16, 'pageout')
      expect(mm.swapEntries).toBe(16)
      const child = sysFork(world, mm, 2)
      userRead(world, mm, START, 16, 1, () => undefined)
      userRead(world, child, START, 16, 1, () => undefined)
      userWrite(world, child, START, 8, 1, () => 8)
      expect(checkWorld(world)).toBeUndefined()
      sysExit(world, mm)
      sysExit(world, child)
      world.lru.drainAll()
      expect(checkWorld(world)).toBeUndefined()
      expect((world.swap?.free ?? 0) + (world.swap?.parked ?? 0)).toBe(1023)
    }
  )

  it('lazily freed pages that reclaim gave to the allocator before its flush was complete', () => {
    const { world, mm } = machine('linux-6.12', '4K', { tlb: { ...ADVERSARIAL, cpus: 2 } })
    sysMmap(world, mm, { vpn: START, pages: 40, prot: 'rw' })
    userWrite(world, mm, START, 40, 1, () => 7)
    world.lru.drainAll()
    sysMadvise(world, mm, START, 40, 'free')
    world.lru.drainAll()
    world.currentCpu = 1
    userRead(world, mm, START, 40, 1, () => undefined)
    world.currentCpu = 0
    sysMadvise(world, mm, START, 40, 'pageout')
    expect(mm.anonPages).toBe(0)
    expect(world.tlbs?.violations).toEqual([])
  })

  it('a folio of a file that is gone, held by an LRU batch of another CPU, counted as cached', () => {
    const { world, mm } = machine('linux-6.12', '4K', { tlb: { ...ADVERSARIAL, cpus: 2 } })
    sysMmap(world, mm, { vpn: START, pages: 4, prot: 'rw', shared: true })
    userWrite(world, mm, START, 4, 1, () => 7)
    world.currentCpu = 1
    sysExit(world, mm)
    expect(checkWorld(world)).toBeUndefined()
  })

  it('the page for a copy, left over where there was no memory for the page of the file', () => {
    const { world, mm } = machine('linux-6.12')
    const vma = anonymousVma(START, START + 4, VM_READ | VM_WRITE | VM_MAYWRITE)
    vma.file = new FileMapping('file', 4, false, 0)
    vma.pgoff = 0
    addVma(world, mm, vma)
    const held: number[] = []
    while (world.folios.buddy.freePages > 1) held.push(world.folios.alloc(0))
    expect(() => userWrite(world, mm, START, 1, 1, () => 7)).toThrow('Out of memory')
    expect(world.folios.buddy.freePages).toBe(1)
    for (const pfn of held) world.folios.put(pfn)
    expect(checkWorld(world)).toBeUndefined()
  })

  it('a page of zeroes, put back like a folio where there was no memory for its copy', () => {
    const { world, mm } = machine('linux-6.12')
    sysMmap(world, mm, { vpn: START, pages: 1, prot: 'rw' })
    userRead(world, mm, START, 1, 1, () => undefined)
    while (world.folios.alloc(0) >= 0);
    expect(() => userWrite(world, mm, START, 1, 1, () => 7)).toThrow('Out of memory')
  })

  it('a pool that owed a page it had not: its own was restored early and then freed as a surplus one', () => {
    const { world, mm } = machine('linux-6.9')
    const pool = world.hugetlb.pool(9)
    if (pool === undefined) throw new Error('no pool of 2 MiB')
    pool.overcommit = 3
    pool.resize(1)
    sysMmap(world, mm, { vpn: START, pages: 512, prot: 'rw', huge: 9, reserve: true })
    userWrite(world, mm, START, 1, 1, () => 7)
    const child = sysFork(world, mm, 2)
    // Promised again although the child has it: one promise too few is counted until it lets go.
    sysExit(world, mm)
    const other = newMm(world, 3)
    sysMmap(world, other, { vpn: START, pages: 512, prot: 'rw', huge: 9, reserve: true })
    expect([pool.reserved, pool.free]).toEqual([0, 0])
    sysMmap(world, other, { vpn: START + 512, pages: 512, prot: 'rw', huge: 9, reserve: false })
    userWrite(world, other, START + 512, 1, 1, () => 8)
    expect(pool.surplus).toBe(1)
    sysExit(world, child)
    expect([pool.reserved, pool.free]).toEqual([1, 0])
    expect(checkWorld(world)).toBeUndefined()
    // Nobody but these kernels may owe what is not there, and no more than they restored early.
    pool.restoredEarly = 0
    expect(checkWorld(world)).toMatchObject({ rule: 'hugetlb-pool', found: '1 pages promised, 0 free' })
  })

  it('promises of a pool that no mapping holds, or that nobody counts', () => {
    const { world, mm } = machine('linux-6.12')
    const pool = world.hugetlb.pool(9)
    if (pool === undefined) throw new Error('no pool of 2 MiB')
    pool.resize(4)
    sysMmap(world, mm, { vpn: START, pages: 1024, prot: 'rw', huge: 9, reserve: true })
    sysMmap(world, mm, { vpn: START + 1024, pages: 1024, prot: 'rw', huge: 9, reserve: true, shared: true })
    userWrite(world, mm, START, 1, 1, () => 7)
    userWrite(world, mm, START + 1024, 1, 1, () => 7)
    expect([pool.reserved, checkWorld(world)]).toEqual([2, undefined])
    pool.reserved--
    expect(checkWorld(world)).toMatchObject({
      rule: 'hugetlb-pool',
      found: '1 pages promised, mappings and files hold 2 promises'
    })
  })

  describe.each(['linux-6.1', 'linux-6.9', 'linux-6.10', 'linux-6.12', 'oneplus-5.15'])(
    "what a parent stored and MADV_FREE in its child took: the kernel's own loss: %s",
    (kernel) => {
      const seen = (synchronous: boolean, write: boolean) => {
        const { world, mm } = machine(kernel, '4K', { swapBytes: 2 ** 24, swapDevice: { synchronous } })
        sysMmap(world, mm, { vpn: START, pages: 4, prot: 'rw' })
        userWrite(world, mm, START, 4, 1, () => 7)
        world.lru.drainAll()
        sysMadvise(world, mm, START, 4, 'pageout')
        expect(mm.swapEntries).toBe(4)
        userRead(world, mm, START, 4, 1, () => undefined)
        if (write) userWrite(world, mm, START, 2, 1, () => 7)
        world.lru.drainAll()
        const child = sysFork(world, mm, 2)
        const expected = givenUpForOthers(world, child, START, 4)
        sysMadvise(world, child, START, 4, 'free')
        expect(givenUpForOthers(world, child, START, 4)).toEqual(expected)
        world.lru.drainAll()
        sysExit(world, child)
        sysMadvise(world, mm, START, 4, 'pageout')
        const values: number[] = []
        userRead(world, mm, START, 4, 1, (_page, value) => values.push(value))
        expect(checkWorld(world)).toBeUndefined()
        expect(expected.every((page) => page.mm === mm)).toBe(true)
        return { values, given: expected.map(({ vpn }) => vpn - START) }
      }

      it('pages read past the swap cache are clean, and go', () => {
        expect(seen(true, false)).toEqual({ values: [0, 0, 0, 0], given: [0, 1, 2, 3] })
      })

      it('a page stored to since is dirty in the entry of its parent, and stays', () => {
        expect(seen(true, true)).toEqual({ values: [7, 7, 0, 0], given: [2, 3] })
      })

      it('pages of the swap cache have a slot, and stay', () => {
        expect(seen(false, false)).toEqual({ values: [7, 7, 7, 7], given: [] })
      })
    }
  )
})
