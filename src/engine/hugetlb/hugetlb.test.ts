/** HugeTLB mappings of every size, granule and kernel; counts of recorded kernels are compared by `lab/compare`. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import type { GranuleName } from '../arch/granule'
import { GEOMETRIES } from '../arch/granule'
import { ADVERSARIAL } from '../arch/tlb'
import { checkWorld } from '../check'
import { EngineError } from '../error'
import { kernelByName } from '../kernel'
import { newMm } from '../mm/fork'
import type { Mm } from '../mm/mm'
import * as sys from '../syscalls'
import { Sysfs } from '../thp/sysfs'
import { World } from '../world'
import { hugeSize, hugetlbOrders } from './sizes'

const START = 2 ** 22

function machine(kernel: string, granule: GranuleName = '4K', memoryBytes = 2 ** 31) {
  const world = new World({
    kernel: kernelByName(kernel),
    granule,
    memoryBytes,
    tlb: { ...ADVERSARIAL, cpus: 2 }
  })
  return { world, mm: newMm(world, 1) }
}

function pool(world: World, order: number) {
  const found = world.hugetlb.pool(order)
  if (found === undefined) throw new Error(`no pool of order ${order}`)
  return found
}

function map(world: World, mm: Mm, order: number, nr: number, more: Partial<sys.MmapCall> = {}) {
  sys.sysMmap(world, mm, { vpn: START, pages: nr * 2 ** order, prot: 'rw', huge: order, ...more })
}

function code(body: () => unknown): string {
  try {
    body()
  } catch (error) {
    if (error instanceof EngineError) return error.code
    throw error
  }
  return 'done'
}

const touch = (world: World, mm: Mm, page = 0, value = 7) =>
  sys.userWrite(world, mm, START + page, 1, 1, () => value)
const look = (world: World, mm: Mm, page = 0) => {
  let seen = -1
  const { signal } = sys.userRead(world, mm, START + page, 1, 1, (_, value) => (seen = value))
  return signal ?? seen
}

/** Base pages, level and entries of each size; `hugetlbpage.c` of arm64. */
const SIZES: readonly (readonly [GranuleName, string, number, number, number])[] = [
  ['4K', '64KiB', 4, 0, 16],
  ['4K', '2MiB', 9, 1, 1],
  ['4K', '32MiB', 13, 1, 16],
  ['4K', '1GiB', 18, 2, 1],
  ['16K', '2MiB', 7, 0, 128],
  ['16K', '32MiB', 11, 1, 1],
  ['16K', '1GiB', 16, 1, 32],
  ['64K', '2MiB', 5, 0, 32],
  ['64K', '512MiB', 13, 1, 1],
  ['64K', '16GiB', 18, 1, 32]
]

describe('sizes', () => {
  it('are those of arm64, by granule', () => {
    const all = SIZES.map(([granule, , order]) => [granule, order])
    const ours = (['4K', '16K', '64K'] as const).flatMap((granule) =>
      hugetlbOrders(GEOMETRIES[granule]).map((order) => [granule, order])
    )
    expect(ours).toEqual(all)
  })

  it.each(SIZES)(
    '%s pages: %s is order %i, at depth %i, by %i entries',
    (granule, _size, order, depth, entries) => {
      expect(hugeSize(GEOMETRIES[granule], order)).toMatchObject({ order, depth, entries, pages: 2 ** order })
    }
  )
})

