import { describe, expect, it } from 'vitest'
import { checkWorld } from './check'
import { EngineError } from './error'
import { countersBetween } from './inspect'
import { KERNELS } from './kernel'
import { createMachine, type Machine } from './machine'
import { contpteV2 } from './kernel/contpte-v2'
import { readMemory } from './memory'
import { startWorkload } from './workload'

function machine(kernel = 'contpte-v2', size = 64): Machine {
  const m = createMachine({ kernel })
  if (size > 0) m.sysfs.write(`hugepages-${size}kB/enabled`, 'always')
  return m
}

function cost(m: Machine, body: () => void): Record<string, number> {
  const before = m.counters.snapshot()
  body()
  return countersBetween(before, m.counters.values)
}

function error(body: () => void): EngineError {
  try {
    body()
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown
    throw thrown
  }
  throw new Error('nothing was thrown')
}

describe('first touch', () => {
  it('maps one folded 64 KiB folio a fault', () => {
    const m = machine()
    const region = m.spawn().mmap({ bytes: 2 ** 20 })
    expect(cost(m, () => region.write())).toMatchObject({
      fault: 16,
      faultWrite: 16,
      folioAlloc: 16,
      pageAlloc: 256,
      pageClear: 256,
      write: 256,
      rss: 16
    })
    expect(region.foldedBlocks()).toBe(16)
    expect(region.pte(17)).toMatchObject({
      present: true,
      valid: true,
      writable: true,
      dirty: true,
      young: true,
      contiguous: true
    })
    expect(region.folio(17)).toMatchObject({ order: 4, refcount: 16, mapcount: 1, exclusive: true })
    expect(checkWorld(m.world)).toBeUndefined()
  })

  it('knows no contiguous bit without contpte', () => {
    const m = machine('no-contpte')
    const region = m.spawn().mmap({ bytes: 2 ** 20 })
    region.write()
    expect([region.foldedBlocks(), region.folio(0)?.order]).toEqual([0, 4])
  })

  it('takes the largest order that fits the VMA and finds its block empty', () => {
    const m = machine('contpte-v2', 64)
    m.sysfs.write('hugepages-32kB/enabled', 'always')
    m.sysfs.write('hugepages-16kB/enabled', 'madvise')
    const region = m.spawn().mmap({ bytes: 27 * 4096 })
    region.read(3, 1)
    region.write()
    const orders = Array.from({ length: 27 }, (_, page) => region.folio(page)?.order)
    // Page 3 was the zero page: 0-7 hold no large folio; 24-26 end the VMA.
    const expected = [
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      ...Array<number>(8).fill(3),
      ...Array<number>(8).fill(3),
      0,
      0,
      0
    ]
    expect(orders).toEqual(expected)
    expect(region.folio(8)?.pfn).not.toBe(region.folio(16)?.pfn)
  })

  it('follows advice where sysfs says madvise', () => {
    const m = machine('contpte-v2', 0)
    m.sysfs.write('hugepages-64kB/enabled', 'madvise')
    const region = m.spawn().mmap({ bytes: 48 * 4096 })
    region.madvise('hugepage', 16, 16)
    region.write()
    expect([0, 16, 32].map((page) => region.folio(page)?.order)).toEqual([0, 4, 0])
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    region.madvise('nohugepage', 16, 16)
    region.madvise('dontneed')
    region.write()
    expect([0, 16, 32].map((page) => region.folio(page)?.order)).toEqual([4, 0, 4])
  })

  it('maps the zero page on a load, and one page of its own on the store that follows', () => {
    const m = machine()
    const region = m.spawn().mmap({ bytes: 2 ** 16 })
    region.read()
    expect(m.counters.get('faultRead')).toBe(16)
    expect(m.counters.get('folioAlloc')).toBe(0)
    expect(region.pte(3)).toMatchObject({ present: true, writable: false, readOnly: true })
    expect(region.folio(3)).toBeUndefined()
    region.write(3, 1)
    // One reference is the LRU batch's.
    expect(region.folio(3)).toMatchObject({ order: 0, refcount: 2, mapcount: 1, exclusive: true })
    expect(m.counters.get('cowCopy')).toBe(0)
    expect(checkWorld(m.world)).toBeUndefined()
  })
})

