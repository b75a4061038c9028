/** Limits and defaults: reference thp-sysfs.md section 3.3; what it asks of entries: mm/khugepaged.c. */
import { describe, expect, it } from 'vitest'
import { checkWorld } from '../check'
import { inspectFolio } from '../inspect'
import { kernelByName } from '../kernel'
import { sysClearRefs, sysFork, sysMmap, sysThpDisable, userRead, userWrite } from '../syscalls'
import { Sysfs } from '../thp/sysfs'
import { World } from '../world'
import { newMm } from './fork'
import { runKhugepaged } from './khugepaged-scan'

const BASE = 2 ** 28

/** `pages` single pages stored to in 2 MiB ranges, and then huge pages allowed. */
function setup(kernel: string, pages: number, ranges = 1) {
  const world = new World({ kernel: kernelByName(kernel), granule: '4K', memoryBytes: 2 ** 30 })
  const sysfs = new Sysfs(world)
  const mm = newMm(world, 1)
  sysMmap(world, mm, { vpn: BASE, pages: 512 * ranges, prot: 'rw' })
  for (let i = 0; i < ranges; i++) userWrite(world, mm, BASE + 512 * i, pages, 1, (at) => (at % 255) + 1)
  sysfs.write('enabled', 'always')
  // The mm registers with the next mapping.
  sysMmap(world, mm, { vpn: BASE - 2048, pages: 512, prot: 'rw' })
  userWrite(world, mm, BASE - 2048, 1, 1, () => 1)
  const results = () =>
    runKhugepaged(world)
      .ranges.filter(({ vpn }) => vpn >= BASE)
      .map(({ result }) => result)
  return { world, sysfs, mm, results }
}

describe.each(['linux-6.1', 'linux-6.12'])('khugepaged of %s', (kernel) => {
  it('collapses a range of single pages, holes filled with zeroes', () => {
    const { world, sysfs, mm, results } = setup(kernel, 3)
    expect(results()).toEqual(['succeed'])
    expect([inspectFolio(world, mm, BASE + 500)?.order, mm.anonPages]).toEqual([9, 1024])
    const seen: number[] = []
    userRead(world, mm, BASE, 4, 1, (_, value) => seen.push(value))
    expect(seen).toEqual([(BASE % 255) + 1, ((BASE + 1) % 255) + 1, ((BASE + 2) % 255) + 1, 0])
    expect([sysfs.read('khugepaged/pages_collapsed'), sysfs.read('khugepaged/full_scans')]).toEqual([
      '1\n',
      '1\n'
    ])
    expect(checkWorld(world)).toBeUndefined()
  })

  it('leaves ranges with more holes than max_ptes_none', () => {
    const { sysfs, results } = setup(kernel, 100)
    sysfs.write('khugepaged/max_ptes_none', '411')
    expect(results()).toEqual(['exceed-none'])
    sysfs.write('khugepaged/max_ptes_none', '412')
    expect(results()).toEqual(['succeed'])
  })

  it('leaves ranges with more shared pages than max_ptes_shared', () => {
    const { world, mm, results } = setup(kernel, 257)
    sysFork(world, mm, 2)
    // A page of its own, so that something is writable.
    userWrite(world, mm, BASE + 300, 1, 1, () => 1)
    expect(results()[0]).toBe('exceed-shared')
  })

  it('leaves what nobody used lately, and what may not be written', () => {
    const { world, mm, results } = setup(kernel, 8)
    sysClearRefs(world, mm, 1)
    expect(results()).toEqual(['lack-referenced'])
    userRead(world, mm, BASE, 1, 1, () => undefined)
    expect(results()).toEqual(['succeed'])
    const shared = setup(kernel, 8)
    sysFork(shared.world, shared.mm, 2)
    expect(shared.results()[0]).toBe('page-ro')
  })

  it('stops when it has looked at pages_to_scan entries, and goes on there', () => {
    const { sysfs, results } = setup(kernel, 8, 4)
    sysfs.write('khugepaged/pages_to_scan', '1536')
    expect([results(), results(), sysfs.read('khugepaged/full_scans')]).toEqual([
      ['succeed', 'succeed'],
      ['succeed', 'succeed'],
      '1\n'
    ])
  })

  it('does nothing for settings and processes that refuse huge pages', () => {
    const { sysfs, world, mm, results } = setup(kernel, 8)
    sysThpDisable(world, mm, true)
    expect(results()).toEqual([])
    sysThpDisable(world, mm, false)
    sysfs.write('enabled', 'madvise')
    expect(results()).toEqual([])
    sysfs.write('enabled', 'never')
    expect([runKhugepaged(world).scanned, sysfs.read('khugepaged/full_scans')]).toEqual([0, '2\n'])
  })
})
