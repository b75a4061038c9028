/** Vmemmap optimisation: every figure is of reference `hvo.md` sections 1 and 2. */
import { describe, expect, it } from 'vitest'
import { GEOMETRIES, type GranuleName } from '../arch/granule'
import { checkWorld } from '../check'
import { kernelByName } from '../kernel'
import { Sysfs } from '../thp/sysfs'
import { World } from '../world'
import { vmemmapSaving } from './vmemmap'

function world(
  kernel: string,
  granule: GranuleName = '4K',
  memoryBytes = 2 ** 30,
  forceVmemmap = true
): World {
  return new World({ kernel: kernelByName(kernel), granule, memoryBytes, forceVmemmap })
}

function pool(of: World, order: number) {
  const found = of.hugetlb.pool(order)
  if (found === undefined) throw new Error(`no pool of order ${order}`)
  return found
}

/** Takes all pages of the machine but `left`, one by one; answers them. */
function exhaust({ folios }: World, left: number): number[] {
  const taken: number[] = []
  while (folios.buddy.freePages > left) taken.push(folios.alloc(0))
  return taken
}

/** [granule, size, order, base pages, bytes, vmemmap pages (0: below 1), freed with 2 kept, with 1]; section 1. */
const TABLE: readonly (readonly [GranuleName, string, number, number, number, number, number, number])[] = [
  ['4K', '64 KiB', 4, 16, 2 ** 10, 0, 0, 0],
  ['4K', '2 MiB', 9, 512, 2 ** 15, 8, 6, 7],
  ['4K', '32 MiB', 13, 8192, 2 ** 19, 128, 126, 127],
  ['4K', '1 GiB', 18, 262144, 2 ** 24, 4096, 4094, 4095],
  ['16K', '2 MiB', 7, 128, 2 ** 13, 0, 0, 0],
  ['16K', '32 MiB', 11, 2048, 2 ** 17, 8, 6, 7],
  ['16K', '1 GiB', 16, 65536, 2 ** 22, 256, 254, 255],
  ['64K', '2 MiB', 5, 32, 2 ** 11, 0, 0, 0],
  ['64K', '512 MiB', 13, 8192, 2 ** 19, 8, 6, 7],
  ['64K', '16 GiB', 18, 262144, 2 ** 24, 256, 254, 255]
]

describe('the memory saved', () => {
  it.each(TABLE)('%s pages, %s', (granule, _size, order, basePages, bytes, pages, freed2, freed1) => {
    const two = vmemmapSaving(GEOMETRIES[granule], order, 2)
    const one = vmemmapSaving(GEOMETRIES[granule], order, 1)
    expect(one).toMatchObject({ basePages, bytes, freedPages: freed1 })
    expect([Math.floor(one.vmemmapPages), two.freedPages]).toEqual([pages, freed2])
    expect(one.freedBytes).toBe(freed1 * GEOMETRIES[granule].pageSize)
  })

  it.each(TABLE.filter(([, , , , , pages]) => pages > 0 && pages < 4096))(
    'is what the page allocator gets: %s pages, %s',
    (granule, _size, order, _pages, _bytes, _vmemmap, freed2, freed1) => {
      for (const [kernel, freed] of [
        ['oneplus-5.15', freed2],
        ['linux-6.1', freed1],
        ['linux-6.12', freed1]
      ] as const) {
        const machine = world(kernel, granule, order >= 16 ? 2 ** 35 : 2 ** 31)
        const { vmemmap } = machine.hugetlb
        const before = machine.folios.buddy.freePages
        pool(machine, order).resize(1)
        expect(machine.folios.buddy.freePages).toBe(before - 2 ** order)
        vmemmap.optimise(pool(machine, order).freeFolios)
        // Tables of split leaves, with 4K pages only, stay taken.
        const tables = granule === '4K' ? 1 : 0
        expect([vmemmap.savedPages, vmemmap.tables]).toEqual([freed, tables])
        expect(machine.folios.buddy.freePages).toBe(before - 2 ** order + freed - tables)
        expect(checkWorld(machine)).toBeUndefined()
        pool(machine, order).resize(0)
        expect([machine.folios.buddy.freePages, vmemmap.savedPages, vmemmap.tables]).toEqual([
          before - tables,
          0,
          tables
        ])
      }
    }
  )
})

describe('which kernels have it', () => {
  it.each([
    ['linux-6.1.0', true],
    ['linux-6.1', false],
    ['linux-6.9', false],
    ['linux-6.12', false],
    ['oneplus-5.15', false]
  ])('%s: %s', (kernel, has) => {
    const machine = world(kernel, '4K', 2 ** 30, false)
    expect(machine.hugetlb.vmemmap.optimisable).toBe(has)
    const sysfs = new Sysfs(machine)
    expect(sysfs.exists('/proc/sys/vm/hugetlb_optimize_vmemmap')).toBe(has)
    machine.hugetlb.vmemmap.optimise([])
    pool(machine, 9).resize(1)
    machine.hugetlb.vmemmap.optimise(pool(machine, 9).freeFolios)
    expect(machine.hugetlb.vmemmap.savedPages).toBe(has ? 7 : 0)
  })

  it('is switched on by the command line, or by the sysctl for pages that join a pool later', () => {
    const machine = world('linux-6.1.0', '4K', 2 ** 30, false)
    const sysfs = new Sysfs(machine)
    const file = '/proc/sys/vm/hugetlb_optimize_vmemmap'
    expect(sysfs.read(file)).toBe('0\n')
    sysfs.write('/proc/sys/vm/nr_hugepages', '2')
    sysfs.write(file, '1')
    sysfs.write('/proc/sys/vm/nr_hugepages', '5')
    expect([machine.hugetlb.vmemmap.folios, sysfs.read(file)]).toEqual([3, '1\n'])
    const booted = new World({
      kernel: kernelByName('linux-6.1.0'),
      granule: '4K',
      memoryBytes: 2 ** 30,
      commandLine: 'hugetlb_free_vmemmap=on'
    })
    expect(booted.hugetlb.vmemmap.enabled).toBe(true)
  })
})

