import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { AF, CONT, DIRTY, RDONLY, wrprotect } from '../arch/descriptor'
import type { GranuleName } from '../arch/granule'
import { checkWorld } from '../check'
import { fixture, unfoldSilently, type Fixture } from '../check/fixture'
import { pageLanes } from '../check/page-lanes'
import { KERNELS } from '../kernel'
import { COUNTER_NAMES } from '../trace/counters'
import { FUNCTION_NAMES } from '../trace/functions'
import { VM_EVENT_NAMES } from '../trace/vmstat'
import { Buddy } from './buddy'
import { EXCLUSIVE } from './folio'
import { forkMm } from './fork'
import { MmuGather } from './gather'
import { dontneed, exitMm, munmapRange } from './zap'

const DAMAGE = ['old', 'clean', 'readonly', 'hole', 'shared', 'held'] as const
const CALLS = ['exit', 'munmap', 'dontneed'] as const

/** A region of folios, damage that makes them unlike themselves, and what removes them, part by part. */
interface Scene {
  readonly granule: GranuleName
  readonly order: number
  readonly folios: number
  readonly unfolded: boolean
  readonly forked: boolean
  readonly damage: readonly { kind: (typeof DAMAGE)[number]; page: number; pages: number }[]
  readonly calls: readonly { call: (typeof CALLS)[number]; page: number; pages: number }[]
}

const part = { page: fc.nat(1023), pages: fc.integer({ min: 1, max: 400 }) }

const scene: fc.Arbitrary<Scene> = fc.record({
  granule: fc.constantFrom('4K', '4K', '4K', '16K', '64K'),
  order: fc.constantFrom(0, 2, 4, 4, 4, 5, 7, 9),
  folios: fc.integer({ min: 1, max: 40 }),
  unfolded: fc.boolean(),
  forked: fc.boolean(),
  damage: fc.array(fc.record({ kind: fc.constantFrom(...DAMAGE), ...part }), { maxLength: 3 }),
  calls: fc.array(fc.record({ call: fc.constantFrom(...CALLS), ...part }), { minLength: 1, maxLength: 4 })
})

function damage(f: Fixture, pages: number, { kind, page, pages: nr }: Scene['damage'][number]): void {
  const { tables, folios, geometry } = f.world
  const first = page % pages
  const last = Math.min(first + (nr % 40) + 1, pages)
  if (kind === 'hole') {
    dontneed(f.world, f.mm, f.vma.start + first, f.vma.start + last)
    return
  }
  for (let at = first; at < last; at++) {
    const attr = tables.attr(f.slot(at))
    const pfn = tables.pfn(f.slot(at))
    if (attr === 0) continue
    if (kind === 'held') {
      folios.addPins(pfn, 1)
      f.mm.pinned.push(pfn)
      return
    }
    if (kind === 'shared' && folios.isExclusive(pfn)) folios.addWord(pfn, -EXCLUSIVE)
    // Only what may differ inside a folded block does; permissions change a whole block alike.
    const c = geometry.contPtes
    const whole = (kind === 'readonly' || kind === 'shared') && (attr & CONT) !== 0
    for (let each = whole ? at - (at % c) : at; each <= (whole ? at - (at % c) + c - 1 : at); each++) {
      const old = tables.attr(f.slot(each))
      const changed = kind === 'old' ? old & ~AF : kind === 'clean' ? (old & ~DIRTY) | RDONLY : wrprotect(old)
      tables.set(f.slot(each), changed, tables.pfn(f.slot(each)))
    }
  }
}

/** The free blocks of every order, however large their maps have grown. */
function freeBlocks({ free }: Buddy): string[] {
  return free.map((map) => {
    const blocks: number[] = []
    for (const [word, bits] of map.levels[0].entries()) {
      for (let bit = 0; bit < 32; bit++) if (((bits >>> bit) & 1) === 1) blocks.push(32 * word + bit)
    }
    return blocks.join()
  })
}

/** Runs the scene and answers everything that it leaves behind. */
function play(kernel: string, s: Scene, fastPaths: boolean) {
  const pages = s.folios * 2 ** s.order
  const f = fixture({ kernel, pages, order: s.order, granule: s.granule })
  const { world } = f
  const mms = [f.mm]
  world.fastPaths = fastPaths
  if (s.unfolded) unfoldSilently(f, pages)
  if (s.forked) mms.push(forkMm(world, f.mm, 2))
  for (const each of s.damage) damage(f, pages, each)
  for (const { call, page, pages: nr } of s.calls) {
    if (!world.mms.includes(f.mm)) break
    const start = f.vma.start + (page % pages)
    const end = Math.min(start + nr, f.vma.start + pages)
    if (call === 'exit') exitMm(world, f.mm)
    else if (call === 'munmap') munmapRange(world, f.mm, start, end)
    else dontneed(world, f.mm, start, end)
  }
  const lanes = pageLanes(world.folios)
  return {
    counts: mms.map((mm) => COUNTER_NAMES.map((name, i) => `${name} ${mm.own[i]}`)),
    totals: COUNTER_NAMES.map((name) => `${name} ${world.counters.get(name)}`),
    calls: FUNCTION_NAMES.map((name, i) => `${name} ${world.calls[i]}`),
    events: VM_EVENT_NAMES.map((name, i) => `${name} ${world.vm[i]}`),
    statistics: [...world.thpStats.values],
    deferred: [...world.deferred],
    resident: mms.map((mm) => mm.anonPages),
    free: freeBlocks(world.folios.buddy),
    violation: checkWorld(world),
    arrays: [
      ...world.tables.attrs,
      ...world.tables.pfns,
      ...lanes.words,
      ...lanes.refs,
      ...lanes.flags,
      ...world.folios.largeRefs,
      ...world.folios.largeFlags
    ].map((array) => array && Buffer.from(array.buffer))
  }
}

