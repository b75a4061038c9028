/** The decision table itself is asked in decision.test.ts; here are places, neighbours, memory, versions. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inspectFolio } from '../inspect'
import { kernelByName } from '../kernel'
import { createMachine } from '../machine'
import { newMm } from '../mm/fork'
import { fragment } from '../mm/fragment'
import { CHP_NAMES } from '../process'
import { sysMadvise, sysMmap, sysMunmap, userRead, userWrite } from '../syscalls'
import { World } from '../world'
import { explainStore } from './explain'
import { DEFRAG, SIZE_ENABLED, TOP_ENABLED } from './settings'
import { Sysfs } from './sysfs'

const BASE = 2 ** 28
const PAGES = 1536

function start(kernel = 'linux-6.12', memoryBytes = 2 ** 30) {
  const world = new World({ kernel: kernelByName(kernel), granule: '4K', memoryBytes })
  return { world, sysfs: new Sysfs(world), mm: newMm(world, 1) }
}

/** Reasons by size in kB, of a store to page `vpn`. */
function reasons({ world, mm }: ReturnType<typeof start>, vpn: number): Record<string, string> {
  const vma = mm.vmaAt(vpn)
  if (vma === undefined) throw new Error('no VMA')
  return Object.fromEntries(
    explainStore(world, mm, vma, vpn).sizes.map(({ bytes, reason }) => [bytes / 1024, reason])
  )
}

describe('why a size is not used', () => {
  it('names the file that refuses it', () => {
    const at = start()
    at.sysfs.write('enabled', 'madvise')
    at.sysfs.write('hugepages-64kB/enabled', 'madvise')
    at.sysfs.write('hugepages-32kB/enabled', 'always')
    sysMmap(at.world, at.mm, { vpn: BASE, pages: 512, prot: 'rw' })
    expect(reasons(at, BASE)).toMatchObject({
      2048: 'top-madvise',
      1024: 'size-never',
      64: 'size-madvise',
      32: 'used'
    })
    sysMadvise(at.world, at.mm, BASE, 512, 'hugepage')
    expect(reasons(at, BASE)).toMatchObject({ 2048: 'used', 1024: 'size-never', 64: 'larger-first' })
    const { sizes } = explainStore(at.world, at.mm, at.mm.vmas[0], BASE)
    expect(sizes[0]).toMatchObject({ setting: 'inherit', policy: 'madvise', allowed: true })
    expect(sizes[1].why).toBe('hugepages-1024kB/enabled is never.')
  })

  it('names bounds, neighbours and tables', () => {
    const at = start()
    for (const size of [2048, 64, 32, 16]) at.sysfs.write(`hugepages-${size}kB/enabled`, 'always')
    sysMmap(at.world, at.mm, { vpn: BASE + 8, pages: 600, prot: 'rw' })
    expect(reasons(at, BASE + 8)).toMatchObject({ 2048: 'vma-bounds', 64: 'vma-bounds', 32: 'used' })
    userWrite(at.world, at.mm, BASE + 32, 1, 1, () => 1)
    userRead(at.world, at.mm, BASE + 50, 1, 1, () => undefined)
    expect(reasons(at, BASE + 48)).toMatchObject({ 64: 'entries-taken', 16: 'entries-taken' })
    expect(reasons(at, BASE + 56)).toMatchObject({ 64: 'entries-taken', 32: 'used' })
    expect(reasons(at, BASE + 512)).toMatchObject({ 2048: 'vma-bounds', 64: 'used' })
    const vma = at.mm.vmas[0]
    expect(explainStore(at.world, at.mm, vma, BASE + 50).order).toBeUndefined()
  })

  it('names memory', () => {
    const at = start('linux-6.12', 2 ** 25)
    at.sysfs.write('hugepages-64kB/enabled', 'always')
    sysMmap(at.world, at.mm, { vpn: BASE, pages: 8192, prot: 'rw' })
    let vpn = BASE
    while (at.world.folios.buddy.largestFree >= 4) userWrite(at.world, at.mm, vpn++, 1, 1, () => 1)
    vpn += -vpn & 15
    expect(reasons(at, vpn)).toMatchObject({ 2048: 'top-never', 64: 'no-memory' })
  })

  it('names memory that may not be written: a store to it is given nothing', () => {
    const at = start()
    at.sysfs.write('hugepages-64kB/enabled', 'always')
    sysMmap(at.world, at.mm, { vpn: BASE, pages: 64, prot: 'r' })
    expect(reasons(at, BASE)).toMatchObject({ 64: 'not-writable', 32: 'size-never' })
    expect(explainStore(at.world, at.mm, at.mm.vmas[0], BASE).order).toBeUndefined()
    expect(userWrite(at.world, at.mm, BASE, 1, 1, () => 1)).toMatchObject({ done: 0, signal: 'SIGSEGV' })
  })

  it('names the version', () => {
    const old = start('linux-6.1')
    old.sysfs.write('enabled', 'madvise')
    sysMmap(old.world, old.mm, { vpn: BASE, pages: 512, prot: 'rw' })
    expect(reasons(old, BASE)).toMatchObject({ 2048: 'top-madvise', 64: 'version' })
    expect(explainStore(old.world, old.mm, old.mm.vmas[0], BASE).sizes[0]).toMatchObject({
      setting: undefined,
      why: 'enabled is madvise, and the VMA has no MADV_HUGEPAGE.'
    })
  })

  it("names OnePlus' marks and pool", () => {
    const process = createMachine({ kernel: 'oneplus-5.15' }).spawn()
    const plain = process.mmap({ bytes: 2 ** 21 })
    const heap = process.mmap({ bytes: 2 ** 21, name: CHP_NAMES[0] })
    const reason = (region: typeof heap, page = 0) =>
      region.explain(page).sizes.find(({ bytes }) => bytes === 65536)?.reason
    expect([reason(plain), reason(heap)]).toEqual(['not-marked', 'used'])
    expect(
      heap.explain(0).sizes.map(({ bytes, policy, allowed }) => [bytes / 1024, policy, allowed])
    ).toContainEqual([64, 'always', true])
    process.world.folios.blocks.limit = 0
    expect([reason(heap), heap.explain(0).order]).toEqual(['pool-empty', 0])
  })
})

