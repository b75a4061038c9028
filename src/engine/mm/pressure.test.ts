/** Allocation that fails: reference thp-sysfs.md sections 6.2 e, 6.3 and 8. Invariants by the checker. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkWorld } from '../check'
import { takeCensus } from '../check/census'
import { inspectFolio } from '../inspect'
import { kernelByName } from '../kernel'
import { readMemory } from '../memory'
import { sysExit, sysFork, sysMadvise, sysMmap, sysMunmap, userRead, userWrite } from '../syscalls'
import { Sysfs } from '../thp/sysfs'
import { VM } from '../trace/vmstat'
import { World } from '../world'
import { newMm } from './fork'
import { fragment } from './fragment'

const BASE = 2 ** 28

function start(kernel = 'linux-6.12', memoryBytes = 2 ** 26) {
  const world = new World({ kernel: kernelByName(kernel), granule: '4K', memoryBytes })
  const sysfs = new Sysfs(world)
  const mm = newMm(world, 1)
  const stat = (kb: number, name: string) => Number(sysfs.read(`hugepages-${kb}kB/stats/${name}`))
  const store = (page: number, pages = 1) =>
    userWrite(world, mm, BASE + page, pages, 1, (at) => (at % 255) + 1)
  const order = (page: number) => inspectFolio(world, mm, BASE + page)?.order
  return { world, sysfs, mm, stat, store, order }
}

/** Sizes 64 and 32 kB always; memory in pieces of at most `largest`. */
function fragmented(defrag: string, largest: number, movable = 1, kernel = 'linux-6.12') {
  const at = start(kernel)
  for (const kb of [64, 32]) at.sysfs.write(`hugepages-${kb}kB/enabled`, 'always')
  at.sysfs.write('defrag', defrag)
  fragment(at.world, { order: largest, movable })
  sysMmap(at.world, at.mm, { vpn: BASE, pages: 4096, prot: 'rw' })
  return at
}

describe('memory in pieces', () => {
  it('has no free block above the order said, and holds one page in each block twice as large', () => {
    const { world } = start()
    const before = readMemory(world)
    expect([before.total, before.reserved, before.others]).toEqual([16384, 1024, 0])
    expect(fragment(world, { order: 3 })).toBe(15360 / 16)
    const after = readMemory(world)
    expect(after.freeBlocks.slice(4)).toEqual(Array(7).fill(0))
    expect([after.free, after.others]).toEqual([14400, 960])
    expect([after.unusable[0], after.unusable[4]]).toEqual([0, 1])
    expect(after.freeBlocks[3]).toBe(960)
  })

  it('makes a fault fall back order by order, each failure counted once at its order', () => {
    const at = fragmented('never', 3)
    at.store(0)
    expect([at.order(0), at.stat(64, 'anon_fault_fallback'), at.stat(32, 'anon_fault_fallback')]).toEqual([
      3, 1, 0
    ])
    const worse = fragmented('never', 1)
    worse.store(0)
    expect([
      worse.order(0),
      worse.stat(64, 'anon_fault_fallback'),
      worse.stat(32, 'anon_fault_fallback')
    ]).toEqual([0, 1, 1])
    expect(worse.world.vm[VM.compact_stall]).toBe(0)
  })

  it.each([
    ['always', false, 'direct'],
    ['always', true, 'direct'],
    ['defer', true, 'wake'],
    ['defer+madvise', false, 'wake'],
    ['defer+madvise', true, 'direct'],
    ['madvise', false, 'none'],
    ['madvise', true, 'direct'],
    ['never', true, 'none']
  ])('defrag %s, advised %s: %s', (defrag, advised, effort) => {
    const at = fragmented(defrag, 3)
    if (advised) sysMadvise(at.world, at.mm, BASE, 4096, 'hugepage')
    at.store(0)
    expect(at.order(0)).toBe(effort === 'direct' ? 4 : 3)
    expect(at.stat(64, 'anon_fault_fallback')).toBe(effort === 'direct' ? 0 : 1)
    const { vm } = at.world
    expect([vm[VM.compact_stall], vm[VM.compact_success], vm[VM.compact_daemon_wake]]).toEqual(
      effort === 'direct' ? [1, 1, 0] : effort === 'wake' ? [0, 0, 1] : [0, 0, 0]
    )
    // What kcompactd made in the background is there for the next fault.
    at.store(16)
    expect(at.order(16)).toBe(effort === 'none' ? 3 : 4)
    expect(checkWorld(at.world)).toBeUndefined()
  })

  it('that cannot be moved stays: compaction fails, and is put off for a while', () => {
    const at = fragmented('always', 3, 0)
    for (let page = 0; page < 160; page += 16) at.store(page)
    const { vm } = at.world
    expect([at.order(0), at.stat(64, 'anon_fault_fallback')]).toEqual([3, 10])
    // A fault attempts twice, before and after reclaim. After each failure 1, 3, 7, ... attempts are
    // skipped, so that the 1st, 2nd, 4th and 8th fault scan.
    expect([vm[VM.compact_stall], vm[VM.compact_fail]]).toEqual([4, 4])
  })
})

