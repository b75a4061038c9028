/** Lockless reads of a contiguous block while it changes (ptep_get_lockless). */
import { describe, expect, it } from 'vitest'
import type { Sequence, Step } from '../engine/hugetlb/sequences/step'
import { Explorer } from './explore'
import { modelOf, type ModelDefinition } from './model'
import { ALL_REDUCTIONS } from './program'
import { counterexample } from './replay'
import { replaySchedule } from './schedule'

const entries = ['e0', 'e1']
const write = (entry: string, frame: string, cont: boolean, access: 'clean' | 'rw' = 'clean'): Step => ({
  do: 'write entry',
  entry,
  value: { frame, access, ...(cont ? { cont } : {}) },
  dirty: 'gathered'
})
const clear: Step[] = entries.map((entry) => ({
  do: 'write entry',
  entry,
  value: 'invalid',
  how: 'exchange'
}))
const flush: Step[] = [{ do: 'dsb', domain: 'ishst' }, { do: 'tlbi' }, { do: 'dsb' }]
/** Unfolds: clears, flushes, and sets plain entries with what was gathered. */
const UNFOLD: Step[] = [...clear, ...flush, write('e0', 'f0', false), write('e1', 'f1', false)]
/** Another, dirty folio takes the block's place. */
const REMAP: Step[] = [...clear, ...flush, write('e0', 'g0', true, 'rw'), write('e1', 'g1', true, 'rw')]

function definition(steps: readonly Step[], unchecked: boolean, writes = true): ModelDefinition {
  return {
    title: 'gather',
    sequence: {
      name: 'own',
      title: '',
      source: '',
      entries,
      frames: { f0: 'data', f1: 'data', g0: 'other', g1: 'other' },
      start: {
        e0: { frame: 'f0', access: 'clean', cont: true },
        e1: { frame: 'f1', access: 'clean', cont: true }
      },
      steps
    },
    agents: [
      { kind: 'gather', entries: ['e0', 'e1'], unchecked },
      ...(writes ? [{ kind: 'writer', entries: ['e1'], on: 'remote', user: true } as const] : [])
    ],
    properties: ['torn-gather']
  }
}

const explore = (given: ModelDefinition, reductions = ALL_REDUCTIONS) =>
  new Explorer(modelOf(given), reductions).run()

describe('a lockless gather', () => {
  it.each([
    ['an unfold', UNFOLD],
    ['another folio', REMAP]
  ])('that begins anew where entries disagree answers the truth beside %s', (_name, steps) => {
    for (const cpus of [2, 3]) expect(explore({ ...definition(steps, false), cpus }).verdict).toBe('safe')
  })

  it('that believes what it finds loses the dirty state of an entry that was cleared before it came', () => {
    const { verdict, branch, found } = explore(definition(UNFOLD, true))
    expect(verdict).toBe('counterexample')
    const told = counterexample(branch.search, found!)
    expect(told).toMatchObject({ property: 'torn-gather', rule: 'K10 lockless gather begins anew' })
    const texts = told.steps.map(({ text }) => text)
    expect(texts[0]).toContain('hardware marks')
    expect(texts.at(-1)).toMatch(/a lockless reader reads e1: .*at no moment meanwhile$/)
    const { harms } = replaySchedule(modelOf(definition(UNFOLD, true)), told.schedule)
    expect(harms).toMatchObject([{ line: told.schedule.length, property: 'torn-gather', entry: told.entry }])
  })

  it('that believes what it finds tells the dirty state of one folio of another', () => {
    const { branch, found } = explore(definition(REMAP, true, false))
    const { steps } = counterexample(branch.search, found!)
    const read = steps.filter(({ text }) => text.startsWith('a lockless reader')).map(({ text }) => text)
    expect(read.some((text) => text.includes('f0') || text.includes('f1'))).toBe(true)
    expect(read.some((text) => text.includes('g0 RW') || text.includes('g1 RW'))).toBe(true)
  })

  it.each([
    ['walkers', definition(REMAP, false, false), { fills: false, symmetry: true }],
    ['walkers', definition(REMAP, true, false), { fills: false, symmetry: true }],
    ['symmetry', { ...definition(UNFOLD, false), cpus: 3 }, { fills: true, symmetry: false }],
    ['symmetry', { ...definition(UNFOLD, true), cpus: 3 }, { fills: true, symmetry: false }]
  ])('has the same verdict, by as many choices, without the reduction of %s', (_name, given, reductions) => {
    const [less, all] = [explore(given), explore(given, reductions)]
    expect(less.verdict).toBe(all.verdict)
    expect(less.states).toBeLessThanOrEqual(all.states)
    const length = ({ branch, found }: typeof less): number =>
      found === undefined ? 0 : counterexample(branch.search, found).steps.length
    expect(length(less)).toBe(length(all))
  })

  it('is refused of an entry that takes more values than a state has room for', () => {
    const frames = Array.from({ length: 20 }, (_, index) => `h${index}`)
    const given = definition(
      frames.map((frame) => write('e0', frame, true, 'rw')),
      false
    )
    const sequence = {
      ...(given.sequence as Sequence),
      frames: Object.fromEntries([...frames, 'f0', 'f1'].map((name) => [name, 'data']))
    }
    expect(() => explore({ ...given, sequence })).toThrow(/a gather's entry may take 15 values/)
  })

  it('of a block that nobody changes, but hardware marks dirty, is always true', () => {
    expect(explore(definition([{ do: 'isb' }], true)).verdict).toBe('safe')
  })
})
