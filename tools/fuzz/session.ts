/** Running worlds, and making a failing one small. */
import { Seeded } from '../../src/engine/arch/seeded'
import type { WatchedViolation } from '../../src/engine/check/watch'
import { Life } from './life'
import type { Mutant } from './mutants'
import { planOf, type Plan, type PlanLimits } from './plan'

/** Steps of one world; a full check ends it (and comes every so many steps of a longer one). */
export const WORLD_STEPS = 1000

/** How to run a world. */
export interface RunOptions extends PlanLimits {
  readonly steps?: number
  /** Steps to take; all by default. */
  readonly keep?: ReadonlySet<number> | undefined
  readonly mutant?: Mutant | undefined
  /** A full check after every step: finds the step of what only a full check sees. */
  readonly fullAlways?: boolean
  /** Told of every step taken, in words. */
  readonly say?: ((step: number, text: string) => void) | undefined
}

/** What running a world came to. */
export interface RunResult {
  readonly plan: Plan
  readonly seed: number
  /** Steps taken. */
  readonly ops: number
  readonly violation?: WatchedViolation
  /** The step that failed, `steps` for the end of the world. */
  readonly step: number
  readonly unsupported: ReadonlyMap<string, number>
  /** How often each operation was done. */
  readonly counts: ReadonlyMap<string, number>
  readonly fullChecks: number
  /** What was found of blocks that were being cleared, by rule. */
  readonly verdicts: ReadonlyMap<string, number>
  /** Whether the fault of the mutant came to pass. */
  readonly planted: boolean
}

/** Runs the world of `seed`, to its end or to the first violation. */
export function runWorld(seed: number, options: RunOptions = {}): RunResult {
  const { steps = WORLD_STEPS, keep, mutant, say } = options
  const plan = planOf(seed, options)
  const life = new Life({ ...plan, weights: { ...plan.weights, ...mutant?.weights } }, say !== undefined)
  const planted = mutant?.install({
    world: life.world,
    watch: life.watch,
    random: new Seeded(seed ^ 0x3c6ef372)
  })
  let ops = 0
  const result = (step: number, violation?: WatchedViolation): RunResult => ({
    plan: life.plan,
    seed,
    ops,
    step,
    unsupported: life.unsupported,
    counts: life.counts,
    fullChecks: life.fullChecks,
    verdicts: life.verdicts,
    planted: planted?.() ?? false,
    ...(violation === undefined ? {} : { violation })
  })
  for (let step = 0; step < steps; step++) {
    if (keep !== undefined && !keep.has(step)) continue
    ops++
    let violation = life.take(step)
    say?.(step, life.said)
    if (life.over) return result(step)
    if (violation === undefined && options.fullAlways === true) violation = life.full()
    if (violation !== undefined) return result(step, violation)
  }
  return result(steps, life.full() ?? life.finish())
}

/** Runs of the whole failing world that shrinking may cost. */
const SHRINK_WORLDS = 200
/** What a world costs before its first step, in steps. */
const WORLD_COST = 25

/**
 * Steps that break the same rule and of which none can be left out, if `worlds` times the cost of the whole
 * are enough to find them; else the fewest found by then. What runs of few steps cost counts less.
 */
export function shrink(failed: RunResult, options: RunOptions, worlds = SHRINK_WORLDS): number[] {
  const rule = failed.violation?.rule
  const base = { ...options, say: undefined, steps: Math.max(failed.step + 1, 1) }
  let kept = Array.from(
    { length: Math.min(failed.step + 1, options.steps ?? WORLD_STEPS) },
    (_, i) => i
  ).filter((step) => options.keep?.has(step) ?? true)
  let left = worlds * (kept.length + WORLD_COST)
  const fails = (keep: readonly number[]): boolean => {
    left -= keep.length + WORLD_COST
    return runWorld(failed.seed, { ...base, keep: new Set(keep) }).violation?.rule === rule
  }
  for (let size = Math.ceil(kept.length / 2); size >= 1 && left > 0;) {
    let removed = false
    // From the end: later steps lead to less.
    for (let end = kept.length; end > 0 && left > 0; end -= size) {
      const without = [...kept.slice(0, Math.max(0, end - size)), ...kept.slice(end)]
      if (without.length === kept.length || !fails(without)) continue
      kept = without
      removed = true
    }
    if (!removed || size > kept.length) size = size === 1 ? 0 : Math.ceil(size / 2)
  }
  return kept
}