describe.each(['linux-6.1', 'linux-6.12', 'oneplus-5.15'])('%s', (kernel) => {
  it.each(SIZES.filter(([, , order]) => order < 16))(
    '%s pages, %s: a life of fork, copy, mprotect, mremap and munmap breaks no invariant',
    (granule, _size, order) => {
      const { world, mm } = machine(kernel, granule, 2 ** 32)
      const nr = 2 ** order
      pool(world, order).resize(4)
      map(world, mm, order, 2)
      const check = () => expect(checkWorld(world)).toBeUndefined()
      touch(world, mm, 3, 9)
      expect([look(world, mm, 3), look(world, mm, nr + 1)]).toEqual([9, 0])
      check()
      const child = sys.sysFork(world, mm, 2)
      check()
      touch(world, mm, 3, 8)
      expect([look(world, mm, 3), look(world, child, 3)]).toEqual([8, 9])
      check()
      sys.sysMprotect(world, mm, START, nr, 'r')
      expect(sys.userWrite(world, mm, START, 1, 1, () => 1)).toEqual({ done: 0, signal: 'SIGSEGV' })
      sys.sysMprotect(world, mm, START, nr, 'rw')
      sys.sysMremap(world, mm, START, nr, START + 8 * nr)
      check()
      expect(
        sys.userRead(world, mm, START + 8 * nr + 3, 1, 1, (_, value) => expect(value).toBe(8)).done
      ).toBe(1)
      sys.sysMadvise(world, child, START, nr, 'dontneed')
      expect(look(world, child, 3)).toBe(0)
      check()
      sys.sysExit(world, child)
      sys.sysMunmap(world, mm, START, 16 * nr)
      check()
      expect([pool(world, order).free, pool(world, order).total, mm.hugetlbPages]).toEqual([4, 4, 0])
      pool(world, order).resize(0)
      check()
      expect(pool(world, order).total).toBe(0)
      sys.sysExit(world, mm)
      expect(world.tables.state[2]).toBe(0)
    }
  )
})

it('1 GiB by one PUD leaf: every page of it is read and copied through that leaf', () => {
  const { world, mm } = machine('linux-6.12', '4K', 2 ** 32)
  pool(world, 18).resize(2)
  map(world, mm, 18, 1)
  touch(world, mm, 262_143, 5)
  const child = sys.sysFork(world, mm, 2)
  touch(world, child, 7, 6)
  expect([
    look(world, mm, 262_143),
    look(world, child, 262_143),
    look(world, mm, 7),
    look(world, child, 7)
  ]).toEqual([5, 5, 0, 6])
  expect(checkWorld(world)).toBeUndefined()
  sys.sysExit(world, child)
  sys.sysExit(world, mm)
  expect(checkWorld(world)).toBeUndefined()
})

describe('mmap', () => {
  it.each([
    ['a size that is none', { huge: 5 }, 'EINVAL'],
    ['an address inside a page', { vpn: START + 16 }, 'EINVAL'],
    ['more reserved pages than there are', { reserve: true, pages: 3 * 512 }, 'ENOMEM'],
    ['as many reserved pages as there are', { reserve: true }, 'done'],
    ['more pages than there are, not reserved', { pages: 3 * 512 }, 'done'],
    ['a length that is no multiple', { pages: 513 }, 'done']
  ])('of %s', (_what, more, expected) => {
    const { world, mm } = machine('linux-6.12')
    pool(world, 9).resize(2)
    expect(code(() => map(world, mm, 9, 2, more))).toBe(expected)
    expect(checkWorld(world)).toBeUndefined()
  })

  it('over part of a HugeTLB page is refused, ENOMEM by 6.1', () => {
    const answers = ['linux-6.1', 'linux-6.12'].map((kernel) => {
      const { world, mm } = machine(kernel)
      map(world, mm, 9, 2)
      return code(() => sys.sysMmap(world, mm, { vpn: START, pages: 16, prot: 'rw', huge: 4 }))
    })
    expect(answers).toEqual(['ENOMEM', 'EINVAL'])
  })
})

