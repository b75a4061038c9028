/** What a lane is asked to do, and what it answers: plain data, to cross threads. */
import type { WatchedViolation } from '../../src/engine/check/watch'
import { MUTANTS, type Mutant } from './mutants'
import type { PlanLimits } from './plan'
import { runWorld, shrink } from './session'

/** One world to run, with a mutant's fault in it if one is named; `shrink` makes a failing one small. */
export interface Task {
  readonly seed: number
  readonly steps: number
  readonly mutant?: string | undefined
  /** What is fixed for this world besides what is for all. */
  readonly limits?: PlanLimits | undefined
  readonly shrink?: boolean
}

/** A world finished. */
export interface Answer {
  readonly seed: number
  readonly steps: number
  readonly ops: number
  readonly kernel: string
  readonly counts: readonly (readonly [string, number])[]
  readonly unsupported: readonly (readonly [string, number])[]
  readonly fullChecks: number
  readonly verdicts: readonly (readonly [string, number])[]
  readonly planted: boolean
  readonly violation?: WatchedViolation | undefined
  /** The step that failed, `steps` for the end of the world. */
  readonly step: number
  /** Steps that are enough to fail; where asked. */
  readonly kept?: readonly number[]
}

/** Runs one task. */
export function answer(task: Task, limits: PlanLimits): Answer {
  const { seed, steps } = task
  const mutant = task.mutant === undefined ? undefined : mutantByName(task.mutant)
  const options = { ...limits, ...task.limits, steps, mutant }
  const result = runWorld(seed, options)
  const { ops, plan, step, planted, violation, fullChecks } = result
  return {
    seed,
    steps,
    ops,
    kernel: plan.kernel.name,
    counts: [...result.counts],
    unsupported: [...result.unsupported],
    fullChecks,
    verdicts: [...result.verdicts],
    planted,
    violation,
    step,
    ...(task.shrink === true && violation !== undefined ? { kept: shrink(result, options) } : {})
  }
}

/** The mutant called `name`; undefined where there is none. */
export function mutantByName(name: string): Mutant | undefined {
  return MUTANTS.find((mutant) => mutant.name === name)
}
