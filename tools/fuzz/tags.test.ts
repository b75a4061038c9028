import { describe, expect, it, vi } from 'vitest'
import { newMm } from '../../src/engine/mm/fork'
import * as sys from '../../src/engine/syscalls'
import { worldSeed } from './campaign'
import { Life } from './life'
import type { Mutant } from './mutants'
import { planOf } from './plan'
import { runWorld } from './session'
import { checkTags, setTags } from './tags'
import { mutantByName } from './task'

const FOCUS = { only: 'swap', procs: 3, cpus: 1, steps: 250 }

/** What is broken first, world by world, until it is one of `rules`. */
function firstRule(options: object, rules: readonly string[], worlds = 16): string | undefined {
  for (let i = 0; i < worlds; i++) {
    const rule = runWorld(worldSeed(12, i), { ...FOCUS, ...options }).violation?.rule
    if (rule !== undefined && rules.includes(rule)) return rule
  }
  return undefined
}

/** Changes no world: protection, tags and where pages lie are what is chosen most. */
const aboutTags: Mutant = {
  name: 'about-tags',
  what: 'nothing',
  fits: () => true,
  weights: {
    ...{ mprotect: 40, setTags: 40, getTags: 30, munmap: 15, mmap: 15, exit: 1, sysfs: 1 },
    ...{ mmapHuge: 0, pool: 0, mmapFile: 0, fork: 0, free: 0, migrate: 0, numaHint: 0, userfault: 0 }
  },
  install: () => () => false
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
})

// Minimal cases of each are in src/engine/mte/designs.test.ts.
describe('designs for tags in swap', () => {
  it.each([
    ['M1', undefined],
    ['M6', aboutTags]
  ])('%s, which the reference calls wrong, is found to lose tags', (design, mutant) => {
    expect(firstRule({ design, mutant }, ['tags'])).toBe('tags')
  })

  it.each(['M0', 'M3', 'M4', 'M5', 'M7', 'M8', 'M9', 'M10'])(
    '%s, which it calls right, loses none',
    (design) => {
      expect(runWorld(worldSeed(12, 0), { ...FOCUS, design }).violation).toBeUndefined()
    }
  )
})

describe('seeded faults of swap', () => {
  it.each([
    ['slot-freed-early', ['swap-slot', 'engine-error']],
    ['tags-of-last-page-not-saved', ['tags']],
    ['restore-after-release', ['tags']]
  ])('%s is found', (name, rules) => {
    const mutant = mutantByName(name)
    expect(rules).toContain(firstRule({ mutant }, rules))
  })
})