describe('reservations', () => {
  it('are used up by first touches, and what is left goes back with the mapping', () => {
    const { world, mm } = machine('linux-6.1')
    const two = pool(world, 9)
    two.resize(4)
    map(world, mm, 9, 3, { reserve: true })
    expect([two.free, two.reserved]).toEqual([4, 3])
    touch(world, mm)
    expect([two.free, two.reserved]).toEqual([3, 2])
    sys.sysMunmap(world, mm, START, 512)
    expect([two.free, two.reserved]).toEqual([4, 2])
    sys.sysMunmap(world, mm, START, 3 * 512)
    expect([two.free, two.reserved]).toEqual([4, 0])
  })

  it('come back with MADV_DONTNEED from 6.9 on', () => {
    const left = ['linux-6.1', 'linux-6.12'].map((kernel) => {
      const { world, mm } = machine(kernel)
      pool(world, 9).resize(1)
      map(world, mm, 9, 1, { reserve: true })
      touch(world, mm)
      sys.sysMadvise(world, mm, START, 512, 'dontneed')
      return pool(world, 9).reserved
    })
    expect(left).toEqual([0, 1])
  })

  it('keep others from the last free pages', () => {
    const { world, mm } = machine('linux-6.12')
    pool(world, 9).resize(1)
    map(world, mm, 9, 1, { reserve: true })
    const other = newMm(world, 2)
    map(world, other, 9, 1)
    expect(touch(world, other).signal).toBe('SIGBUS')
    expect(touch(world, mm).signal).toBeUndefined()
  })

  it('stay with the parent: a child that the owner takes its page from gets SIGBUS', () => {
    const { world, mm } = machine('linux-6.12')
    pool(world, 9).resize(1)
    map(world, mm, 9, 1, { reserve: true })
    touch(world, mm, 0, 5)
    const child = sys.sysFork(world, mm, 2)
    expect(look(world, child)).toBe(5)
    expect(touch(world, mm, 0, 6)).toEqual({ done: 1 })
    expect([look(world, mm), look(world, child)]).toEqual([6, 'SIGBUS'])
    expect(checkWorld(world)).toBeUndefined()
  })

  it('are given back for a page that a child still maps: the books are one short until it lets go (6.9+)', () => {
    const left = ['linux-6.1', 'linux-6.9', 'linux-6.12'].map((kernel) => {
      const { world, mm } = machine(kernel)
      const two = pool(world, 9)
      two.resize(1)
      map(world, mm, 9, 1, { reserve: true })
      touch(world, mm)
      const child = sys.sysFork(world, mm, 2)
      sys.sysExit(world, mm)
      expect(checkWorld(world)).toBeUndefined()
      const between = two.reserved
      sys.sysExit(world, child)
      expect(checkWorld(world)).toBeUndefined()
      return [between, two.reserved, two.free]
    })
    expect(left).toEqual([
      [0, 0, 1],
      [-1, 0, 1],
      [-1, 0, 1]
    ])
  })

  it('are shown as the unsigned number that they are: one short of none', () => {
    const { world, mm } = machine('linux-6.12')
    pool(world, 9).resize(1)
    map(world, mm, 9, 1, { reserve: true })
    touch(world, mm)
    sys.sysFork(world, mm, 2)
    sys.sysExit(world, mm)
    const file = '/sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages'
    expect(new Sysfs(world).read(file)).toBe('18446744073709551615\n')
  })

  it('of nobody: the child of a mapping that reserved nothing, and the parent, get SIGBUS', () => {
    const { world, mm } = machine('linux-6.12')
    pool(world, 9).resize(1)
    map(world, mm, 9, 1)
    touch(world, mm, 0, 5)
    const child = sys.sysFork(world, mm, 2)
    expect([touch(world, mm).signal, touch(world, child).signal]).toEqual(['SIGBUS', 'SIGBUS'])
    expect([look(world, mm), look(world, child)]).toEqual([5, 5])
  })
})