describe('copy on write after fork', () => {
  it('copies one page of a large folio, unfolds the rest, and never reuses it', () => {
    const m = machine()
    const parent = m.spawn()
    const region = parent.mmap({ bytes: 2 ** 16 })
    region.write()
    const child = parent.fork()
    expect([region.foldedBlocks(), region.foldedBlocks(child)]).toEqual([1, 1])
    // Recorded handler reads: one lockless (2 + C), three ptep_get (1 + C); then 1R + convert + 1X,
    // and set_pte_at 1R 1W.
    expect(cost(m, () => region.write(5, 1))).toEqual({
      fault: 1,
      faultWrite: 1,
      cowCopy: 1,
      pageCopy: 1,
      folioAlloc: 1,
      pageAlloc: 1,
      folioRef: 3,
      mapcount: 1,
      read: 18 + 3 * 17 + 1 + 1,
      xchg: 16 + 1,
      write: 16 + 1,
      unfold: 1,
      tlbi: 16 + 1,
      tlbiVale1is: 17,
      dsbIshst: 2,
      dsbIsh: 2
    })
    expect([region.foldedBlocks(), region.foldedBlocks(child)]).toEqual([0, 1])
    expect(region.folio(5)).toMatchObject({ order: 0, exclusive: true })
    expect(region.folio(4)).toMatchObject({ order: 4, refcount: 31, mapcount: 2, exclusive: false })
    child.exit()
    expect(cost(m, () => region.write(4, 1))).toMatchObject({ cowCopy: 1 })
    expect(checkWorld(m.world)).toBeUndefined()
  })

  it('reuses an order-0 page once the child is gone', () => {
    const m = machine('no-contpte', 0)
    const parent = m.spawn()
    const region = parent.mmap({ bytes: 4096 })
    region.write()
    const child = parent.fork()
    child.exit()
    expect(cost(m, () => region.write())).toMatchObject({ cowReuse: 1, tlbi: 1, tlbiVale1is: 1 })
    expect(region.pte(0)).toMatchObject({ writable: true, readOnly: false })
    expect(region.folio(0)?.exclusive).toBe(true)
  })

  it('lets the child write its own copy', () => {
    const m = machine('no-contpte', 0)
    const parent = m.spawn()
    const region = parent.mmap({ bytes: 8192 })
    region.write()
    const child = parent.fork()
    region.write(0, 1, child)
    expect(region.pte(0, child).pfn).not.toBe(region.pte(0).pfn)
    expect(region.pte(1, child).pfn).toBe(region.pte(1).pfn)
    expect(cost(m, () => region.write(0, 1))).toMatchObject({ cowReuse: 1 })
  })

  it('sees child entries old until they are touched, one entry of a block at a time', () => {
    const m = machine()
    const parent = m.spawn()
    const region = parent.mmap({ bytes: 2 ** 16 })
    region.write()
    const child = parent.fork()
    expect(region.pte(3, child).young).toBe(false)
    expect(cost(m, () => region.read(3, 1, child))).toEqual({})
    expect([region.pte(3, child).young, region.pte(4, child).young]).toEqual([true, false])
    expect(checkWorld(m.world)).toBeUndefined()
  })

  it('without hardware access flags takes a fault that makes the whole block young', () => {
    const cpu = { hafdbs: false, tlbRange: false, kpti: false, repeatTlbi: false }
    const m = createMachine({ kernel: 'contpte-v2', cpu })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const region = parent.mmap({ bytes: 2 ** 16 })
    region.write()
    const child = parent.fork()
    expect(cost(m, () => region.read(3, 1, child))).toMatchObject({ fault: 1, faultRead: 1, cas: 16 })
    expect([region.pte(4, child).young, region.foldedBlocks(child)]).toEqual([true, 1])
  })
})

describe('memory the simulator itself needs', () => {
  it('is at most 16 bytes a page for 1 GiB in 64 KiB folios', () => {
    const m = machine()
    const bytes = () => m.world.tables.bytes + m.world.folios.bytes + m.world.folios.buddy.bytes
    const region = m.spawn().mmap({ bytes: 2 ** 30 })
    const before = bytes()
    region.write()
    expect((bytes() - before) / region.length).toBeLessThanOrEqual(16)
  })

  it('is at most 16 bytes a page of the most that were mapped, while an arena frees single pages of 64K folios', () => {
    const m = createMachine({ kernel: 'linux-6.12', memoryBytes: 2 ** 34 })
    m.shell.run('echo always > hugepages-64kB/enabled')
    const { tables, folios } = m.world
    const bytes = () => tables.bytes + folios.bytes + folios.buddy.bytes
    const region = m.spawn().mmap({ bytes: 2 ** 30 })
    const before = bytes()
    const arena = startWorkload(region, { kind: 'arena', liveBytes: 2 ** 27, purgeBytes: 4096 })
    let most = 0
    for (let i = 0; i < 7; i++) {
      arena.run(20_000)
      most = Math.max(most, arena.report.residentPages)
      // Chunks of 512 KiB of tables and 32 MiB of frames: a small heap leaves much of the last one unused.
      if (most > 20_000) expect((bytes() - before) / most).toBeLessThanOrEqual(16)
    }
    expect(most).toBeGreaterThan(20_000)
    expect(readMemory(m.world).deferred.unmapped).toBeGreaterThan(5000)
  })

  it('is next to nothing for a machine that is not used', () => {
    const { world } = createMachine({ kernel: 'contpte-v2', memoryBytes: 2 ** 42 })
    expect(world.tables.bytes + world.folios.bytes + world.folios.buddy.bytes).toBeLessThan(4096)
  })
})