describe('one folio of 2 MiB', () => {
  it('6.1 keeps its first page, flushes the other seven, and splits the leaf that maps it and 63 neighbours', () => {
    const machine = world('linux-6.1')
    const { vmemmap } = machine.hugetlb
    pool(machine, 9).resize(64)
    const [head] = pool(machine, 9).freeFolios
    const old = vmemmap.entries(head).map(({ frame }) => frame)
    vmemmap.optimise([head])
    const entries = vmemmap.entries(head)
    expect(entries.map(({ frame, writable, by }) => [frame, writable, by])).toEqual([
      [old[0], true, 'own'],
      ...Array.from({ length: 7 }, () => [old[0], false, 'shared'])
    ])
    expect(vmemmap.tally).toMatchObject({ splits: 1, remaps: 7, freed: 7, rangeFlushes: 1, flushedPages: 7 })
    vmemmap.optimise(pool(machine, 9).freeFolios)
    // 64 folios of 2 MiB lie in 128 MiB, which is one leaf where it is aligned: two here.
    expect(vmemmap.tally.splits).toBe(2)
  })

  it('6.2 and later give it a new first page, so that the same seven are gained', () => {
    const machine = world('linux-6.12')
    const { vmemmap } = machine.hugetlb
    pool(machine, 9).resize(1)
    const [head] = pool(machine, 9).freeFolios
    const [{ frame: old }] = vmemmap.entries(head)
    vmemmap.optimise([head])
    const [first, second] = vmemmap.entries(head)
    expect([first.frame === old, second.frame === first.frame]).toEqual([false, true])
    expect(vmemmap.tally).toMatchObject({
      remaps: 8,
      freed: 8,
      taken: 2,
      copies: 1,
      fullFlushes: 2,
      waits: 1
    })
  })
})

describe('a batch', () => {
  it.each([
    ['linux-6.1', 10, 0, 0],
    ['linux-6.9', 0, 2, 0],
    ['linux-6.12', 0, 2, 1]
  ])(
    'of ten folios: %s flushes %i ranges and %i times everything, and waits %i times',
    (kernel, ranges, full, waits) => {
      const machine = world(kernel)
      pool(machine, 9).resize(10)
      machine.hugetlb.vmemmap.optimise(pool(machine, 9).freeFolios)
      expect(machine.hugetlb.vmemmap.tally).toMatchObject({
        optimised: 10,
        rangeFlushes: ranges,
        fullFlushes: full,
        waits
      })
    }
  )
})

describe('without memory', () => {
  it.each(['linux-6.1', 'linux-6.12'])(
    '%s: no table for a split leaf, and the folio stays as it is',
    (kernel) => {
      const machine = world(kernel)
      const { vmemmap } = machine.hugetlb
      pool(machine, 9).resize(1)
      const [head] = pool(machine, 9).freeFolios
      exhaust(machine, 0)
      vmemmap.optimise([head])
      expect([vmemmap.isOptimised(head), vmemmap.tally.failed, vmemmap.held]).toEqual([false, 1, 0])
      expect(vmemmap.entries(head)[7].by).toBe('leaf')
    }
  )

  it('6.12: no page for a copy of the first one, and the old one stays', () => {
    const machine = world('linux-6.12')
    const { vmemmap } = machine.hugetlb
    pool(machine, 9).resize(1)
    const [head] = pool(machine, 9).freeFolios
    const [{ frame }] = vmemmap.entries(head)
    exhaust(machine, 1)
    vmemmap.optimise([head])
    expect([vmemmap.entries(head)[0].frame, vmemmap.tally.freed, vmemmap.savedPages]).toEqual([frame, 7, 7])
  })

  it.each(['linux-6.1', 'linux-6.12'])('%s: six free pages do not restore 2 MiB, seven do', (kernel) => {
    const machine = world(kernel)
    const { vmemmap } = machine.hugetlb
    const two = pool(machine, 9)
    two.resize(1)
    const [head] = two.freeFolios
    vmemmap.optimise([head])
    const taken = exhaust(machine, 6)
    const before = vmemmap.entries(head)
    two.resize(0)
    // The page stays in the pool, beyond its size, and still optimised.
    expect([two.total, two.surplus, vmemmap.isOptimised(head), vmemmap.held]).toEqual([
      1,
      1,
      true,
      vmemmap.tally.taken - vmemmap.tally.freed
    ])
    expect([vmemmap.entries(head), machine.folios.buddy.freePages]).toEqual([before, 6])
    expect(checkWorld(machine)).toMatchObject({ rule: 'leaked-reference' })
    machine.folios.put(taken[0])
    two.resize(1)
    two.resize(0)
    expect([two.total, vmemmap.isOptimised(head)]).toEqual([0, false])
  })

  it('the memory of one folio that could be restored restores the next', () => {
    const machine = world('linux-6.12')
    const two = pool(machine, 9)
    two.resize(3)
    machine.hugetlb.vmemmap.optimise(two.freeFolios)
    exhaust(machine, 7)
    two.resize(0)
    expect([two.total, two.surplus, machine.hugetlb.vmemmap.folios]).toEqual([0, 0, 0])
  })
})