describe('memory in pieces', () => {
  const answer = (defrag: string, advised: boolean, movable = 1) => {
    const at = start()
    for (const kb of [64, 32]) at.sysfs.write(`hugepages-${kb}kB/enabled`, 'always')
    at.sysfs.write('defrag', defrag)
    fragment(at.world, { order: 3, movable })
    sysMmap(at.world, at.mm, { vpn: BASE, pages: 512, prot: 'rw' })
    if (advised) sysMadvise(at.world, at.mm, BASE, 512, 'hugepage')
    const { order, sizes } = explainStore(at.world, at.mm, at.mm.vmas[0], BASE)
    userWrite(at.world, at.mm, BASE, 1, 1, () => 1)
    expect(inspectFolio(at.world, at.mm, BASE)?.order).toBe(order)
    return [order, sizes.find(({ bytes }) => bytes === 65536)?.why]
  }

  it.each([
    ['always', false, 1, 4, 'the fault compacts memory and gets one.'],
    ['always', false, 0, 3, 'and compaction makes none now.'],
    ['defer', true, 1, 3, 'with defrag at defer the fault only wakes kcompactd.'],
    ['defer+madvise', true, 1, 4, 'the fault compacts memory and gets one.'],
    ['defer+madvise', false, 1, 3, 'with defrag at defer+madvise the fault only wakes kcompactd.'],
    ['madvise', true, 1, 4, 'the fault compacts memory and gets one.'],
    ['madvise', false, 1, 3, 'with defrag at madvise the fault does not compact.'],
    ['never', true, 1, 3, 'with defrag at never the fault does not compact.']
  ] as const)('defrag %s, advised %s, movable %d: order %d', (defrag, advised, movable, order, why) => {
    const [found, sentence] = answer(defrag, advised, movable)
    expect(found).toBe(order)
    expect(sentence).toMatch(/^No free block of memory has 16 pages in line[,:] /)
    expect(sentence).toContain(why)
  })

  it('a shared file gives what its page cache has, a private one a copy of one page', () => {
    const process = createMachine({ kernel: 'linux-6.12' }).spawn()
    const file = { folioBytes: 65536 }
    const shared = process.mmap({ bytes: 2 ** 20, shared: true, file })
    expect([shared.explain(5).order, process.mmap({ bytes: 2 ** 20, file }).explain(5).order]).toEqual([4, 0])
    shared.write(5, 1)
    expect([shared.folio(5)?.order, shared.explain(6).order, shared.explain(5).order]).toEqual([
      4,
      4,
      undefined
    ])
    process.machine.sysfs.write('/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages', '1')
    const pool = process.mmap({ bytes: 2 ** 21, huge: 2 ** 21 })
    expect([pool.explain(3).order, pool.explain(3).sizes[0].why]).toEqual([
      9,
      'The VMA maps HugeTLB pages, which come from a pool of their own.'
    ])
    const tmpfs = process.mmap({ bytes: 2 ** 20, shared: true })
    expect([tmpfs.explain(0).order, tmpfs.explain(0).sizes[0].why]).toEqual([
      0,
      'The VMA maps shared memory, which shmem_enabled concerns; it is simulated in single pages whatever that says.'
    ])
  })
})