function expectAlike(kernel: string, s: Scene): void {
  const { arrays: longArrays, ...long } = play(kernel, s, false)
  const { arrays, ...short } = play(kernel, s, true)
  expect(long.violation).toBeUndefined()
  expect(short).toEqual(long)
  expect(arrays.length).toBe(longArrays.length)
  const differs = arrays.findIndex(
    (array, i) => array?.compare(longArrays[i] ?? Buffer.alloc(0)) !== (array && 0)
  )
  expect(differs).toBe(-1)
}

describe('the hot loop of zap does and counts what the long way does', () => {
  for (const { name } of KERNELS) test.prop([scene], { numRuns: 12 })(name, (s) => expectAlike(name, s))

  // Gathers fill at 9698 pages, or at 4849 folios; those of 64K pages at 8198, all of one table.
  it.each(KERNELS.map(({ name }) => name))('%s: where the gather fills', (kernel) => {
    const all = { unfolded: false, forked: false, damage: [{ kind: 'old', page: 5, pages: 1 }] } as const
    const exit = [{ call: 'exit', page: 0, pages: 1 }] as const
    const munmap = [{ call: 'munmap', page: 0, pages: 100_000 }] as const
    expectAlike(kernel, { ...all, granule: '4K', order: 4, folios: 640, calls: exit })
    expectAlike(kernel, { ...all, granule: '4K', order: 7, folios: 77, calls: munmap })
    expectAlike(kernel, { ...all, granule: '64K', order: 5, folios: 260, calls: exit })
  })

  it('linux-6.12: where a gather of folios fills', () => {
    const exit = [{ call: 'exit', page: 0, pages: 1 }] as const
    const s = { granule: '4K', order: 4, folios: 5000, unfolded: false, forked: false, damage: [] } as const
    expectAlike('linux-6.12', { ...s, calls: exit })
    expectAlike('contpte-v3', { ...s, calls: exit })
  })
})

describe('a folio that lost its mappings and is held by somebody else', () => {
  it('stays on the deferred-split list', () => {
    const s: Scene = {
      granule: '4K',
      order: 4,
      folios: 32,
      unfolded: false,
      forked: false,
      damage: [{ kind: 'held', page: 37, pages: 1 }],
      calls: [{ call: 'exit', page: 0, pages: 1 }]
    }
    const { deferred } = play('contpte-v2', s, true)
    expect(deferred.length).toBe(1)
    expect(deferred).toEqual(play('contpte-v2', s, false).deferred)
  })
})

describe('room in a gather', () => {
  const step = fc.record({ unit: fc.constantFrom(1, 16, 512), entries: fc.integer({ min: 1, max: 6000 }) })

  for (const kernel of ['linux-6.12', 'contpte-v2']) {
    test.prop([fc.array(step, { maxLength: 8 })], { numRuns: 12 })(
      `${kernel}: queueing one by one comes just as far`,
      (steps) => {
        const f = fixture({ kernel, pages: 1, order: -1 })
        const alike = new MmuGather(f.world, f.mm, true)
        const single = new MmuGather(f.world, f.mm, true)
        let pfn = 0
        for (const { unit, entries } of steps) {
          const room = alike.room(entries, unit)
          if (room > 0) alike.queueAlike(pfn, room * unit, unit)
          let filled = 0
          for (let i = 0; i < room; i++) if (single.queue(pfn + i * unit, unit)) filled++
          expect(filled).toBe(0)
          pfn += room * unit
          if (room === entries) continue
          expect([alike.queue(pfn, unit), single.queue(pfn, unit)]).toEqual([true, true])
          return
        }
      }
    )
  }
})

describe('a run of blocks given back', () => {
  const blocks = {
    order: fc.integer({ min: 0, max: 4 }),
    first: fc.nat(300),
    count: fc.integer({ min: 1, max: 500 })
  }

  test.prop([fc.record(blocks), fc.array(fc.nat(4095), { maxLength: 20 })])(
    'leaves what giving back one by one leaves',
    ({ order, first, count }, others) => {
      const play = (run: boolean) => {
        const buddy = new Buddy(16384, 10, 1024)
        // Everything is taken; then some pages and the run come back.
        while (buddy.alloc(0) >= 0);
        const start = 1024 + first * 2 ** order
        const end = start + count * 2 ** order
        for (const pfn of new Set(others.map((other) => 1024 + other))) {
          if (pfn < start || pfn >= end) buddy.release(pfn, 0)
        }
        if (run) buddy.releaseRun(start, order, count)
        else for (let i = 0; i < count; i++) buddy.release(start + i * 2 ** order, order)
        return [freeBlocks(buddy), buddy.freePages]
      }
      expect(play(true)).toEqual(play(false))
    }
  )
})
