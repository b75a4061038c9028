/** The search itself: bounds, going on, memory, and that a path is the shortest. */
import { describe, expect, it } from 'vitest'
import { ModelError } from './error'
import { Explorer, branchesOf } from './explore'
import { modelOf, type ModelDefinition } from './model'
import { ALL_REDUCTIONS } from './program'
import { Search } from './search'

const S7: ModelDefinition = {
  title: 'S7',
  sequence: 'S7',
  tails: 3,
  cpus: 3,
  agents: [
    { kind: 'reader', entries: ['tail1', 'tail2'] },
    { kind: 'writer', entries: ['head'] },
    { kind: 'refcount', entries: ['tail1'] },
    { kind: 'allocator' }
  ],
  assume: { refcountChecks: 'reliable' }
}

describe('a search', () => {
  it('goes on where it was stopped, and ends with the same states', () => {
    const model = modelOf(S7)
    const whole = new Explorer(model).run()
    const slow = new Explorer(model)
    let slices = 0
    while (slow.advance(50)) slices++
    expect(slices).toBeGreaterThan(5)
    const { verdict, states, transitions } = slow.result()
    expect({ verdict, states, transitions }).toEqual({
      verdict: 'safe',
      states: whole.states,
      transitions: whole.transitions
    })
  })

  it('says undecided while it is under way, with a frontier', () => {
    const explorer = new Explorer(modelOf(S7))
    explorer.advance(10)
    expect(explorer.result().verdict).toBe('undecided')
    expect(explorer.progress.frontier).toBeGreaterThan(0)
    explorer.run()
    expect(explorer.progress.frontier).toBe(0)
  })

  it('keeps to its bound of states, and its memory follows from it', () => {
    const explorer = new Explorer(modelOf({ ...S7, maxStates: 300 }))
    expect(explorer.run().verdict).toBe('undecided')
    const [{ search }] = explorer.branches
    expect(search.status).toBe('full')
    expect(search.progress.states).toBe(300)
    // A few 32-bit words a state, its parent, its choice, and two places in the table.
    expect(search.bytesPerState).toBeLessThanOrEqual(64)
    expect(search.progress.bytes).toBeLessThan(4096 * 2 * search.bytesPerState)
  })

  it('sees more states with more CPUs, but not six times as many: they are alike', () => {
    const states = (cpus: number, symmetry: boolean): number => {
      const model = modelOf({
        ...S7,
        sequence: 'S0',
        tails: 1,
        cpus,
        architecture: 'x86-64',
        agents: [{ kind: 'reader', entries: ['tail1'] }]
      })
      const search = new Search(model, branchesOf(model)[0], { ...ALL_REDUCTIONS, symmetry })
      while (search.run(10_000) === 'running');
      expect(search.status).toBe('complete')
      return search.progress.states
    }
    expect(states(4, true) * 2).toBeLessThan(states(4, false))
    expect(states(3, true)).toBeLessThan(states(3, false))
    expect(states(2, true)).toBe(states(2, false))
  })
})

describe('a model that says nothing', () => {
  it.each<[Record<string, unknown>, RegExp]>([
    [{ sequence: 'S0' }, /^title must say something/],
    [{ title: 'x', sequence: [] }, /^sequence: an empty list/],
    [{ title: 'x', sequence: 'S0', cpus: 5 }, /^cpus must be a whole number from 2 to 4/],
    [{ title: 'x', sequence: 'S0', bbm: 3 }, /^bbm is 3; it may be 0, 1, 2, 2-noabort/],
    [{ title: 'x', sequence: 'S0', agents: [{ kind: 'cat' }] }, /^agents\[0\].kind is "cat"/],
    [{ title: 'x', sequence: 'S0', agents: [{ kind: 'reader' }] }, /^agents\[0\].entries must name/],
    [{ title: 'x', sequence: 'S0', watch: ['tail9'] }, /^watch: there is no 'tail9'/],
    [{ title: 'x', sequence: 'S0', assume: { luck: 'open' } }, /^assume: there is no 'luck'/]
  ])('%j', (definition, message) => {
    expect(() => modelOf(definition)).toThrow(ModelError)
    expect(() => modelOf(definition)).toThrow(message)
  })
})
