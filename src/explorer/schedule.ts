/**
 * One schedule of a model instead of all: what happens is chosen line by line, as a counterexample tells
 * it. Nothing is searched and nothing left out: every choice of hardware and agents may be named.
 */
import { cpuOf } from './choice'
import { ModelError } from './error'
import { branchesOf } from './explore'
import type { Model } from './model'
import { Program } from './program'
import { lineOf, Teller, type StateView } from './teller'
import { VIOLATIONS, type Property } from './violation'
import { World } from './world'
import { RULES } from '../engine/hugetlb/sequences/step'

/** A harm, and the line (from 1) that does it. */
export interface Harm {
  readonly line: number
  readonly property: Property
  readonly hazard?: string
  /** Rule and its name. */
  readonly rule?: string
  readonly text: string
  readonly entry?: string
}

export interface Replayed {
  /** What goes wrong, in the order of the lines; of one line the first thing first. */
  readonly harms: readonly Harm[]
  /** Before the first choice, and after each that leads to a next one. */
  readonly states: readonly StateView[]
}

/** Lines told in a refusal. */
const TOLD = 12

/** What may happen in one state, by its line. */
interface Chances {
  readonly successors: Map<string, Int32Array[]>
  readonly harms: Map<string, Omit<Harm, 'line'>[]>
}

class Replay {
  readonly #program: Program
  readonly #teller: Teller
  readonly #world: World
  readonly #wanted: readonly boolean[]
  readonly #cpus: readonly number[]
  #chances: Chances = { successors: new Map(), harms: new Map() }

  constructor(model: Model) {
    const [fixed] = branchesOf(model)
    this.#program = new Program(model, fixed, { fills: false, symmetry: false })
    this.#teller = new Teller(this.#program)
    this.#wanted = VIOLATIONS.map(({ property }) => model.properties.includes(property))
    this.#cpus = Array.from({ length: model.cpus }, (_, cpu) => cpu)
    this.#world = new World(this.#program, {
      state: (choice) => this.#state(choice),
      violation: (choice, code, entry) => this.#violation(choice, code, entry)
    })
  }

  start(): Int32Array {
    this.#world.start()
    return this.#world.state.next.slice()
  }

  view(words: Int32Array): StateView {
    this.#world.state.now.set(words)
    return this.#teller.view(this.#world.state, this.#cpus)
  }

  /** Everything that may happen in a state. */
  chances(words: Int32Array): Chances {
    this.#chances = { successors: new Map(), harms: new Map() }
    this.#world.state.now.set(words)
    this.#world.expand()
    return this.#chances
  }

  #line(choice: number): string {
    return lineOf(this.#teller.step(choice, cpuOf(choice), this.#world.state.get(this.#program.pc)))
  }

  #state(choice: number): void {
    const line = this.#line(choice)
    const { successors } = this.#chances
    const known = successors.get(line) ?? []
    const next = this.#world.state.next.slice()
    if (!known.some((words) => words.every((word, at) => word === next[at]))) known.push(next)
    successors.set(line, known)
  }

  #violation(choice: number, code: number, entry: number): void {
    if (!this.#wanted[code] || (entry >= 0 && !this.#program.watched[entry])) return
    const { property, hazard, rule, text } = VIOLATIONS[code]
    const line = this.#line(choice)
    const harm: Omit<Harm, 'line'> = {
      property,
      ...(hazard === undefined ? {} : { hazard }),
      ...(rule === undefined ? {} : { rule: `${rule} ${RULES[rule].name}` }),
      text,
      ...(entry < 0 ? {} : { entry: this.#program.values.entries[entry] })
    }
    this.#chances.harms.set(line, [...(this.#chances.harms.get(line) ?? []), harm])
  }
}

/**
 * Lets happen what the lines say, from the model's first state. Switches that the model leaves open
 * stand as the kinder one. Two agents that do the same by the same line are both followed.
 *
 * @param lines as `Counterexample.schedule` has them
 * @throws ModelError where a line names what cannot happen there, or comes after an access that faulted
 */
export function replaySchedule(model: Model, lines: readonly string[]): Replayed {
  const replay = new Replay(model)
  let now: readonly Int32Array[] = [replay.start()]
  const states = [replay.view(now[0])]
  const harms: Harm[] = []
  for (const [index, line] of lines.entries()) {
    const chances = now.map((words) => replay.chances(words))
    const done = chances.flatMap(({ harms: all }) => all.get(line) ?? [])
    harms.push(...done.map((harm) => ({ line: index + 1, ...harm })))
    const next = chances.flatMap(({ successors }) => successors.get(line) ?? [])
    if (next.length === 0 && (done.length === 0 || index < lines.length - 1))
      throw new ModelError(refusal(index, line, chances, done))
    if (next.length === 0) break
    now = next
    states.push(replay.view(next[0]))
  }
  return { harms, states }
}

function refusal(
  index: number,
  line: string,
  chances: readonly Chances[],
  harms: readonly Omit<Harm, 'line'>[]
): string {
  const place = `line ${index + 1} of the schedule, '${line}',`
  if (harms.length > 0) return `${place} ends in harm (${harms[0].text}): nothing comes after it`
  const may = [
    ...new Set(chances.flatMap(({ successors, harms: bad }) => [...successors.keys(), ...bad.keys()]))
  ]
  const more = may.length > TOLD ? `, and ${may.length - TOLD} more` : ''
  const told = may.slice(0, TOLD).map((each) => `'${each}'`)
  return `${place} cannot happen there; what can: ${told.length === 0 ? 'nothing' : told.join(', ')}${more}`
}