describe('surplus pages', () => {
  it('are allocated on demand up to the limit, and go back when they are freed', () => {
    const { world, mm } = machine('linux-6.12')
    const two = pool(world, 9)
    two.overcommit = 1
    map(world, mm, 9, 2)
    expect([touch(world, mm).signal, touch(world, mm, 512).signal]).toEqual([undefined, 'SIGBUS'])
    expect([two.total, two.surplus]).toEqual([1, 1])
    sys.sysMunmap(world, mm, START, 512)
    expect([two.total, two.surplus, two.free]).toEqual([0, 0, 0])
    expect(checkWorld(world)).toBeUndefined()
  })

  it('serve a reservation at once, and go with it', () => {
    const { world, mm } = machine('linux-6.12')
    const two = pool(world, 9)
    two.overcommit = 2
    map(world, mm, 9, 2, { reserve: true })
    expect([two.total, two.surplus, two.reserved]).toEqual([2, 2, 2])
    sys.sysMunmap(world, mm, START, 1024)
    expect([two.total, two.surplus, two.reserved]).toEqual([0, 0, 0])
  })

  it('are what pages in use become when the pool shrinks below them', () => {
    const { world, mm } = machine('linux-6.12')
    const two = pool(world, 9)
    two.resize(3)
    map(world, mm, 9, 2)
    touch(world, mm)
    two.resize(0)
    expect([two.total, two.surplus, two.free]).toEqual([1, 1, 0])
    two.resize(1)
    expect([two.total, two.surplus, two.free]).toEqual([1, 0, 0])
  })
})

it('demote splits free pages into those of the next size', () => {
  const { world } = machine('linux-6.12')
  pool(world, 9).resize(3)
  pool(world, 9).demote(2)
  expect([pool(world, 9).total, pool(world, 4).total, pool(world, 4).free]).toEqual([1, 64, 64])
  expect(checkWorld(world)).toBeUndefined()
  expect(code(() => pool(world, 9).setDemoteSize(65_536n))).toBe('EINVAL')
  pool(world, 18).setDemoteSize(2n ** 21n)
  expect(pool(world, 18).demoteOrder).toBe(9)
})

it('a pool gets as many pages as there is memory for', () => {
  const { world } = machine('linux-6.12', '4K', 2 ** 24)
  pool(world, 9).resize(100)
  expect(pool(world, 9).total).toBe(6)
  pool(world, 13).resize(1)
  expect(pool(world, 13).total).toBe(0)
})

describe('advice', () => {
  it.each([
    ['free', 'EINVAL'],
    ['cold', 'EINVAL'],
    ['pageout', 'EINVAL'],
    ['collapse', 'EINVAL'],
    ['wipeonfork', 'EINVAL'],
    ['dontneed', 'done'],
    ['hugepage', 'done'],
    ['dontfork', 'done'],
    ['populate_write', 'done']
  ] as const)('%s: %s', (advice, expected) => {
    for (const kernel of ['linux-6.1', 'linux-6.12']) {
      const { world, mm } = machine(kernel)
      pool(world, 4).resize(4)
      map(world, mm, 4, 4)
      touch(world, mm)
      expect(code(() => sys.sysMadvise(world, mm, START, 64, advice))).toBe(expected)
      expect(checkWorld(world)).toBeUndefined()
    }
  })

  it('to populate more than the pool has is EFAULT', () => {
    for (const kernel of ['linux-6.1', 'linux-6.12']) {
      const { world, mm } = machine(kernel)
      pool(world, 4).resize(1)
      map(world, mm, 4, 2)
      expect(code(() => sys.sysMadvise(world, mm, START, 32, 'populate_write'))).toBe('EFAULT')
      expect(code(() => sys.sysMlock(world, mm, START, 32))).toBe('ENOMEM')
    }
  })
})

describe('pins', () => {
  it.each(['linux-6.1', 'linux-6.12'])('of %s keep a page from being shared by fork', (kernel) => {
    for (const order of [4, 9, 13]) {
      const { world, mm } = machine(kernel)
      pool(world, order).resize(3)
      map(world, mm, order, 1)
      expect(sys.sysPin(world, mm, START, 5, { write: true, longterm: true })).toBe(5)
      touch(world, mm, 2, 3)
      const child = sys.sysFork(world, mm, 2)
      touch(world, mm, 2, 4)
      expect([look(world, mm, 2), look(world, child, 2), pool(world, order).free]).toEqual([4, 3, 1])
      sys.sysUnpin(world, mm)
      expect(checkWorld(world)).toBeUndefined()
    }
  })
})

