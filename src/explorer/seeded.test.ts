/** Sequences that hold, with one step wrong: each mistake is found, and by what it really breaks. */
import { describe, expect, it } from 'vitest'
import { sequenceOf } from '../engine/hugetlb/sequences'
import type { Step } from '../engine/hugetlb/sequences/step'
import { Explorer } from './explore'
import { modelOf, type ModelDefinition } from './model'
import { VIOLATIONS } from './violation'

type Mutation = (steps: readonly Step[]) => Step[]

const drop =
  (kind: Step['do'], which = 0): Mutation =>
  (steps) => {
    const at = steps.map((step, index) => (step.do === kind ? index : -1)).filter((index) => index >= 0)[
      which
    ]
    return steps.filter((_, index) => index !== at)
  }

/** Takes the steps that `match` out and puts them in front of the first one of a kind. */
const earlier =
  (match: (step: Step) => boolean, kind: Step['do'], which = 0): Mutation =>
  (steps) => {
    const rest = steps.filter((step) => !match(step))
    const at = rest.map((step, index) => (step.do === kind ? index : -1)).filter((index) => index >= 0)[which]
    return [...rest.slice(0, at), ...steps.filter(match), ...rest.slice(at)]
  }

const R = { kind: 'reader', entries: ['tail1'] } as const
const T = { kind: 'refcount', entries: ['tail1'] } as const
const H = { kind: 'writer', entries: ['head'] } as const
const N = { kind: 'writer', entries: ['neighbour'] } as const
const RELIABLE = { assume: { refcountChecks: 'reliable', sizeWithPermission: 'allowed' } } as const
const X86 = { architecture: 'x86-64' } as const

type Case = [string, string, Mutation, Omit<ModelDefinition, 'title' | 'sequence'>, string]

const CASES: readonly Case[] = [
  ['S2', 'no TLBI', drop('tlbi'), { agents: [R, H] }, 'H3'],
  [
    'S4',
    'no TLBI between read-only and the new frame',
    drop('tlbi'),
    { agents: [R], content: 'ignored' },
    'H3'
  ],
  ['S6', 'no copy', drop('copy page'), { agents: [R] }, 'H9'],
  [
    'S6',
    'frames freed before the last flush of the tails',
    earlier((step) => step.do === 'free frame', 'tlbi', 1),
    { agents: [R] },
    'H7'
  ],
  ['S6', 'no synchronize_rcu', drop('synchronize_rcu'), { agents: [T], ...RELIABLE }, 'H6'],
  ['S7', 'interrupts left on', drop('irqs off'), { agents: [R, H] }, 'H11'],
  [
    'S7',
    'others resumed before the new entries',
    earlier((step) => step.do === 'resume remote CPUs', 'write entry', 2),
    { agents: [R] },
    'H1'
  ],
  [
    'S7',
    'paused before synchronize_rcu',
    earlier((step) => step.do === 'pause remote CPUs', 'synchronize_rcu'),
    { agents: [T], ...RELIABLE },
    'progress'
  ],
  [
    'S7',
    'copied before the pause',
    earlier((step) => step.do === 'copy page', 'pause remote CPUs'),
    { agents: [H] },
    'H4'
  ],
  ['D1', 'no TLBI before the entries become writable', drop('tlbi'), { agents: [R] }, 'H3'],
  ['D7', 'the TLBI not completed by a DSB', drop('dsb', 1), { agents: [R] }, 'H3'],
  ['split-bbm-paused', 'no DSB before the TLBI', drop('dsb'), { agents: [R, N] }, 'H8'],
  [
    'split-direct',
    "the neighbour's entry left out",
    drop('write entry', 2),
    { agents: [N], bbm: '2-noabort', ...RELIABLE },
    'H11'
  ],
  ['split-nt', 'no TLBI after nT', drop('tlbi'), { agents: [], bbm: 1, ...RELIABLE }, 'H8'],
  ['S0', 'the new head page never filled', drop('copy page'), { agents: [R], ...X86 }, 'stale-read'],
  [
    'S0',
    'freed before the flush',
    earlier((step) => step.do === 'free frame', 'tlbi'),
    { agents: [R], ...X86 },
    'H7'
  ],
  [
    'S1b',
    'interrupts left on',
    (steps) => steps.map((step) => (step.do === 'lock' ? { ...step, irqs: 'on' } : step)),
    { agents: [R], assume: { faults: 'handled' } },
    'H2'
  ],
  [
    'S1b',
    'unlocked before the new entries, interrupts back on',
    earlier((step) => step.do === 'unlock', 'write entry', 2),
    { agents: [R], assume: { faults: 'handled' } },
    'H11'
  ]
]

const explore = (definition: ModelDefinition): Explorer => {
  const explorer = new Explorer(modelOf(definition))
  explorer.run()
  return explorer
}

describe('a seeded mistake', () => {
  it.each(CASES)('in %s: %s', (name, title, mutate, rest, hazard) => {
    const sequence = sequenceOf(name, 1)!
    const agents = [...(rest.agents ?? []), { kind: 'allocator' } as const]
    expect(explore({ title, sequence, ...rest, agents }).result().verdict).toBe('safe')
    const wrong = { ...sequence, steps: mutate(sequence.steps) }
    expect(wrong.steps).not.toEqual(sequence.steps)
    const { verdict, found } = explore({ title, sequence: wrong, ...rest, agents }).result()
    expect(verdict).toBe('counterexample')
    const { hazard: called, property } = VIOLATIONS[found!.code]
    expect(called ?? property).toBe(hazard)
  })

  it('is tried in ten sequences and more', () => {
    expect(new Set(CASES.map(([name]) => name)).size).toBeGreaterThanOrEqual(10)
  })
})
