import { describe, expect, it, vi } from 'vitest'
import { newMm } from '../../src/engine/mm/fork'
import { findSlot } from '../../src/engine/mm/walk'
import { RIGHT_MTE_DESIGNS, WRONG_MTE_DESIGNS, type MteDesignName } from '../../src/engine/mte/designs'
import * as sys from '../../src/engine/syscalls'
import { worldSeed } from './campaign'
import { Life } from './life'
import { planOf } from './plan'
import { runWorld, type RunOptions } from './session'
import { checkTags, setTags } from './tags'
import { mutantByName } from './task'
import { parseToken } from './token'

const FOCUS = { only: 'swap', procs: 3, cpus: 1, steps: 250 }

/** Few steps each that lose tags: what `npm run fuzz -- --only tags` printed. */
const LOST: Readonly<Partial<Record<MteDesignName, string>>> = {
  M1: 'seed:3867583945,steps:55,keep:34+41+50+54,only:tags,design:M1',
  M2: 'seed:3980589261,steps:150,keep:55+110-113+116+119,only:tags,design:M2',
  M6: 'seed:3706317660,steps:150,keep:51+55+65+74+76+80,only:tags,design:M6'
}

/** What is broken first, in worlds from `first` on that a fault fits, until it is one of `rules`. */
function firstRule(options: RunOptions, rules: readonly string[], first = 0): string | undefined {
  for (let i = first; i < first + 40; i++) {
    const seed = worldSeed(12, i)
    if (options.mutant?.fits(planOf(seed, { ...FOCUS, ...options })) === false) continue
    const rule = runWorld(seed, { ...FOCUS, ...options }).violation?.rule
    if (rule !== undefined && rules.includes(rule)) return rule
  }
  return undefined
}

describe('tags that a process sets', () => {
  it('are what it finds, also where memory runs out on the way', () => {
    const seed = Array.from({ length: 100 }, (_, i) => worldSeed(12, i)).find((each) => {
      const plan = planOf(each, { only: 'swap', cpus: 1 })
      return plan.mte && plan.granule === '4K'
    })
    const life = new Life({ ...planOf(seed ?? -1, { only: 'swap', cpus: 1 }), swapBytes: undefined })
    const { world, base } = life
    const proc = { mm: newMm(world, 1), oracle: life.newOracle() }
    life.procs.push(proc)
    sys.sysMmap(world, proc.mm, { vpn: base, pages: 64, prot: 'rwm' })
    proc.oracle.map(base, 64, false)
    // Tables and 40 pages are there, then nothing more.
    sys.userRead(world, proc.mm, base, 64, 1, () => undefined)
    while (world.folios.buddy.freePages > 40) world.folios.alloc(0)
    vi.spyOn(life, 'range').mockImplementation(() => {
      life.from = base
      life.count = 64
      life.watch.begin(proc.mm, base, 64)
    })
    vi.spyOn(life.random, 'below').mockImplementation((n) => Math.min(7, n - 1))
    expect(() => setTags(life, proc)).toThrow('Out of memory')
    expect(checkTags(life, proc)).toBeUndefined()
    expect(proc.oracle.tags.some((tag) => tag > 0)).toBe(true)
  })

  it('may differ between the halves of a page, and one granule that differs from its half is found', () => {
    const seed = Array.from({ length: 100 }, (_, i) => worldSeed(12, i)).find((each) => {
      const plan = planOf(each, { only: 'swap', cpus: 1 })
      return plan.mte && plan.granule === '4K'
    })
    const life = new Life(planOf(seed ?? -1, { only: 'swap', cpus: 1 }))
    const { world, base } = life
    const proc = { mm: newMm(world, 1), oracle: life.newOracle() }
    life.procs.push(proc)
    sys.sysMmap(world, proc.mm, { vpn: base, pages: 4, prot: 'rwm' })
    proc.oracle.map(base, 4, false)
    vi.spyOn(life, 'range').mockImplementation(() => {
      life.from = base
      life.count = 4
      life.watch.begin(proc.mm, base, 4)
    })
    // Tag 9 on whole pages, then tag 7 on their second halves.
    for (const tag of [9, 7]) {
      const draws = [tag, 0]
      vi.spyOn(life.random, 'below').mockImplementation(() => draws.shift() ?? 0)
      setTags(life, proc)
    }
    expect(checkTags(life, proc)).toBeUndefined()
    expect(proc.oracle.expectedTags(base + 2)).toBe('9, then 7')
    const { memory } = world.mte ?? expect.fail('no tags')
    const pfn = world.tables.pfn(findSlot(world, proc.mm, base + 2))
    expect([0, 127, 128, 255].map((granule) => memory.get(pfn, granule))).toEqual([9, 9, 7, 7])
    memory.set(pfn, 255, 9)
    expect(checkTags(life, proc)).toMatchObject({
      rule: 'tags',
      found: 'has tag 9, then tags 7, 9, not 9, then 7'
    })
    memory.fill(pfn, 9)
    expect(checkTags(life, proc)).toMatchObject({ found: 'has tag 9, not 9, then 7' })
    // MADV_FREE allows 0, of each half by itself.
    proc.oracle.orZero(base + 2, 1)
    expect(proc.oracle.allowsTags(base + 2, [0, 7])).toBe(true)
    proc.oracle.tag(base + 2, 3, true)
    expect([proc.oracle.expectedTags(base + 2), proc.oracle.allowsTags(base + 2, [0, 0])]).toEqual([
      '9 or 0, then 3',
      false
    ])
  })
})