describe('shared mappings', () => {
  it.each([4, 9, 13])('of order %i show what either process stores', (order) => {
    const { world, mm } = machine('linux-6.12')
    pool(world, order).resize(2)
    map(world, mm, order, 2, { shared: true, reserve: true })
    touch(world, mm, 1, 5)
    const child = sys.sysFork(world, mm, 2)
    touch(world, child, 1, 6)
    expect([look(world, mm, 1), pool(world, order).reserved]).toEqual([6, 1])
    expect(checkWorld(world)).toBeUndefined()
    sys.sysExit(world, mm)
    sys.sysExit(world, child)
    expect([pool(world, order).free, pool(world, order).reserved]).toEqual([2, 0])
    expect(checkWorld(world)).toBeUndefined()
  })
})

it('a page of a shared mapping is anonymous again in the next private one', () => {
  const { world, mm } = machine('linux-6.12')
  pool(world, 9).resize(1)
  map(world, mm, 9, 1, { shared: true })
  touch(world, mm)
  sys.sysMunmap(world, mm, START, 512)
  map(world, mm, 9, 1, { reserve: true })
  expect(touch(world, mm)).toEqual({ done: 1 })
  expect(world.counters.get('cowCopy')).toBe(0)
  expect(checkWorld(world)).toBeUndefined()
})

/** One random step: what, which process, where, how much. */
const step = fc.tuple(fc.nat(9), fc.nat(2), fc.nat(3), fc.integer({ min: 1, max: 4 }), fc.boolean())

describe('random lives', () => {
  test.prop(
    [fc.array(step, { minLength: 5, maxLength: 40 }), fc.constantFrom(4, 9), fc.boolean(), fc.boolean()],
    {
      numRuns: 25
    }
  )('hold every invariant, and nothing is left of them', (steps, order, reserve, modern) => {
    const { world, mm } = machine(modern ? 'linux-6.12' : 'linux-6.1')
    const nr = 2 ** order
    const mine = pool(world, order)
    mine.resize(5)
    const mms = [mm]
    code(() => map(world, mm, order, 4, { reserve }))
    for (const [what, who, from, count, flag] of steps) {
      const actor = mms[who % mms.length]
      const vpn = START + from * nr
      const pages = Math.min(count, 4 - from) * nr
      code(() => {
        if (what === 0) sys.sysMmap(world, actor, { vpn, pages, prot: 'rw', huge: order, reserve: flag })
        else if (what === 1) sys.sysMunmap(world, actor, vpn, pages)
        else if (what === 2) sys.sysMprotect(world, actor, vpn, pages, flag ? 'r' : 'rw')
        else if (what === 3) sys.sysMadvise(world, actor, vpn, pages, 'dontneed')
        else if (what === 4) mine.resize(from + count)
        else if (what === 5) mine.overcommit = count - 1
        else if (what === 6 && mms.length < 3)
          mms.push(
            sys.sysFork(
              world,
              actor,
              world.mms.length + steps.length + mms.length + count * 100 + from * 1000
            )
          )
        else if (what === 7) sys.sysMremap(world, actor, vpn, pages, START + (4 + from) * nr)
        else if (flag) sys.userWrite(world, actor, vpn, pages, 3, () => 1)
        else sys.userRead(world, actor, vpn, pages, 3, () => undefined)
      })
      expect(checkWorld(world)).toBeUndefined()
    }
    for (const each of mms) sys.sysExit(world, each)
    mine.resize(0)
    mine.overcommit = 0
    expect(checkWorld(world)).toBeUndefined()
    expect([mine.total, mine.reserved, world.tables.state[2]]).toEqual([0, 0, 0])
    expect(world.counters.get('folioAlloc') - world.counters.get('folioFree')).toBe(0)
  })
})
