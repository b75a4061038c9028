/** A counterexample replayed without a search ends in the same harm, through the same states. */
import { describe, expect, it } from 'vitest'
import { SEQUENCE_NAMES } from '../engine/hugetlb/sequences'
import { ModelError } from './error'
import { Explorer } from './explore'
import { modelOf, type ModelDefinition } from './model'
import { counterexample, type Counterexample } from './replay'
import { replaySchedule } from './schedule'

const AGENTS: ModelDefinition['agents'] = [
  { kind: 'reader', entries: ['tail1'] },
  { kind: 'refcount', entries: ['tail1'] },
  { kind: 'writer', entries: ['head'] },
  { kind: 'writer', entries: ['neighbour'] },
  { kind: 'allocator' }
]

function explored(rest: Partial<ModelDefinition> & { sequence: string }): [ModelDefinition, Counterexample] {
  const definition: ModelDefinition = { title: 'x', agents: AGENTS, ...rest }
  const { branch, found } = new Explorer(modelOf(definition)).run()
  return [{ ...definition, assume: branch.fixed }, counterexample(branch.search, found!)]
}

describe('replaySchedule', () => {
  // The batched one has no neighbour.
  const names = SEQUENCE_NAMES.filter((sequence) => sequence !== 'S0-batched')
  it.each(names)('of the counterexample to %s ends in its harm', (sequence) => {
    for (const cpus of [2, 3]) {
      const model = modelOf({ title: 'x', sequence, agents: AGENTS, cpus })
      const { branch, found } = new Explorer(model).run()
      if (found === undefined) continue
      const told = counterexample(branch.search, found)
      const { harms, states } = replaySchedule({ ...model, assume: { ...model.assume, ...branch.fixed } }, [
        ...told.schedule
      ])
      const { property, hazard, rule, text, entry } = told
      expect(harms[0]).toEqual({ line: told.schedule.length, property, hazard, rule, text, entry })
      expect(states.slice(0, told.states.length)).toEqual(told.states)
    }
  })

  it('of a part of it does no harm; behind a broken rule it goes on, behind a fault it does not', () => {
    const [definition, { schedule, states }] = explored({ sequence: 'S0' })
    const model = modelOf(definition)
    const part = replaySchedule(model, schedule.slice(0, -1))
    expect(part.harms).toEqual([])
    expect(part.states).toHaveLength(states.length)
    const more = replaySchedule(model, [...schedule, 'CPU 0: tail1 := new RO'])
    expect(more.harms.map(({ line }) => line)).toEqual([schedule.length, schedule.length + 1])
    const [faulting, fault] = explored({ sequence: 'split-bbm', properties: ['fault'] })
    expect(fault.property).toBe('fault')
    expect(() => replaySchedule(modelOf(faulting), [...fault.schedule, fault.schedule[0]])).toThrow(
      /ends in harm/
    )
  })

  it('refuses what cannot happen there, and says what can', () => {
    const [definition, { schedule }] = explored({ sequence: 'S0' })
    const wrong = [schedule[0], 'CPU 0: head := new RO']
    expect(() => replaySchedule(modelOf(definition), wrong)).toThrow(ModelError)
    expect(() => replaySchedule(modelOf(definition), wrong)).toThrow(
      /line 2 of the schedule, 'CPU 0: head := new RO', cannot happen there; what can: .*'CPU 0: allocate new'/
    )
  })

  it('says what each TLB holds, what of it is stale, and what waits for a DSB', () => {
    const [definition] = explored({ sequence: 'S4', content: 'strict' })
    const { states } = replaySchedule(modelOf(definition), [
      'CPU 0: synchronize_rcu',
      'CPU 1: a walk caches tail1: old1 RW',
      'CPU 0: head := old0 RO',
      'CPU 0: tail1 := old1 RO',
      'CPU 0: DSB ISHST',
      'CPU 0: TLBI head, tail1',
      'CPU 0: DSB ISH'
    ])
    const held = states.map((state) => state.held[1])
    const entry = { entry: 'tail1', text: 'old1 RW', access: 'rw' }
    expect(held[1]).toEqual([])
    expect(held[2]).toEqual([{ ...entry, stale: false, pending: false }])
    expect(held[4]).toEqual([{ ...entry, stale: true, pending: false }])
    expect(held[6]).toEqual([{ ...entry, stale: true, pending: true }])
    expect(held[7]).toEqual([])
    expect(states[4].table[1]).toEqual({ frame: 'old1', access: 'ro' })
  })
})
