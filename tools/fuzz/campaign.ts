/** A fuzzing run: worlds until enough operations are done, then the seeded faults. */
import { mix } from '../../src/engine/arch/seeded'
import { WRONG_MTE_DESIGNS, type MteDesignName } from '../../src/engine/mte/designs'
import type { Lanes } from './lanes'
import { MUTANTS, type Mutant } from './mutants'
import { planOf, type PlanLimits } from './plan'
import { WORLD_STEPS } from './session'
import type { Answer, Task } from './task'

/** Failing worlds after which a run ends: what else is broken shows when those are mended. */
const MAX_FAILURES = 5
/** Worlds that find a mutant until it counts as easy to find, and worlds tried at most. */
const MUTANT_FINDS = 4
const MUTANT_WORLDS = 48
/** Worlds tried at most to show what is wrong with a design, their steps, and those of which the shortest is shown. */
const DESIGN_WORLDS = 400
const DESIGN_STEPS = 150
const DESIGN_FINDS = 3
/** Seeds looked at for worlds that a mutant fits. */
const MUTANT_SEEDS = 2000

/** What the worlds of a run came to. */
export interface Figures {
  ops: number
  worlds: number
  fullChecks: number
  readonly kernels: Map<string, number>
  readonly operations: Map<string, number>
  readonly unsupported: Map<string, number>
  /** What was found of blocks that were being cleared. */
  readonly verdicts: Map<string, number>
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
    verdicts: new Map(),
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
  for (const [name, times] of answer.verdicts) count(figures.verdicts, name, times)
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
  const all: MutantFigures[] = []
  for (const [i, mutant] of MUTANTS.entries()) {
    const figures: MutantFigures = { mutant, worlds: 0, planted: 0, found: 0, ops: [], rules: new Map() }
    const worlds = fittingWorlds(mutant, seed ^ Math.imul(i + 1, 0x85ebca6b), limits)
    if (worlds.length === 0) continue
    all.push(figures)
    await lanes.run(
      (index): Task | undefined =>
        index < worlds.length ? { seed: worlds[index], steps: WORLD_STEPS, mutant: mutant.name } : undefined,
      (answer) => {
        addMutant(figures, answer)
        return figures.found >= MUTANT_FINDS
      }
    )
    progress(i + 1, MUTANTS.length)
  }
  return all
}

/** A design for tags in swap that is called wrong, and the fewest steps found that lose tags by it. */
export interface DesignFigures {
  readonly design: MteDesignName
  worlds: number
  /** Worlds that lost tags. */
  found: number
  shortest?: Answer
  /** What was fixed in its worlds. */
  readonly limits: PlanLimits
}

/** Runs worlds of every design for tags that the reference calls wrong, until some lose tags, and makes those small. */
export async function runWrongDesigns(
  lanes: Lanes,
  seed: number,
  limits: PlanLimits,
  progress: (design: string) => void
): Promise<DesignFigures[]> {
  const all: DesignFigures[] = []
  for (const design of WRONG_MTE_DESIGNS) {
    const figures: DesignFigures = {
      design,
      worlds: 0,
      found: 0,
      limits: { ...limits, only: 'tags', design }
    }
    all.push(figures)
    const lost: Task[] = []
    const task = { steps: DESIGN_STEPS, limits: figures.limits }
    await lanes.run(
      (index) => (index < DESIGN_WORLDS ? { ...task, seed: worldSeed(seed, index) } : undefined),
      (answer) => {
        figures.worlds++
        if (answer.violation?.rule === 'tags') lost.push({ ...task, seed: answer.seed, shrink: true })
        return lost.length === DESIGN_FINDS
      }
    )
    figures.found = lost.length
    await lanes.run(
      (index) => lost.at(index),
      (answer) => {
        const least = figures.shortest?.kept?.length ?? Infinity
        if ((answer.kept?.length ?? Infinity) < least) figures.shortest = answer
        return false
      }
    )
    progress(design)
  }
  return all
}

function fittingWorlds(mutant: Mutant, seed: number, limits: PlanLimits): number[] {
  const worlds: number[] = []
  for (let index = 0; worlds.length < MUTANT_WORLDS && index < MUTANT_SEEDS; index++) {
    const world = worldSeed(seed, index)
    if (mutant.fits(planOf(world, limits))) worlds.push(world)
  }
  return worlds
}

function addMutant(figures: MutantFigures, answer: Answer): void {
  figures.worlds++
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