describe('a PMD leaf', () => {
  it('maps a PMD-sized folio by one fault, as one mapping of the whole', () => {
    const m = machine('linux-6.12', 0)
    m.sysfs.write('enabled', 'always')
    const region = m.spawn().mmap({ bytes: 2 ** 21 })
    region.write(5, 1)
    expect(m.counters.get('fault')).toBe(1)
    expect(region.pte(511)).toMatchObject({ present: true, writable: true, dirty: true })
    expect(region.folio(511)).toMatchObject({ order: 9, refcount: 1, mapcount: 0 })
    expect(m.world.folios.entireMapcount(region.pte(0).pfn)).toBe(1)
    expect(m.world.thpStats.get(9, 'anon_fault_alloc')).toBe(1)
  })

  it('is not asked for where 2 MiB do not fit the mapping', () => {
    const m = machine('contpte-v2', 0)
    m.sysfs.write('enabled', 'always')
    m.sysfs.write('hugepages-64kB/enabled', 'inherit')
    const region = m.spawn().mmap({ bytes: 2 ** 21 - 4096 })
    region.write()
    expect(region.folio(0)?.order).toBe(4)
  })
})

describe('other granules', () => {
  it.each([
    ['16K', 2048, 128],
    ['64K', 2048, 32]
  ] as const)('%s: 2 MiB folios are folded blocks of %i kB, %i entries', (granule, kilobytes, entries) => {
    for (const { name, pteOps, faultOrders, forkCopy } of KERNELS) {
      if (faultOrders !== 'per-size') continue
      const m = createMachine({ kernel: name, granule })
      m.sysfs.write(`hugepages-${kilobytes}kB/enabled`, 'always')
      const parent = m.spawn()
      const region = parent.mmap({ bytes: 4 * kilobytes * 1024 })
      region.write()
      const child = parent.fork()
      const folded = pteOps === 'absent' ? 0 : 4
      expect([region.length, region.foldedBlocks(), region.foldedBlocks(child)]).toEqual([
        4 * entries,
        folded,
        folded
      ])
      expect(m.counters.get('unfold')).toBe(pteOps === 'transparent-v2' && forkCopy === 'per-pte' ? 4 : 0)
      region.write(1, 1)
      expect(checkWorld(m.world)).toBeUndefined()
      child.exit()
      parent.exit()
      expect(checkWorld(m.world)).toBeUndefined()
    }
  })
})

describe('errors', () => {
  it('names the kernels there are', () => {
    const { code, message } = error(() => createMachine({ kernel: 'linux-9' }))
    expect(code).toBe('unknown-kernel')
    for (const kernel of KERNELS) expect(message).toContain(kernel.name)
  })

  it.each([
    [{ cpus: 0 }, 'cpus must be'],
    [{ cpus: 1025 }, 'cpus must be'],
    [{ cpus: 1.5 }, 'cpus must be'],
    [{ memoryBytes: 1 }, 'memory must be'],
    [{ memoryBytes: NaN }, 'memory must be']
  ])('refuses %j', (config, message) => {
    const thrown = error(() => createMachine({ kernel: contpteV2, ...config }))
    expect(thrown.code).toBe('bad-argument')
    expect(thrown.message).toContain(message)
  })

  it('refuses pages outside the region', () => {
    const region = machine()
      .spawn()
      .mmap({ bytes: 4096 * 4 })
    for (const body of [
      () => region.write(0, 5),
      () => region.read(-1, 1),
      () => region.pte(4),
      () => region.write(0.5, 1)
    ]) {
      expect(error(body).code).toBe('bad-argument')
    }
  })

  it('refuses what a process did before it exited to one that has', () => {
    const process = machine().spawn()
    const region = process.mmap({ bytes: 4096 })
    process.exit()
    expect(process.exited).toBe(true)
    for (const body of [
      () => region.write(),
      () => process.fork(),
      () => process.exit(),
      () => region.pte(0)
    ]) {
      expect(error(body).code).toBe('use-after-exit')
    }
  })

  it('stops a store where the mapping does not allow it, after the pages before', () => {
    const m = machine('contpte-v2', 0)
    const process = m.spawn()
    const readOnly = process.mmap({ bytes: 4096, prot: 'r' })
    const { code, message } = error(() => readOnly.write())
    expect(code).toBe('EFAULT')
    expect(message).toContain(readOnly.address.toString(16))
    const region = process.mmap({ bytes: 4 * 4096 })
    region.munmap(2, 1)
    expect(error(() => region.write()).code).toBe('EFAULT')
    expect([0, 1, 2, 3].map((page) => region.pte(page).present)).toEqual([true, true, false, false])
    expect(error(() => region.madvise('dontneed')).code).toBe('ENOMEM')
    expect(region.pte(0).present).toBe(false)
  })

  it('runs out of memory with ENOMEM, in smaller folios before', () => {
    const m = createMachine({ kernel: 'contpte-v2', memoryBytes: 16 * 2 ** 20 })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const process = m.spawn()
    const small = process.mmap({ bytes: 4096 })
    small.write()
    const region = process.mmap({ bytes: 16 * 2 ** 20 })
    expect(error(() => region.write()).code).toBe('ENOMEM')
    expect(m.world.folios.buddy.freePages).toBe(0)
    expect(checkWorld(m.world)).toBeUndefined()
  })

  it('does not time without a profile, and does not run the body either', () => {
    let ran = false
    expect(error(() => machine().time(() => (ran = true))).code).toBe('no-cost-profile')
    expect(ran).toBe(false)
  })
})