describe('what is foreseen is what a store gets', () => {
  it('in memory that is in pieces, however hard faults may try', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('linux-6.1', 'linux-6.9', 'linux-6.12'),
        fc.constantFrom(...DEFRAG),
        fc.integer({ min: 0, max: 8 }),
        fc.constantFrom(0, 0.5, 0.97, 1),
        fc.array(fc.record({ page: fc.nat(1023), advise: fc.boolean() }), { minLength: 5, maxLength: 40 }),
        (name, defrag, order, movable, steps) => {
          const { world, sysfs, mm } = start(name, 2 ** 26)
          sysfs.write('enabled', 'always')
          sysfs.write('defrag', defrag)
          if (name !== 'linux-6.1')
            for (const kb of [64, 32]) sysfs.write(`hugepages-${kb}kB/enabled`, 'always')
          fragment(world, { order, movable })
          sysMmap(world, mm, { vpn: BASE, pages: 1024, prot: 'rw' })
          for (const { page, advise } of steps) {
            const vpn = BASE + page
            if (advise) sysMadvise(world, mm, vpn - (vpn % 16), 16, 'hugepage')
            const vma = mm.vmaAt(vpn)
            const foreseen = vma && explainStore(world, mm, vma, vpn).order
            userWrite(world, mm, vpn, 1, 1, () => 1)
            if (foreseen !== undefined) expect(inspectFolio(world, mm, vpn)?.order).toBe(foreseen)
          }
        }
      ),
      { numRuns: 60 }
    )
  })

  it('whatever was mapped, advised, touched and unmapped before', () => {
    const step = fc.record({
      what: fc.constantFrom('store', 'load', 'unmap', 'hugepage', 'nohugepage', 'setting', 'dontneed'),
      from: fc.nat(PAGES - 1),
      count: fc.integer({ min: 1, max: 300 }),
      order: fc.integer({ min: 1, max: 9 }),
      value: fc.nat(3)
    })
    const kernel = fc.constantFrom('linux-6.1', 'linux-6.9', 'linux-6.12')
    fc.assert(
      fc.property(kernel, fc.array(step, { minLength: 10, maxLength: 40 }), (name, steps) => {
        const at = start(name)
        const { world, mm, sysfs } = at
        sysMmap(world, mm, { vpn: BASE + 3, pages: PAGES, prot: 'rw' })
        for (const { what, from, count, order, value } of steps) {
          const vpn = BASE + 3 + from
          const pages = Math.min(count, PAGES - from)
          if (what === 'setting') {
            const perSize = order > 1 && name !== 'linux-6.1'
            const path = perSize ? `hugepages-${4 * 2 ** order}kB/enabled` : 'enabled'
            sysfs.write(path, perSize ? SIZE_ENABLED[value] : TOP_ENABLED[value % 3])
            continue
          }
          if (what === 'unmap') {
            sysMunmap(world, mm, vpn, Math.min(pages, 20))
            continue
          }
          const vma = mm.vmaAt(vpn)
          if (vma === undefined) continue
          if (what === 'load') userRead(world, mm, vpn, 1, 1, () => undefined)
          else if (what === 'store') {
            const { order: foreseen } = explainStore(world, mm, vma, vpn)
            const before = world.counters.snapshot()
            explainStore(world, mm, vma, vpn)
            expect(world.counters.snapshot()).toEqual(before)
            const there = inspectFolio(world, mm, vpn)?.order
            userWrite(world, mm, vpn, 1, 1, () => 1)
            if (foreseen !== undefined) expect(inspectFolio(world, mm, vpn)?.order).toBe(foreseen)
            else if (there !== undefined) expect(inspectFolio(world, mm, vpn)?.order).toBe(there)
          } else {
            const end = Math.min(vpn + pages, vma.end)
            sysMadvise(world, mm, vpn, end - vpn, what)
          }
        }
      }),
      { numRuns: 120 }
    )
  })
})
