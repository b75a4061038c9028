/** The determined cells of reference `hvo.md` section 6, as the explorer finds them. */
import { describe, expect, it } from 'vitest'
import type { BbmLevel, ContentRule } from '../engine/arch/bbm'
import { sequenceOf } from '../engine/hugetlb/sequences'
import { Explorer, type Exploration } from './explore'
import { modelOf, type Agent, type ModelDefinition } from './model'
import { counterexample } from './replay'
import { PROPERTIES, VIOLATIONS } from './violation'

type Actor = 'R' | 'T' | 'frozen' | 'H' | 'N'
const AGENTS: Readonly<Record<Actor, Pick<Agent, 'kind' | 'frozen'>>> = {
  R: { kind: 'reader' },
  T: { kind: 'refcount' },
  frozen: { kind: 'writer', frozen: true },
  H: { kind: 'writer' },
  N: { kind: 'writer' }
}
const ENTRY: Readonly<Record<Actor, string>> = {
  R: 'tail1',
  T: 'tail1',
  frozen: 'head',
  H: 'head',
  N: 'neighbour'
}

function cell(sequence: string, actor: Actor, rest: Partial<ModelDefinition> = {}, all = false): Exploration {
  const entries = [ENTRY[actor]]
  const model = modelOf({
    title: sequence,
    sequence,
    agents: [{ ...AGENTS[actor], entries }, { kind: 'allocator' }],
    watch: entries,
    // One word, which is 0 in both pages: the clause about contents is the reader's affair.
    ...(actor === 'T' ? { properties: PROPERTIES.filter((property) => property !== 'contents') } : {}),
    ...rest
  })
  return new Explorer(model, undefined, all).run()
}

/** Verdict, and the hazards of everything that can go wrong. */
function told(sequence: string, actor: Actor, rest: Partial<ModelDefinition> = {}): string {
  const { verdict, branches } = cell(sequence, actor, rest, true)
  const hazards = branches.flatMap(({ search }) =>
    search.found.map(({ code }) => VIOLATIONS[code].hazard ?? '')
  )
  return [verdict, ...[...new Set(hazards)].filter((hazard) => hazard !== '').sort()].join(' ')
}

const row = (sequence: string, rest: Partial<ModelDefinition> = {}): string[] =>
  (['R', 'T', 'frozen', 'H', 'N'] as const).map((actor) => told(sequence, actor, rest))

describe('the remap step (6.2)', () => {
  it.each<[string, ContentRule, string[]]>([
    [
      'S0',
      'strict',
      ['counterexample H3', 'counterexample H3 H6', 'counterexample H3', 'counterexample H3 H4']
    ],
    [
      'S0',
      'ignored',
      ['counterexample H3', 'counterexample H3 H6', 'counterexample H3', 'counterexample H3 H4']
    ],
    [
      'S0-freed-early',
      'ignored',
      ['counterexample H3 H7', 'counterexample H3 H6 H7', 'counterexample H3 H7', 'counterexample H3 H4 H7']
    ],
    ['S2', 'strict', ['safe', 'safe', 'safe', 'safe']],
    ['S2', 'ignored', ['safe', 'safe', 'safe', 'safe']],
    ['S4', 'strict', ['counterexample H9', 'open H6', 'safe', 'counterexample H5']],
    ['S4', 'ignored', ['safe', 'open H6', 'safe', 'counterexample H5']],
    ['S5', 'ignored', ['safe', 'open H6', 'safe', 'counterexample H5']],
    ['S6', 'strict', ['safe', 'open H6', 'safe', 'counterexample H5']],
    ['S6', 'ignored', ['safe', 'open H6', 'safe', 'counterexample H5']],
    [
      'S6-one-store',
      'strict',
      ['counterexample H3', 'counterexample H3 H6', 'counterexample H3', 'counterexample H3 H4']
    ],
    ['S7', 'strict', ['safe', 'open H6', 'safe', 'safe']],
    ['S7-rfc', 'strict', ['counterexample H11', 'counterexample H11 H6', 'safe', 'counterexample H11 H4']],
    ['S8', 'strict', ['counterexample H1 H11', 'open H1 H11 H6', 'safe', 'counterexample H1 H11 H4']]
  ])('%s, contents %s', (sequence, content, wanted) => {
    expect(row(sequence, { content }).slice(0, 4)).toEqual(wanted)
  })

  it('is the same at every FEAT_BBM level, because no size changes (B7)', () => {
    for (const bbm of [0, 1, 2, '2-noabort'] as const)
      for (const sequence of ['S0', 'S4', 'S6', 'D1']) expect(row(sequence, { bbm })).toEqual(row(sequence))
  })

  it('harms a neighbour only in S5', () => {
    for (const sequence of ['S0', 'S2', 'S4', 'S6', 'S7', 'S8', 'D0', 'D1'])
      expect(told(sequence, 'N')).toBe('safe')
    expect(told('S5', 'N')).toBe('counterexample H5')
  })

  it('of S1 faults, and with a handler deadlocks in an interrupt; S1b then only waits', () => {
    expect(told('S1', 'R')).toBe('counterexample H1 H11')
    expect(told('S1b', 'R')).toBe('counterexample H1')
    expect(told('S1', 'R', { assume: { faults: 'handled' } })).toBe('counterexample H2')
    expect(told('S1b', 'R', { assume: { faults: 'handled' } })).toBe('safe')
  })

  it('of S6 is half copied for a reader of several words (H12), and not for one of one', () => {
    expect(told('S6', 'R', { assume: { readers: 'several words' } })).toBe('counterexample H12')
    expect(told('S6', 'R', { assume: { readers: 'open' } })).toBe('open H12')
  })

  it('of S6 copied early lets a late atomic change the copy, so that the remap breaks B2 by contents', () => {
    const late = { assume: { refcountChecks: 'unordered' }, properties: ['contents'] } as const
    const found = cell('S6-copy-early', 'T', late)
    expect(found.verdict).toBe('counterexample')
    const { steps } = counterexample(found.branch.search, found.found!)
    expect(steps.map(({ text }) => text)).toContain(
      'the refcount attempt does its atomic through tail1 by old1 RW'
    )
    expect(cell('S6', 'T', late).verdict).toBe('safe')
    expect(cell('S6-copy-early', 'T', { assume: { refcountChecks: 'reliable' } }).verdict).toBe('safe')
  })

  it('on x86-64: S0 holds while the head is frozen, loses a store where not, and frees too early where it does', () => {
    const x86 = { architecture: 'x86-64' } as const
    expect(['R', 'frozen', 'H'].map((actor) => told('S0', actor as Actor, x86))).toEqual([
      'safe',
      'safe',
      'counterexample H4'
    ])
    expect(told('S0-freed-early', 'R', x86)).toBe('counterexample H7')
  })
})

