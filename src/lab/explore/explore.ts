/** Exploring a model for a user: in slices, so that somebody can watch and cancel. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ModelError } from '../../explorer/error'
import { Explorer, type Exploration } from '../../explorer/explore'
import { modelOf, type Model, type ModelDefinition } from '../../explorer/model'
import { counterexample, type Counterexample } from '../../explorer/replay'
import { isTasksDefinition } from '../../explorer/tasks-model'
import type { Progress } from '../../explorer/search'
import { LabError, problem } from '../diagnostic'

/** What the caller sets instead of the model. */
export type Overrides = Partial<Pick<Model, 'cpus' | 'bbm' | 'content' | 'maxStates'>>

export interface Explored {
  readonly model: Model
  readonly result: Exploration
  readonly counterexample?: Counterexample
  /** As far as it came. */
  readonly progress: Progress
}

/**
 * The model of a definition, with what the caller overrides.
 * @throws LabError `bad-model`
 */
export function modelFrom(file: string, definition: unknown, overrides: Overrides = {}): Model {
  const given = Object.fromEntries(Object.entries(overrides).filter(([, value]) => value !== undefined))
  try {
    if (isTasksDefinition(definition))
      throw new ModelError('a model of tasks has no sequence; `contpte-lab explore` explores it')
    return modelOf({ ...(definition as ModelDefinition), ...given })
  } catch (error) {
    if (error instanceof ModelError)
      throw new LabError(problem('bad-model', error.message, { file, line: 1, column: 1 }))
    throw error
  }
}

/**
 * Explores.
 *
 * @throws LabError `bad-model` for one that is too large to be packed
 * @param stopped asked between slices
 * @param told hears how far it is
 */
export async function exploreModel(
  model: Model,
  stopped: () => boolean,
  told: (progress: Progress) => void
): Promise<Explored> {
  const explorer = compiled(model)
  while (explorer.advance()) {
    told(explorer.progress)
    await nextTurn()
    if (stopped()) break
  }
  const result = explorer.result()
  return {
    model,
    result,
    progress: explorer.progress,
    ...(result.found === undefined
      ? {}
      : { counterexample: counterexample(result.branch.search, result.found) })
  }
}

function compiled(model: Model): Explorer {
  try {
    return new Explorer(model)
  } catch (error) {
    if (error instanceof ModelError) throw new LabError(problem('bad-model', error.message))
    throw error
  }
}