// Minimal cases of each are in src/engine/mte/designs.test.ts.
describe('designs for tags in swap', () => {
  it.each(WRONG_MTE_DESIGNS)('%s, which the reference calls wrong, is found to lose tags', (design) => {
    // What a run printed; where the engine has moved on since, worlds are looked through as the run does it.
    const token = parseToken(LOST[design] ?? '')
    const { keep, ...replay } = token ?? { seed: 0, steps: 0, keep: [] }
    const { violation } = runWorld(replay.seed, { ...replay, mutant: undefined, keep: new Set(keep) })
    const options = { only: 'tags', design, steps: 150, procs: undefined, cpus: undefined }
    expect(violation?.rule ?? firstRule(options, ['tags'])).toBe('tags')
  })

  it.each(RIGHT_MTE_DESIGNS)('%s, which it calls right, loses none', (design) => {
    expect(runWorld(worldSeed(12, 0), { ...FOCUS, design }).violation).toBeUndefined()
  })

  it('are all in worlds about swap, but for those called wrong; memory for saved tags runs out in some', () => {
    const plans = Array.from({ length: 400 }, (_, i) => planOf(worldSeed(1, i), { only: 'swap' }))
    const designs = new Set(plans.filter(({ mte }) => mte).map(({ kernel }) => kernel.mteDesign))
    expect([...designs].sort()).toEqual([...RIGHT_MTE_DESIGNS].sort())
    expect(plans.some(({ mte, tagBuffers }) => mte && tagBuffers < 128)).toBe(true)
  })
})

describe('seeded faults of swap', () => {
  it('that come to pass when the last processes exit are found, too, and end nothing but their world', () => {
    const life = new Life(planOf(worldSeed(12, 0), { only: 'swap', cpus: 1 }))
    const { world, base } = life
    const swap = world.swap ?? expect.fail('no swap area')
    const mm = newMm(world, life.nextPid())
    life.procs.push({ mm, oracle: life.newOracle() })
    sys.sysMmap(world, mm, { vpn: base, pages: 4, prot: 'rw' })
    sys.userWrite(world, mm, base, 4, 1, () => 7)
    world.lru.drainAll()
    sys.sysMadvise(world, mm, base, 4, 'pageout')
    sys.sysReclaimSwapCache(world)
    expect(mm.swapEntries).toBe(4)
    life.procs.push({ mm: sys.sysFork(world, mm, life.nextPid()), oracle: life.newOracle() })
    const original = swap.drop.bind(swap)
    vi.spyOn(swap, 'drop').mockImplementation((slot) => {
      original(slot)
      if (swap.count(slot) === 1) original(slot)
    })
    expect(life.finish()).toMatchObject({
      rule: 'engine-error',
      object: 'exit',
      found: expect.stringContaining('is freed, but no entry names it') as string
    })
  })

  it.each([
    ['slot-freed-early', ['swap-slot', 'engine-error']],
    ['tags-of-last-page-not-saved', ['tags']],
    ['restore-after-release', ['tags']]
  ])('%s is found', (name, rules) => {
    const mutant = mutantByName(name)
    // A world of few pages, in which all three come to pass soon.
    expect(rules).toContain(firstRule({ mutant, steps: 200 }, rules, 7))
  })
})
