import { describe, expect, it } from 'vitest'
import { fc, test } from '@fast-check/vitest'
import { KERNELS } from '../../src/engine/kernel'
import { worldSeed } from './campaign'
import { MUTANTS } from './mutants'
import { BadOption, parseOptions } from './options'
import { planOf } from './plan'
import { replayText } from './report'
import { runWorld, shrink } from './session'
import { answer, mutantByName } from './task'
import { parseToken, tokenOf } from './token'

describe('a replay token', () => {
  test.prop([
    fc.record(
      {
        seed: fc.nat(),
        steps: fc.nat(2000),
        keep: fc.uniqueArray(fc.nat(1000)).map((steps) => steps.toSorted((a, b) => a - b)),
        kernel: fc.constantFrom(...KERNELS.map(({ name }) => name)),
        procs: fc.nat(8),
        cpus: fc.nat(4),
        only: fc.constant('swap'),
        mutant: fc.constantFrom(...MUTANTS.map(({ name }) => name))
      },
      { requiredKeys: ['seed', 'steps'] }
    )
  ])('says what it was made of', (replay) => {
    const parsed = parseToken(tokenOf(replay)) ?? {}
    const said = Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== undefined))
    expect(said).toEqual(replay)
  })

  it.each([
    '',
    'seed:1',
    'steps:5',
    'seed:x,steps:3',
    'seed:1,steps:3,keep:5-2',
    'seed:1,steps:3,what:1',
    'seed:1:2,steps:3'
  ])('is not %j', (token) => {
    expect(parseToken(token)).toBeUndefined()
  })
})

describe('options', () => {
  it('have defaults', () => {
    expect(parseOptions([])).toMatchObject({ ops: 200_000, seed: 1, mutants: true, replay: undefined })
  })

  it.each([
    ['--ops', '0'],
    ['--ops', 'many'],
    ['--seed', '-1'],
    ['--kernel', 'linux-7'],
    ['--only', 'nothing'],
    ['--procs', '99999'],
    ['--cpus', '1.5'],
    ['--replay', 'seed:1'],
    ['--replay', 'seed:1,steps:2,mutant:none'],
    ['--loud']
  ])('refuse %s %s', (...args) => {
    expect(() => parseOptions(args)).toThrow(BadOption)
  })
})

describe('worlds', () => {
  it('are the same twice: every number that the machine counted', () => {
    const runs = [0, 1].map(() => {
      const said: string[] = []
      const result = runWorld(worldSeed(5, 0), {
        steps: 150,
        say: (step, text) => said.push(`${step} ${text}`)
      })
      return [said, [...result.counts], result.ops, result.fullChecks]
    })
    expect(runs[0]).toEqual(runs[1])
  })

  it('are of every kernel, and fork where its fork is said to be right', () => {
    const plans = Array.from({ length: 400 }, (_, i) => planOf(worldSeed(1, i)))
    expect([...new Set(plans.map(({ kernel }) => kernel.name))].sort()).toEqual(
      KERNELS.map(({ name }) => name).sort()
    )
    const without = new Set(plans.filter(({ forks }) => !forks).map(({ kernel }) => kernel.name))
    expect([...without].sort()).toEqual(['contpte-v2', 'contpte-v2-robust'])
    expect(plans.filter(({ forks, kernel }) => forks && without.has(kernel.name))).toEqual([])
  })

  it('about fork find what is wrong with one that is said to be wrong: contpte-v2 counts mappings before references', () => {
    const rules = new Set<string | undefined>()
    for (let i = 0; i < 12 && !rules.has('refcount-below-mapcount'); i++) {
      rules.add(runWorld(worldSeed(3, i), { kernel: 'contpte-v2', only: 'fork', steps: 300 }).violation?.rule)
    }
    expect(rules).toContain('refcount-below-mapcount')
  })
})

describe('a violation', () => {
  const limits = { kernel: 'linux-6.12' }
  const mutant = mutantByName('skip-write-protect')
  const failing = Array.from({ length: 8 }, (_, i) => worldSeed(2, i)).find(
    (seed) => runWorld(seed, { ...limits, mutant }).violation !== undefined
  )

  it('shrinks to few steps that break the same rule, and its token shows it again', () => {
    const seed = failing ?? -1
    const result = runWorld(seed, { ...limits, mutant })
    const kept = shrink(result, { ...limits, mutant })
    expect(kept.length).toBeLessThan(Math.max(8, (result.step + 1) / 4))
    const token = tokenOf({ ...limits, seed, steps: result.step + 1, keep: kept, mutant: mutant?.name })
    const { lines, broken } = replayText(parseToken(token) ?? { seed: 0, steps: 0 })
    expect(broken).toBe(true)
    expect(lines.join('\n')).toContain(result.violation?.rule)
    expect(replayText({ ...limits, seed, steps: result.step + 1, keep: kept }).broken).toBe(false)
  })

  it('names rule, object and step in what a lane answers', () => {
    const found = answer({ seed: failing ?? -1, steps: 1000, mutant: mutant?.name, shrink: true }, limits)
    expect(found.planted).toBe(true)
    expect(found.violation).toMatchObject({ rule: 'writable-not-exclusive' })
    expect(found.violation?.object).toMatch(/^mm \d+/)
    expect(found.kept).toContain(found.step)
  })
})
