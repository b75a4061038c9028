import { describe, expect, it } from 'vitest'
import { worldSeed } from './campaign'
import type { Mutant } from './mutants'
import { runWorld } from './session'
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