describe('the split step (6.1)', () => {
  const levels = (sequence: string, actor: Actor): string[] =>
    ([0, 1, 2, '2-noabort'] as const).map((bbm: BbmLevel) => told(sequence, actor, { bbm }))

  it('directly: level 2 keeps the rule and may abort, only its no-abort form is safe', () => {
    for (const actor of ['R', 'T', 'H', 'N'] as const)
      expect(levels('split-direct', actor)).toEqual([
        'counterexample H8',
        'counterexample H8',
        'counterexample H8',
        'safe'
      ])
    // Nobody looks: what is left is the rule.
    expect(levels('split-direct', 'frozen')).toEqual([
      'counterexample H8',
      'counterexample H8',
      'safe',
      'safe'
    ])
  })

  it('with nT: level 1 keeps the rule, and a translation fault stays possible', () => {
    for (const actor of ['R', 'N'] as const)
      expect(levels('split-nt', actor)).toEqual(['counterexample H8', 'counterexample H1', 'safe', 'safe'])
    expect(levels('split-nt', 'frozen')).toEqual(['counterexample H8', 'safe', 'safe', 'safe'])
  })

  it('into read-only entries: the rule is open, a neighbour faults at every level', () => {
    expect(cell('split-ro', 'R', { bbm: '2-noabort' })).toMatchObject({
      verdict: 'open',
      decides: ['sizeWithPermission']
    })
    expect(levels('split-ro', 'N')).toEqual(Array<string>(4).fill('counterexample H5 H8'))
  })

  it('by break-before-make faults unless the others are paused', () => {
    for (const actor of ['R', 'T', 'H', 'N'] as const) {
      expect(levels('split-bbm', actor)).toEqual(Array<string>(4).fill('counterexample H1 H11'))
      expect(levels('split-bbm-paused', actor)).toEqual(Array<string>(4).fill('safe'))
    }
  })
})

describe('the restore (6.3)', () => {
  it.each<[string, ContentRule, string]>([
    ['D0', 'strict', 'counterexample H3'],
    ['D0', 'ignored', 'counterexample H3'],
    ['D1', 'strict', 'safe'],
    ['D1', 'ignored', 'safe'],
    ['D1-reset-first', 'strict', 'counterexample H9'],
    ['D1-reset-first', 'ignored', 'safe'],
    ['D7', 'strict', 'safe'],
    ['D7', 'ignored', 'safe']
  ])('%s, contents %s: %s', (sequence, content, wanted) => {
    expect(told(sequence, 'R', { content })).toBe(wanted)
    expect(told(sequence, 'frozen', { content })).toBe('safe')
  })

  it('read-only first is open for refcount attempts', () => {
    expect(told('D1', 'T')).toBe('open H6')
  })
})

describe('verdicts', () => {
  it('do not depend on how many tails and CPUs there are', () => {
    for (const sequence of ['S0', 'S4', 'S6', 'S7'])
      for (const actor of ['R', 'frozen', 'H'] as const) {
        const small = cell(sequence, actor)
        for (const rest of [{ tails: 3 }, { cpus: 4 }, { tails: 2, cpus: 3 }])
          expect(cell(sequence, actor, rest).verdict).toBe(small.verdict)
      }
  })

  it('come with a path that the sequence really takes', () => {
    const exploration = cell('S0', 'R', { properties: ['freed-page', 'tlb-conflict', 'break-before-make'] })
    const { steps, states, rule } = counterexample(exploration.branch.search, exploration.found!)
    expect(rule).toBe('B2 RWHZWS')
    const writes = sequenceOf('S0', 1)!.steps.findIndex(
      (step) => step.do === 'write entry' && step.entry === 'tail1'
    )
    // Every step up to the store, the copy in two halves, and nothing else.
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 3, 4, 5])
    expect(writes).toBe(4)
    expect(states[5].entries).toEqual({ head: 'new RW', tail1: 'old1 RW', neighbour: 'neighbour RW' })
  })
})
