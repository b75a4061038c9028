/** Models of tasks: what is found, how short, and what a wrong model is told. */
import { describe, expect, it } from 'vitest'
import { TasksExplorer } from './tasks'
import { isTasksDefinition, tasksModelOf, type TaskStep } from './tasks-model'

const explored = (definition: object) => new TasksExplorer(tasksModelOf({ title: 't', ...definition })).run()

/** Two tasks that add 1 by a load and a store; `around` is what stands before and after. */
function adding(before: readonly TaskStep[], after: readonly TaskStep[]) {
  const steps: TaskStep[] = [
    ...before,
    { text: 'loads', set: { '@seen': '$n' } },
    { text: 'stores 1 of 0', if: { '@seen': 0 }, set: { n: 1 } },
    { text: 'stores 2 of 1', if: { '@seen': 1 }, set: { n: 2 } },
    ...after,
    { text: 'is done', add: { done: 1 } }
  ]
  const last: TaskStep = { text: 'looks', if: { done: 2 }, must: { n: 2 }, harm: 'lost', rule: 'R' }
  return {
    state: { n: 0, done: 0, lock: 'free' },
    tasks: ['first', 'second'].map((name) => ({ name, steps: [...steps, last] }))
  }
}
const lock: TaskStep = { text: 'locks', when: { lock: 'free' }, set: { lock: 'held' } }
const unlock: TaskStep = { text: 'unlocks', set: { lock: 'free' } }

describe('tasks', () => {
  it('that update without a lock lose an update, by the fewest steps', () => {
    const { verdict, harm } = explored(adding([], []))
    expect(verdict).toBe('counterexample')
    expect([harm?.text, harm?.rule]).toEqual(['lost', 'R'])
    const texts = harm?.steps.map(({ cpu, text }) => `${cpu} ${text.split(': ')[1]}`) ?? []
    // Two loads, two stores of 1, two ends, one look: nothing less does it.
    expect([...texts].sort()).toEqual(
      [
        '0 is done',
        '0 loads',
        '0 stores 1 of 0',
        '1 is done',
        '1 loads',
        '1 stores 1 of 0',
        texts.at(-1)
      ].sort()
    )
    expect(texts.at(-1)).toMatch(/looks$/)
  })

  it('that lock do not', () => {
    const { verdict, states } = explored(adding([lock], [unlock]))
    expect(verdict).toBe('safe')
    expect(states).toBeGreaterThan(20)
  })

  it('of which none can go on are a harm, and a bound that is reached is no verdict', () => {
    const { verdict, harm } = explored(adding([lock], []))
    expect([verdict, harm?.text, harm?.rule]).toEqual(['counterexample', 'nobody can go on', 'progress'])
    expect(explored({ ...adding([lock], [unlock]), maxStates: 5 })).toEqual({
      verdict: 'undecided',
      states: 5
    })
  })

  it('one of several values will do; own variables are own', () => {
    const steps = [
      { text: 'sets its own', set: { '@x': 1 } },
      { text: 'looks', must: { '@x': [1, 2], n: [0, 'none'] }, harm: 'wrong' }
    ]
    const tasks = [
      { name: 'a', steps },
      { name: 'b', steps: [{ text: 'looks first', must: { '@x': 0 }, harm: 'not its own' }] }
    ]
    expect(explored({ state: { n: 'none' }, tasks }).verdict).toBe('safe')
  })

  it.each([
    [{ tasks: [] }, /tasks must be a list of 2 to 4/],
    [{ state: 3 }, /state must be an object/],
    [{ state: { n: {} } }, /state.n must be a word or a whole number/],
    [{ cpus: 3 }, /there is no 'cpus'/],
    [{ maxStates: 0 }, /maxStates/],
    [{ steps: [{ text: 't', set: { m: 1 } }] }, /there is no variable 'm' in state/],
    [{ steps: [{ text: 't', set: { n: '$m' } }] }, /there is no variable 'm' in state/],
    [{ steps: [{ text: 't', must: { n: 1 } }] }, /must and harm belong together/],
    [{ steps: [{ text: 't', add: { n: 'x' } }] }, /which it may not be/],
    [{ steps: [{ text: '' }] }, /text must say something/],
    [{ steps: [{ text: 't', wen: {} }] }, /there is no 'wen'/],
    [{ steps: [] }, /list of 1 to 64/]
  ])('refuses %o', (wrong: Record<string, unknown>, message) => {
    const { steps = [{ text: 'nothing' }], ...rest } = wrong
    const tasks = [
      { name: 'a', steps },
      { name: 'b', steps }
    ]
    expect(() => tasksModelOf({ title: 't', state: { n: 0 }, tasks, ...rest })).toThrow(message)
  })

  it('are told from sequences by their tasks', () => {
    expect([isTasksDefinition({ tasks: [] }), isTasksDefinition({ sequence: 'S6' })]).toEqual([true, false])
  })
})