describe('compaction moves what processes have', () => {
  it.each(['linux-6.1', 'linux-6.12'])('single pages (%s), contents and sharing and all', (kernel) => {
    const at = start(kernel, 2 ** 25)
    const { world, mm } = at
    sysMmap(world, mm, { vpn: BASE, pages: 8192, prot: 'rw' })
    const pages = readMemory(world).free
    at.store(0, pages)
    const child = sysFork(world, mm, 2)
    for (let page = 0; page < pages; page += 2) {
      sysMadvise(world, mm, BASE + page, 1, 'dontneed')
      sysMadvise(world, child, BASE + page, 1, 'dontneed')
    }
    world.lru.drainAll()
    expect(world.folios.buddy.largestFree).toBe(0)
    at.sysfs.write('enabled', 'always')
    at.sysfs.write('defrag', 'always')
    sysMmap(world, mm, { vpn: 2 ** 29, pages: 512, prot: 'rw' })
    userWrite(world, mm, 2 ** 29, 1, 1, () => 7)
    expect(inspectFolio(world, mm, 2 ** 29)?.order).toBe(9)
    expect(world.vm[VM.compact_success]).toBe(1)
    expect(world.vm[VM.pgmigrate_success]).toBeGreaterThan(200)
    for (const process of [mm, child]) {
      const wrong: number[] = []
      userRead(world, process, BASE + 1, pages - 1, 2, (page, value) => {
        if (value !== (page % 255) + 1) wrong.push(page - BASE)
      })
      expect(wrong).toEqual([])
    }
    expect(checkWorld(world)).toBeUndefined()
  })

  it.each([
    ['linux-6.1', 0],
    ['linux-6.12', 9]
  ])('%s: large folios are in its way up to 6.8 (order %i)', (kernel, order) => {
    const at = start(kernel, 2 ** 25)
    const { world, mm } = at
    sysMmap(world, mm, { vpn: BASE, pages: 8192, prot: 'rw' })
    if (kernel === 'linux-6.12') {
      at.sysfs.write('hugepages-16kB/enabled', 'always')
      at.store(0, readMemory(world).free)
      for (let page = 0; page < 7168; page += 8) sysMadvise(world, mm, BASE + page, 4, 'dontneed')
    } else {
      at.store(0, readMemory(world).free)
      for (let page = 0; page < 7168; page += 2) sysMadvise(world, mm, BASE + page, 1, 'dontneed')
      // One huge page worth of pins: nothing there may move.
      for (let page = 1; page < 7168; page += 2) {
        const pfn = inspectFolio(world, mm, BASE + page)?.pfn ?? 0
        world.folios.addRefs(pfn, 1)
      }
    }
    at.sysfs.write('enabled', 'always')
    at.sysfs.write('defrag', 'always')
    sysMmap(world, mm, { vpn: 2 ** 29, pages: 512, prot: 'rw' })
    userWrite(world, mm, 2 ** 29, 1, 1, () => 7)
    expect(inspectFolio(world, mm, 2 ** 29)?.order).toBe(order)
  })
})

describe('the deferred-split list under pressure', () => {
  it.each(['linux-6.9', 'linux-6.10', 'linux-6.12'])(
    '%s: is split, oldest first, until enough is free',
    (kernel) => {
      const at = start(kernel, 2 ** 25)
      const { world, mm } = at
      at.sysfs.write('hugepages-64kB/enabled', 'always')
      sysMmap(world, mm, { vpn: BASE, pages: 16384, prot: 'rw' })
      const { free } = readMemory(world)
      at.store(0, free)
      // Half of every folio goes; nothing of it becomes free.
      for (let page = 0; page < free; page += 16) sysMadvise(world, mm, BASE + page, 8, 'dontneed')
      const before = readMemory(world)
      expect([before.free, before.deferred]).toEqual([0, { folios: free / 16, unmapped: free / 2 }])
      // The next page needs memory: four folios are split for 32 pages.
      at.store(free)
      const after = readMemory(world)
      expect([after.deferred.folios, after.free]).toEqual([free / 16 - 4, 31])
      expect(at.order(8)).toBe(0)
      expect(at.order(16 * 4 + 8)).toBe(4)
      // Up to 6.9 the events of /proc/vmstat count folios of every size, from 6.10 on those of the PMD size.
      expect([world.vm[VM.thp_deferred_split_page], world.vm[VM.thp_split_page]]).toEqual(
        kernel === 'linux-6.9' ? [free / 16, 4] : [0, 0]
      )
      if (kernel === 'linux-6.12') {
        expect([
          at.stat(64, 'split'),
          at.stat(64, 'nr_anon'),
          at.stat(64, 'nr_anon_partially_mapped')
        ]).toEqual([4, free / 16 - 4, free / 16 - 4])
      }
      expect(checkWorld(world)).toBeUndefined()
    }
  )

  it.each([
    [511, 0],
    [500, 1]
  ])('6.12 splits a PMD folio of zeroes only below the default of max_ptes_none (%i)', (none, split) => {
    const at = start('linux-6.12', 2 ** 25)
    const { world, mm } = at
    at.sysfs.write('hugepages-2048kB/enabled', 'always')
    at.sysfs.write('khugepaged/max_ptes_none', String(none))
    sysMmap(world, mm, { vpn: BASE, pages: 512, prot: 'rw' })
    sysMmap(world, mm, { vpn: 2 ** 29, pages: 16384, prot: 'rw' })
    at.store(0, 5)
    sysMadvise(world, mm, 2 ** 29, 16384, 'nohugepage')
    const room = readMemory(world).free
    const done = () => userWrite(world, mm, 2 ** 29, room + 1, 1, () => 1)
    if (split === 0) expect(done).toThrow(/Out of memory/)
    else expect(done()).toEqual({ done: room + 1 })
    expect(world.vm[VM.thp_underused_split_page]).toBe(split)
    // Pages of zeroes give way to the page of zeroes; the five that hold something stay.
    expect(mm.anonPages).toBe(split === 0 ? 512 + room : 5 + room + 1)
    expect(checkWorld(world)).toBeUndefined()
  })
})

