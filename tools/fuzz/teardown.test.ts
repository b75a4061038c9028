/**
 * Teardown in every design, also in those whose fork is known to be wrong: v2 and its robust exit, in worlds
 * that never fork. Another CPU may access memory at every step, and observers look at blocks that are half cleared.
 */
import { describe, expect, it, vi } from 'vitest'
import * as observe from '../../src/engine/check/observe'
import { worldSeed } from './campaign'
import { runWorld } from './session'
import { mutantByName } from './task'

describe.each(['contpte-v2', 'contpte-v2-robust'])('%s, in worlds that never fork', (kernel) => {
  it('breaks no rule, whoever looks', { timeout: 60_000 }, () => {
    const worlds = Array.from({ length: 2 }, (_, i) =>
      runWorld(worldSeed(11, i), { kernel, cpus: 3, steps: 150, only: 'teardown' })
    )
    expect(worlds.map(({ violation }) => violation)).toEqual(worlds.map(() => undefined))
    expect(worlds.some(({ counts }) => (counts.get('exit') ?? 0) > 0)).toBe(true)
    expect(worlds.every(({ counts }) => counts.get('fork') === undefined)).toBe(true)
    const seen = worlds.reduce((sum, { verdicts }) => sum + (verdicts.get('case-b') ?? 0), 0)
    expect(seen).toBeGreaterThan(0)
  })
})

describe('observers', () => {
  it('report a block that is not safe', () => {
    const spy = vi.spyOn(observe, 'observeBlock')
    try {
      const rule = observe.OBSERVATION_RULES['given-up']
      spy.mockReturnValue({ rule: 'given-up', safe: rule.safe, why: rule.text } as observe.BlockObservation)
      const { violation } = runWorld(worldSeed(11, 0), { cpus: 2, steps: 200, only: 'teardown' })
      expect(violation).toMatchObject({ rule: 'observed', found: rule.text })
      expect(violation?.during).toMatch(/cleared$/)
    } finally {
      spy.mockRestore()
    }
  })
})

describe('a seeded fault is found', () => {
  it.each([
    ['clear-as-if-exiting', 'contpte-v2', ['block-consistent', 'block-misprogrammed', 'observed']],
    ['clear-as-if-exiting', 'contpte-v2-robust', ['block-consistent', 'block-misprogrammed', 'observed']],
    ['teardown-loses-dirty', 'contpte-v2', ['dirty-lost']],
    ['teardown-loses-dirty', 'linux-6.1', ['dirty-lost']],
    ['batch-loses-dirty', 'linux-6.12', ['dirty-lost']],
    ['cut-block-stays-folded', 'linux-6.12', ['block-consistent', 'block-misprogrammed', 'observed']]
  ])('%s in %s', { timeout: 60_000 }, (name, kernel, rules) => {
    const mutant = mutantByName(name)
    let broken: string | undefined
    for (let i = 0; i < 24 && !rules.includes(broken ?? ''); i++) {
      broken = runWorld(worldSeed(12, i), { kernel, cpus: 2, steps: 250, mutant }).violation?.rule
    }
    expect(rules).toContain(broken)
  })
})