describe('placement', () => {
  it('aligns as asked, and no better below 2 MiB', () => {
    const process = machine().spawn()
    expect(process.mmap({ bytes: 4096 }).address % 2 ** 21).toBe(0)
    expect(process.mmap({ bytes: 4096, align: 2 ** 32 }).address % 2 ** 32).toBe(0)
    for (const align of [4096, 65536]) {
      const { address } = process.mmap({ bytes: 4096, align })
      expect([address % align, address % (2 * align)]).toEqual([0, align])
    }
  })

  it('never folds where address and frame are not aligned alike', () => {
    const m = machine()
    const region = m.spawn().mmap({ bytes: 40 * 4096, align: 4096 })
    region.write()
    // The VMA starts at index 1 of a block: 15 single pages, one block, 9 single pages.
    expect(region.foldedBlocks()).toBe(1)
    expect([region.folio(14)?.order, region.folio(15)?.order, region.folio(31)?.order]).toEqual([0, 4, 0])
  })

  it('never puts two regions side by side', () => {
    const process = machine().spawn()
    const [a, b] = [process.mmap({ bytes: 2 ** 30 }), process.mmap({ bytes: 2 ** 30 })]
    expect(b.address).toBeGreaterThan(a.address + a.bytes)
  })

  it('splits a VMA for advice and merges it again, but not in a child', () => {
    const m = machine()
    const parent = m.spawn()
    const region = parent.mmap({ bytes: 48 * 4096 })
    region.write()
    region.madvise('hugepage', 16, 16)
    const vmas = (process = parent) => process.livingMm().vmas.map((vma) => vma.end - vma.start)
    expect(vmas()).toEqual([16, 16, 16])
    expect(region.foldedBlocks()).toBe(3)
    const child = parent.fork()
    for (const process of [parent, child]) {
      region.madvise('hugepage', 0, 16, process)
      region.madvise('hugepage', 32, 16, process)
    }
    expect([vmas(), vmas(child)]).toEqual([[48], [16, 16, 16]])
    expect(checkWorld(m.world)).toBeUndefined()
  })

  it('rounds up to whole pages', () => {
    expect(machine().spawn().mmap({ bytes: 4097 })).toMatchObject({ length: 2, bytes: 8192 })
  })
})

describe('views of forks', () => {
  it('show both sides before and after, count nothing, and stop when asked', () => {
    const run = (record: boolean) => {
      const m = machine()
      if (record) m.recordForks({ forks: 1, entries: 40 })
      const parent = m.spawn()
      const region = parent.mmap({ bytes: 2 ** 20 })
      region.write()
      parent.fork()
      parent.fork()
      return m
    }
    const m = run(true)
    expect(m.counters.values).toEqual(run(false).counters.values)
    expect(m.forkViews).toHaveLength(1)
    const [view] = m.forkViews
    expect(view).toMatchObject({ index: 0, parentPid: 1, childPid: 2, batches: Array<number>(16).fill(16) })
    expect(view.counters).toMatchObject({ fork: 1, forkBatch: 16, cas: 256 })
    expect(view.parentBefore[0].summary).toEqual({
      present: 256,
      writable: 256,
      readOnly: 0,
      foldedBlocks: 16
    })
    expect(view.parentAfter[0].summary).toEqual({
      present: 256,
      writable: 0,
      readOnly: 256,
      foldedBlocks: 16
    })
    expect(view.child[0]).toMatchObject({ total: 256, blockEntries: 16, pageSize: 4096 })
    expect(view.child[0].flags).toHaveLength(40)
    expect(view.child[0].mapcount[0]).toBe(2)
    expect(view.parentBefore[0].exclusive[0]).toBe(1)
    expect(view.parentBefore[0].raw[0]).toMatch(/^f8.*f43$/)
  })
})
