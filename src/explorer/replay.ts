/**
 * A counterexample as people read it: the path from the first state, with CPUs by the numbers they had
 * at the start (the search sorts those that do the same), and what every state looks like.
 */
import { RULES } from '../engine/hugetlb/sequences/step'
import { cpuOf } from './choice'
import type { Program } from './program'
import { canonical, type Found, type Search } from './search'
import { lineOf, Teller, type StateView, type TraceStep } from './teller'
import { VIOLATIONS } from './violation'
import { World } from './world'

export interface Counterexample {
  readonly property: string
  readonly hazard?: string
  readonly rule?: string
  readonly text: string
  readonly entry?: string
  readonly steps: readonly TraceStep[]
  /** What was chosen at every step, as `replaySchedule` takes it; the last one does the harm. */
  readonly schedule: readonly string[]
  /** Before the first step, and after each but the last, which is the harm. */
  readonly states: readonly StateView[]
}

/** Sorts like the search, and tells which CPU went where: `cpus[i]` is now the real number of place `i`. */
function follow(program: Program, words: Int32Array, cpus: readonly number[]): number[] {
  if (!program.reductions.symmetry || program.cpus <= 2) return [...cpus]
  const { sharedWords, cpuWords } = program
  const group = (from: Int32Array, place: number): string =>
    from.subarray(sharedWords + place * cpuWords, sharedWords + (place + 1) * cpuWords).join()
  const before = cpus.map((_, place) => group(words, place))
  canonical(program, words)
  const taken = new Set<number>()
  return cpus.map((_, place) => {
    const wanted = group(words, place)
    const from =
      place === 0 ? 0 : before.findIndex((each, index) => index > 0 && each === wanted && !taken.has(index))
    taken.add(from)
    return cpus[from]
  })
}

/** The path to what a search found. */
export function counterexample(search: Search, found: Found): Counterexample {
  const { program } = search
  const path: number[] = []
  for (let state = found.state; state > 0; state = search.parentOf(state)) path.unshift(state)
  const teller = new Teller(program)
  let wanted = 0
  const successor = new Int32Array(program.layout.words)
  let taken = false
  const world = new World(program, {
    state: (choice) => {
      if (taken || choice !== wanted) return
      taken = true
      successor.set(world.state.next)
    },
    violation: () => undefined
  })
  let cpus = Array.from({ length: program.cpus }, (_, cpu) => cpu)
  const steps: TraceStep[] = []
  const states: StateView[] = []
  world.start()
  world.state.now.set(world.state.next)
  for (const state of path) {
    states.push(teller.view(world.state, cpus))
    wanted = search.choiceOf(state)
    taken = false
    steps.push(teller.step(wanted, cpus[cpuOf(wanted)], world.state.get(program.pc)))
    world.expand()
    if (!taken) throw new Error('a stored choice leads nowhere')
    cpus = follow(program, successor, cpus)
    world.state.now.set(successor)
  }
  states.push(teller.view(world.state, cpus))
  const { property, hazard, rule, text } = VIOLATIONS[found.code]
  const last = teller.step(found.choice, cpus[cpuOf(found.choice)], world.state.get(program.pc))
  const schedule = [...steps, last].map(lineOf)
  steps.push({ ...last, text: `${last.text}: ${text}` })
  return {
    property,
    ...(hazard === undefined ? {} : { hazard }),
    ...(rule === undefined ? {} : { rule: `${rule} ${RULES[rule].name}` }),
    text,
    ...(found.entry < 0 ? {} : { entry: program.values.entries[found.entry] }),
    steps,
    schedule,
    states
  }
}
