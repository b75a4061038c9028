/** Exploring a model of tasks for a user, and what is said about it. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ModelError } from '../../explorer/error'
import { TasksExplorer, type TakenStep, type TasksResult } from '../../explorer/tasks'
import { tasksModelOf, type TasksModel } from '../../explorer/tasks-model'
import { LabError, problem } from '../diagnostic'
import type { Overrides } from './explore'

/** Schema `contpte-lab/explore@1`, of a model of tasks. */
export interface TasksDocument {
  readonly schema: 'contpte-lab/explore@1'
  readonly model: string
  readonly bounds: { readonly tasks: readonly string[]; readonly cpus: number; readonly maxStates: number }
  readonly verdict: TasksResult['verdict']
  readonly states: number
  readonly rule?: string
  readonly steps?: readonly TakenStep[]
}

/**
 * The model of a definition, with what the caller overrides.
 * @throws LabError `bad-model`
 */
export function tasksFrom(file: string, definition: unknown, overrides: Overrides = {}): TasksModel {
  const { maxStates, ...others } = overrides
  try {
    for (const [name, value] of Object.entries(others))
      if (value !== undefined)
        throw new ModelError(`${name} does not apply to a model of tasks: each has a CPU of its own`)
    return tasksModelOf({ ...(definition as object), ...(maxStates !== undefined && { maxStates }) })
  } catch (error) {
    if (error instanceof ModelError)
      throw new LabError(problem('bad-model', error.message, { file, line: 1, column: 1 }))
    throw error
  }
}

/** Explores; `stopped` is asked between slices, `told` hears how far it is. */
export async function exploreTasks(
  model: TasksModel,
  stopped: () => boolean,
  told: (progress: { readonly states: number; readonly frontier: number }) => void
): Promise<TasksResult> {
  const explorer = new TasksExplorer(model)
  while (explorer.advance()) {
    told({ states: explorer.states, frontier: explorer.frontier })
    await nextTurn()
    if (stopped()) break
  }
  return explorer.result()
}

const ruleText = ({ rule, text }: NonNullable<TasksResult['harm']>): string =>
  rule === undefined ? text : `${rule}: ${text}`

export function tasksDocument(model: TasksModel, { verdict, states, harm }: TasksResult): TasksDocument {
  const { title, tasks, maxStates } = model
  return {
    schema: 'contpte-lab/explore@1',
    model: title,
    bounds: { tasks: tasks.map(({ name }) => name), cpus: tasks.length, maxStates },
    verdict,
    states,
    ...(harm !== undefined && { rule: ruleText(harm), steps: harm.steps })
  }
}

/** For a terminal. */
export function tasksText(model: TasksModel, { verdict, states, harm }: TasksResult): string {
  const lines = [
    model.title,
    `  ${model.tasks.length} tasks, a CPU each: ${model.tasks.map(({ name }) => name).join(', ')}`
  ]
  if (verdict === 'safe') lines.push(`holds for all ${states} states within these bounds`)
  else if (verdict === 'undecided') lines.push(`undecided after ${states} states`)
  if (harm !== undefined) {
    lines.push(
      `counterexample of ${harm.steps.length} steps, the shortest there is (${states} states seen):`,
      `  ${ruleText(harm)}`,
      ...harm.steps.map(({ cpu, text }, index) => `  ${String(index + 1).padStart(3)}  CPU ${cpu}  ${text}`)
    )
  }
  return `${lines.join('\n')}\n`
}
