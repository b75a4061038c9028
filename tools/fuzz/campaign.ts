/** A fuzzing run: worlds until enough operations are done, then the seeded faults. */
import { mix } from '../../src/engine/arch/seeded'
import type { Lanes } from './lanes'
import { MUTANTS, type Mutant } from './mutants'
import { planOf, type PlanLimits } from './plan'
import { WORLD_STEPS } from './session'
import type { Answer, Task } from './task'

/** Failing worlds after which a run ends: what else is broken shows when those are mended. */
const MAX_FAILURES = 5
/** Worlds that each mutant is put into. */
const MUTANT_WORLDS = 16

/** What the worlds of a run came to. */
export interface Figures {
  ops: number
  worlds: number
  fullChecks: number
  readonly kernels: Map<string, number>
  readonly operations: Map<string, number>
  readonly unsupported: Map<string, number>
  readonly failures: Answer[]
}

/** What the worlds of one mutant came to. */
export interface MutantFigures {
  readonly mutant: Mutant
  worlds: number
  /** Worlds in which the fault came to pass. */
  planted: number
  /** Worlds in which a rule was broken. */
  found: number
  /** Operations until each world broke a rule. */
  readonly ops: number[]
  /** Rules broken, by how many worlds. */
  readonly rules: Map<string, number>
  /** The first world that found it. */
  first?: Answer
}

/** The seed of world `index` of a run with `seed`. */
export function worldSeed(seed: number, index: number): number {
  return (mix(seed) + Math.imul(index + 1, 0x9e3779b1)) >>> 0
}

/** Runs worlds until `ops` operations are done. */
export async function runWorlds(
  lanes: Lanes,
  { seed, ops }: { readonly seed: number; readonly ops: number },
  progress: (figures: Figures) => void
): Promise<Figures> {
  const figures: Figures = {
    ops: 0,
    worlds: 0,
    fullChecks: 0,
    kernels: new Map(),
    operations: new Map(),
    unsupported: new Map(),
    failures: []
  }
  const steps = Math.min(WORLD_STEPS, ops)
  await lanes.run(
    (index) => ({ seed: worldSeed(seed, index), steps }),
    (answer) => {
      add(figures, answer)
      progress(figures)
      return figures.ops >= ops || figures.failures.length >= MAX_FAILURES
    }
  )
  await shrinkFailures(lanes, figures)
  return figures
}

function add(figures: Figures, answer: Answer): void {
  figures.ops += answer.ops
  figures.worlds++
  figures.fullChecks += answer.fullChecks
  count(figures.kernels, answer.kernel, answer.ops)
  for (const [name, times] of answer.counts) count(figures.operations, name, times)
  for (const [name, times] of answer.unsupported) count(figures.unsupported, name, times)
  if (answer.violation !== undefined) figures.failures.push(answer)
}

async function shrinkFailures(lanes: Lanes, { failures }: Figures): Promise<void> {
  const failed = failures.splice(0)
  await lanes.run(
    (index): Task | undefined => {
      if (index >= failed.length) return undefined
      const { seed, steps } = failed[index]
      return { seed, steps, shrink: true }
    },
    (answer) => {
      failures.push(answer)
      return false
    }
  )
}

/** Puts every mutant that fits a kernel asked for into some worlds. */
export async function runMutants(
  lanes: Lanes,
  seed: number,
  limits: PlanLimits,
  progress: (done: number, of: number) => void
): Promise<MutantFigures[]> {
  const tasks: { readonly task: Task; readonly figures: MutantFigures }[] = []
  const all: MutantFigures[] = []
  for (const [i, mutant] of MUTANTS.entries()) {
    const figures: MutantFigures = { mutant, worlds: 0, planted: 0, found: 0, ops: [], rules: new Map() }
    const base = seed ^ Math.imul(i + 1, 0x85ebca6b)
    for (let index = 0; figures.worlds < MUTANT_WORLDS && index < 20 * MUTANT_WORLDS; index++) {
      const world = worldSeed(base, index)
      if (!mutant.fits(planOf(world, limits).kernel)) continue
      figures.worlds++
      tasks.push({ task: { seed: world, steps: WORLD_STEPS, mutant: mutant.name }, figures })
    }
    if (figures.worlds > 0) all.push(figures)
  }
  await lanes.run(
    (index): Task | undefined => (index < tasks.length ? tasks[index].task : undefined),
    (answer, index) => {
      addMutant(tasks[index].figures, answer)
      progress(index + 1, tasks.length)
      return false
    }
  )
  return all
}

function addMutant(figures: MutantFigures, answer: Answer): void {
  if (answer.planted) figures.planted++
  if (answer.violation === undefined || !answer.planted) return
  figures.found++
  figures.ops.push(answer.ops)
  figures.first ??= answer
  count(figures.rules, answer.violation.rule, 1)
}

function count(map: Map<string, number>, key: string, times: number): void {
  map.set(key, (map.get(key) ?? 0) + times)
}
