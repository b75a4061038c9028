/** Every interleaving of the tasks of a model, breadth first: the first harm found takes the fewest steps. */
import type { TaskCondition, TasksModel, TaskStep, TaskValue } from './tasks-model'

/** One line of a counterexample; tasks are numbered as their CPUs. */
export interface TakenStep {
  readonly cpu: number
  readonly text: string
}

/** A harm, and the shortest way to it. */
export interface TasksHarm {
  readonly text: string
  readonly rule?: string
  readonly steps: readonly TakenStep[]
}

export interface TasksResult {
  readonly verdict: 'safe' | 'counterexample' | 'undecided'
  /** Different states seen. */
  readonly states: number
  readonly harm?: TasksHarm
}

/** Where every task stands, and what every variable holds. */
interface Node {
  readonly at: readonly number[]
  readonly values: readonly TaskValue[]
  /** The node before, -1 for the first; and which task moved. */
  readonly parent: number
  readonly task: number
}

const STUCK = 'nobody can go on'

/** A search that can be stopped and gone on with. */
export class TasksExplorer {
  readonly #names: string[]
  readonly #index: ReadonlyMap<string, number>
  readonly #nodes: Node[] = []
  readonly #seen = new Set<string>()
  #head = 0
  #harm: TasksHarm | undefined
  #full = false

  constructor(readonly model: TasksModel) {
    const own = model.tasks.flatMap((task, index) =>
      task.steps.flatMap((step) => namesOf(step).map((name) => name.replace('@', `${index}@`)))
    )
    this.#names = [...new Set([...Object.keys(model.state), ...own])]
    this.#index = new Map(this.#names.map((name, index) => [name, index]))
    const values = this.#names.map((name) => model.state[name] ?? 0)
    this.#add({ at: model.tasks.map(() => 0), values, parent: -1, task: -1 })
  }

  get states(): number {
    return this.#nodes.length
  }

  /** States seen, not yet looked at. */
  get frontier(): number {
    return this.#nodes.length - this.#head
  }

  /** Looks at some more states; false once there is nothing more to do. */
  advance(budget = 10_000): boolean {
    const until = this.#head + budget
    while (this.#harm === undefined && !this.#full && this.#head < this.#nodes.length && this.#head < until)
      this.#expand(this.#head++)
    return this.#harm === undefined && !this.#full && this.#head < this.#nodes.length
  }

  /** The verdict as it stands. */
  result(): TasksResult {
    const { states } = this
    if (this.#harm !== undefined) return { verdict: 'counterexample', states, harm: this.#harm }
    return { verdict: this.#full || this.frontier > 0 ? 'undecided' : 'safe', states }
  }

  /** Goes on until it is decided or full. */
  run(): TasksResult {
    while (this.advance());
    return this.result()
  }

  #expand(number: number): void {
    const node = this.#nodes[number]
    const { tasks } = this.model
    let moved = false
    for (let task = 0; task < tasks.length; task++) {
      const step = tasks[task].steps.at(node.at[task])
      if (step === undefined) continue
      if (step.if === undefined || this.#holds(node, task, step.if)) {
        if (step.when !== undefined && !this.#holds(node, task, step.when)) continue
        if (step.must !== undefined && !this.#holds(node, task, step.must)) {
          this.#harm = {
            text: step.harm ?? '',
            ...(step.rule !== undefined && { rule: step.rule }),
            steps: [...this.#path(number), { cpu: task, text: this.#textOf(task, step) }]
          }
          return
        }
        moved = true
        this.#move(number, task, step)
      } else {
        moved = true
        this.#move(number, task, undefined)
      }
      if (this.#full) return
    }
    const over = tasks.every(({ steps }, task) => node.at[task] === steps.length)
    if (!moved && !over) this.#harm = { text: STUCK, rule: 'progress', steps: this.#path(number) }
  }

  /** The state after `task` did `step`, or passed over the one it stands at. */
  #move(parent: number, task: number, step: TaskStep | undefined): void {
    const before = this.#nodes[parent]
    const values = [...before.values]
    for (const [name, value] of Object.entries(step?.set ?? {})) {
      const from = typeof value === 'string' && value.startsWith('$') ? value.slice(1) : undefined
      values[this.#at(task, name)] = from === undefined ? value : before.values[this.#at(task, from)]
    }
    for (const [name, more] of Object.entries(step?.add ?? {})) {
      const at = this.#at(task, name)
      values[at] = Number(values[at]) + more
    }
    this.#add({ at: before.at.map((each, i) => (i === task ? each + 1 : each)), values, parent, task })
  }

  #add(node: Node): void {
    const key = JSON.stringify([node.at, node.values])
    if (this.#seen.has(key)) return
    if (this.#nodes.length === this.model.maxStates) {
      this.#full = true
      return
    }
    this.#seen.add(key)
    this.#nodes.push(node)
  }

  #at(task: number, name: string): number {
    return this.#index.get(name.replace('@', `${task}@`)) ?? -1
  }

  #holds(node: Node, task: number, condition: TaskCondition): boolean {
    return Object.entries(condition).every(([name, wanted]) => {
      const value = node.values[this.#at(task, name)]
      return Array.isArray(wanted) ? wanted.includes(value) : value === wanted
    })
  }

  /** The steps that led to a state; those passed over are none. */
  #path(number: number): TakenStep[] {
    const path: TakenStep[] = []
    for (let at = number; this.#nodes[at].parent >= 0; at = this.#nodes[at].parent) {
      const { parent, task } = this.#nodes[at]
      const before = this.#nodes[parent]
      const step = this.model.tasks[task].steps[before.at[task]]
      if (step.if === undefined || this.#holds(before, task, step.if))
        path.push({ cpu: task, text: this.#textOf(task, step) })
    }
    return path.reverse()
  }

  #textOf(task: number, step: TaskStep): string {
    return `${this.model.tasks[task].name}: ${step.text}`
  }
}

/** Names of own variables that a step uses. */
function namesOf(step: TaskStep): string[] {
  const copied = Object.values(step.set ?? {}).flatMap((value) =>
    typeof value === 'string' && value.startsWith('$@') ? [value.slice(1)] : []
  )
  const named = [step.when, step.if, step.set, step.add, step.must].flatMap((part) => Object.keys(part ?? {}))
  return [...named, ...copied].filter((name) => name.startsWith('@'))
}