describe('folios by size', () => {
  it('are at any time what the tables say, whatever happened', () => {
    const step = fc.record({
      what: fc.constantFrom(
        'store',
        'store',
        'load',
        'dontneed',
        'unmap',
        'fork',
        'exit',
        'compact',
        'setting'
      ),
      from: fc.nat(2047),
      count: fc.integer({ min: 1, max: 200 }),
      order: fc.integer({ min: 2, max: 9 })
    })
    const kernel = fc.constantFrom('linux-6.1', 'linux-6.9', 'linux-6.12')
    fc.assert(
      fc.property(kernel, fc.array(step, { minLength: 20, maxLength: 60 }), (name, steps) => {
        const { world, sysfs, mm } = start(name, 2 ** 25)
        sysfs.write('defrag', 'always')
        fragment(world, { order: 5, movable: 0.5 })
        sysMmap(world, mm, { vpn: BASE, pages: 2048, prot: 'rw' })
        let pid = 1
        for (const { what, from, count, order } of steps) {
          const target = world.mms[from % world.mms.length]
          const vpn = BASE + from
          const pages = Math.min(count, 2048 - from)
          if (what === 'setting') {
            if (name === 'linux-6.1') sysfs.write('enabled', order % 2 === 0 ? 'always' : 'never')
            else sysfs.write(`hugepages-${4 * 2 ** order}kB/enabled`, from % 2 === 0 ? 'always' : 'never')
          } else if (what === 'store') userWrite(world, target, vpn, pages, 1, () => (from % 255) + 1)
          else if (what === 'load') userRead(world, target, vpn, pages, 1, () => undefined)
          else if (what === 'dontneed') {
            try {
              sysMadvise(world, target, vpn, pages, 'dontneed')
            } catch {
              // Part of it was unmapped.
            }
          } else if (what === 'unmap') sysMunmap(world, target, vpn, Math.min(pages, 9))
          else if (what === 'fork' && world.mms.length < 3) sysFork(world, target, ++pid)
          else if (what === 'exit' && world.mms.length > 1) sysExit(world, world.mms[world.mms.length - 1])
          agree(world, name)
        }
        expect(checkWorld(world)).toBeUndefined()
      }),
      { numRuns: 25 }
    )
  })
})

/** Folios found through the tables, the allocator's account, and the statistics files. */
function agree(world: World, kernel: string): void {
  const { folios, geometry } = world
  world.lru.drainAll()
  const census = takeCensus(world)
  const heads = new Set([...census.pages.keys(), ...census.entire.keys()].map((pfn) => folios.head(pfn)))
  const byOrder = new Array<number>(geometry.pmdOrder + 1).fill(0)
  for (const head of heads) byOrder[folios.order(head)]++
  expect([...folios.live.subarray(0, geometry.pmdOrder + 1)]).toEqual(byOrder)
  const memory = readMemory(world)
  const pages = byOrder.reduce((sum, count, order) => sum + count * 2 ** order, 0)
  expect(memory.inUse).toBe(pages)
  expect(memory.free + memory.inUse + memory.others + memory.reserved).toBe(memory.total)
  expect(memory.freeBlocks.reduce((sum, count, order) => sum + count * 2 ** order, 0)).toBe(memory.free)
  if (kernel !== 'linux-6.12') return
  for (let order = 2; order <= geometry.pmdOrder; order++) {
    expect(world.thpStats.get(order, 'nr_anon')).toBe(byOrder[order])
  }
}
