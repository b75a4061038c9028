/** A verdict for a model: every switch it leaves open is tried both ways. */
import type { Model } from './model'
import { ALL_REDUCTIONS, type Fixed, type Reductions } from './program'
import { Search, type Found, type Progress } from './search'

/**
 * `safe`: holds for all states within the bounds. `open`: depends on an assumption that thread and
 * manual leave undetermined. `undecided`: a bound was reached, or somebody cancelled.
 */
export type Verdict = 'safe' | 'counterexample' | 'open' | 'undecided'

/** One way the switches stand, and what came of it. */
export interface Branch {
  readonly fixed: Fixed
  readonly search: Search
}

export interface Exploration {
  readonly verdict: Verdict
  /** States of all searches. */
  readonly states: number
  readonly transitions: number
  /** The branch that decides: with the counterexample where there is one. */
  readonly branch: Branch
  readonly found?: Found
  /** Switches whose setting changes the verdict. */
  readonly decides: readonly (keyof Fixed)[]
  readonly branches: readonly Branch[]
}

type Settings = { -readonly [K in keyof Fixed]: readonly Fixed[K][] }

/** The settings that a model leaves open, the kinder first; ones that cannot matter stand as they are. */
function settingsOf({ assume, agents, sequence, content }: Model): Settings {
  const attempts = agents.some(({ kind }) => kind === 'refcount')
  const pick = <T>(value: T | 'open', both: readonly [T, T], matters: boolean): readonly T[] =>
    value !== 'open' ? [value] : matters ? both : [both[0]]
  return {
    refcountChecks: pick<Fixed['refcountChecks']>(assume.refcountChecks, ['reliable', 'unordered'], attempts),
    sizeWithPermission: pick<Fixed['sizeWithPermission']>(
      assume.sizeWithPermission,
      ['allowed', 'forbidden'],
      sequence.steps.some((step) => step.do === 'write upper' || step.do === 'write entry') &&
        (sequence.upper !== undefined || JSON.stringify(sequence.steps).includes('"cont"'))
    ),
    readers: pick<Fixed['readers']>(assume.readers, ['one word', 'several words'], content === 'strict')
  }
}

/** Every combination of the settings, the kindest first. */
export function branchesOf(model: Model): Fixed[] {
  const { refcountChecks, sizeWithPermission, readers } = settingsOf(model)
  return refcountChecks.flatMap((first) =>
    sizeWithPermission.flatMap((second) =>
      readers.map((third): Fixed => ({
        refcountChecks: first,
        sizeWithPermission: second,
        readers: third
      }))
    )
  )
}

const SLICE = 20_000

/** An exploration that can be stopped and gone on with. */
export class Explorer {
  readonly branches: readonly Branch[]

  constructor(
    readonly model: Model,
    reductions: Reductions = ALL_REDUCTIONS,
    all = false
  ) {
    this.branches = branchesOf(model).map((fixed) => ({
      fixed,
      search: new Search(model, fixed, reductions, all)
    }))
  }

  /** Looks at some more states; false once there is nothing more to do. */
  advance(budget: number = SLICE): boolean {
    const next = this.branches.find(({ search }) => search.status === 'running')
    next?.search.run(budget)
    return this.branches.some(({ search }) => search.status === 'running')
  }

  /** Of all branches together. */
  get progress(): Progress {
    return this.branches
      .map(({ search }) => search.progress)
      .reduce((sum, each) => ({
        states: sum.states + each.states,
        frontier: sum.frontier + each.frontier,
        transitions: sum.transitions + each.transitions,
        bytes: sum.bytes + each.bytes,
        depth: Math.max(sum.depth, each.depth)
      }))
  }

  /** Goes on until it is decided or full. */
  run(): Exploration {
    while (this.advance());
    return this.result()
  }

  /** The verdict as it stands. */
  result(): Exploration {
    const { branches } = this
    const states = branches.reduce((sum, { search }) => sum + search.progress.states, 0)
    const transitions = branches.reduce((sum, { search }) => sum + search.progress.transitions, 0)
    const harmful = branches.filter(({ search }) => search.found.length > 0)
    const whole = branches.every(({ search }) => search.status === 'complete' || search.status === 'found')
    const common = { states, transitions, branches, decides: [] }
    if (harmful.length === branches.length) {
      const branch = branches[0]
      return { ...common, verdict: 'counterexample', branch, found: branch.search.found[0] }
    }
    if (!whole) return { ...common, verdict: 'undecided', branch: branches[0] }
    if (harmful.length === 0) return { ...common, verdict: 'safe', branch: branches[0] }
    const [branch] = harmful
    return {
      ...common,
      verdict: 'open',
      branch,
      found: branch.search.found[0],
      decides: deciding(branches, harmful)
    }
  }
}

/** The switches that differ between a harmful branch and one that holds, where the rest is equal. */
function deciding(all: readonly Branch[], harmful: readonly Branch[]): (keyof Fixed)[] {
  const names = ['refcountChecks', 'sizeWithPermission', 'readers'] as const
  const holds = all.filter((branch) => !harmful.includes(branch))
  return names.filter((name) =>
    harmful.some((bad) =>
      holds.some((good) =>
        names.every((other) => (other === name) !== (bad.fixed[other] === good.fixed[other]))
      )
    )
  )
}
