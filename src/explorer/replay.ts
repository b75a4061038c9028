/**
 * A counterexample as people read it: the path from the first state, with CPUs by the numbers they had
 * at the start (the search sorts those that do the same), and what every state looks like.
 */
import { RULES, type Step } from '../engine/hugetlb/sequences/step'
import {
  agentOf,
  argumentOf,
  atOf,
  cpuOf,
  DOES,
  FAULT_ARGUMENT,
  otherOf,
  WIDE_ARGUMENT,
  whatOf
} from './choice'
import type { PackedState } from './layout'
import { UPPER_TABLE, UPPER_WIDE, type Program } from './program'
import { canonical, type Found, type Search } from './search'
import { CLEAN, RO, valueText } from './values'
import { VIOLATIONS } from './violation'
import { World } from './world'

/** One line of a counterexample. */
export interface TraceStep {
  /** CPU 0 updates. */
  readonly cpu: number
  readonly text: string
  /** Step of the sequence, from 1. */
  readonly step?: number
  /** The rule that step relies on. */
  readonly rule?: string
}

/** A state in words. */
export interface StateView {
  readonly upper?: string
  readonly entries: Readonly<Record<string, string>>
  readonly frames: Readonly<Record<string, string>>
  /** By CPU: what its TLB holds. */
  readonly tlbs: readonly Readonly<Record<string, string>>[]
  /** Steps of the sequence done so far. */
  readonly done: number
}

export interface Counterexample {
  readonly property: string
  readonly hazard?: string
  readonly rule?: string
  readonly text: string
  readonly entry?: string
  readonly steps: readonly TraceStep[]
  /** Before the first step, and after each but the last, which is the harm. */
  readonly states: readonly StateView[]
}

const ACCESS_TEXT = (access: number): string =>
  access === RO ? 'RO' : access === CLEAN ? 'writable-clean' : 'RW'

/** What a step of a sequence does, in a few words. */
export function stepText(step: Step): string {
  switch (step.do) {
    case 'write entry':
      return `${step.entry} := ${valueText(step.value)}${step.how === 'exchange' ? ' (exchange)' : ''}`
    case 'write upper':
      return typeof step.value === 'string'
        ? `upper entry := ${step.value}`
        : `upper entry := block at ${step.value.block} ${step.value.access.toUpperCase()}${step.value.nt ? ' nT' : ''}`
    case 'tlbi':
      return `TLBI ${step.entries?.join(', ') ?? 'of the whole range'}`
    case 'dsb':
      return step.domain === 'ishst' ? 'DSB ISHST' : 'DSB ISH'
    case 'isb':
      return 'ISB'
    case 'copy page':
      return `copy page ${step.from} to ${step.to}`
    case 'reset page':
      return `overwrite the first struct pages of ${step.frame}`
    case 'allocate':
      return `allocate ${step.frame}`
    case 'free frame':
      return `free ${step.frame}`
    case 'lock':
      return step.irqs === 'off' ? 'lock, interrupts off' : 'lock'
    default:
      return step.do
  }
}

class Teller {
  readonly #p: Program
  constructor(program: Program) {
    this.#p = program
  }

  entry(index: number): string {
    return this.#p.values.entries[index]
  }

  value(entry: number, value: number): string {
    return valueText(this.#p.values.written[entry][value])
  }

  wide(wide: number): string {
    const { base, access, cont, nt } = this.#p.values.wides[wide]
    const from = this.#p.values.frames[base] ?? `${base}`
    return `${cont ? 'contiguous block' : 'block'} at ${from} ${ACCESS_TEXT(access)}${nt ? ' nT' : ''}`
  }

  through(entry: number, argument: number): string {
    if (argument === FAULT_ARGUMENT) return ''
    if (argument >= WIDE_ARGUMENT) return ` by ${this.wide(argument - WIDE_ARGUMENT)}`
    return argument === 0 ? '' : ` by ${this.value(entry, argument)}`
  }

  /** What a choice does; `pc` is where the sequence stands. */
  step(choice: number, cpu: number, pc: number): TraceStep {
    const entry = atOf(choice)
    const argument = argumentOf(choice)
    const { sequence } = this.#p.model
    switch (whatOf(choice)) {
      case DOES.step: {
        const op = this.#p.ops[pc]
        const step = sequence.steps[op.step]
        const halves = this.#p.ops.filter((each) => each.step === op.step)
        const half = halves.length === 1 ? '' : halves[0] === op ? ' (first half)' : ' (second half)'
        return {
          cpu,
          text: stepText(step) + half,
          step: op.step + 1,
          ...(step.rule === undefined ? {} : { rule: `${step.rule} ${RULES[step.rule].name}` })
        }
      }
      case DOES.fill:
        return { cpu, text: `a walk caches ${this.entry(entry)}: ${this.value(entry, argument)}` }
      case DOES.fillWide:
        return { cpu, text: `a walk caches ${this.wide(argument)}` }
      case DOES.evict:
        return { cpu, text: `the TLB drops ${this.entry(entry)}` }
      case DOES.evictWide:
        return { cpu, text: 'the TLB drops the block' }
      case DOES.load:
        return {
          cpu,
          text: `${this.#who(choice)} loads through ${this.entry(entry)}${this.through(entry, argument)}`
        }
      case DOES.store: {
        const marked = this.#p.hasClean ? `; hardware marks ${this.entry(otherOf(choice))} dirty` : ''
        const where = this.through(entry, argument)
        return { cpu, text: `${this.#who(choice)} stores through ${this.entry(entry)}${where}${marked}` }
      }
      case DOES.check:
        return { cpu, text: `a refcount attempt on ${this.entry(entry)} passes its checks` }
      case DOES.attempt:
        return {
          cpu,
          text: `the refcount attempt does its atomic through ${this.entry(entry)}${this.through(entry, argument)}`
        }
      case DOES.giveUp:
        return { cpu, text: `the refcount attempt on ${this.entry(entry)} gives up` }
      case DOES.reuse:
        return { cpu, text: `somebody is given ${this.#p.values.frames[entry]} and fills it` }
      default:
        return { cpu, text: 'the sequence is over' }
    }
  }

  /** Who acts: an agent in an interrupt on CPU 0, or running on another CPU. */
  #who(choice: number): string {
    const kind = this.#p.model.agents[agentOf(choice)].kind
    const name = {
      reader: 'a reader',
      writer: 'a writer',
      refcount: 'a refcount attempt',
      allocator: 'the allocator'
    }[kind]
    return cpuOf(choice) === 0 ? `an interrupt: ${name}` : name
  }

  view(state: PackedState, cpus: readonly number[]): StateView {
    const p = this.#p
    const entries = Object.fromEntries(
      p.values.entries.map((name, entry) => [name, this.value(entry, state.get(p.current[entry]))])
    )
    const frames = Object.fromEntries(
      p.values.frames.map((name, frame) => {
        const contents = p.contents[p.changes[frame] ? state.get(p.holds[frame]) : p.startContents[frame]]
        const owner = ['', ' (freed)', ' (somebody else’s)'][state.get(p.owner[frame])]
        const half = state.get(p.partial[frame]) === 1 ? ', half copied' : ''
        const stored = state.get(p.written[frame]) === 1 ? ', with the store' : ''
        return [name, `${contents}${half}${stored}${owner}`]
      })
    )
    const tlbs: Record<string, string>[] = []
    for (let cpu = 0; cpu < p.cpus; cpu++) {
      const held: Record<string, string> = {}
      p.values.entries.forEach((name, entry) => {
        const value = state.get(p.slot[cpu * p.entries + entry])
        if (value !== 0) held[name] = this.value(entry, value)
      })
      const wide = state.get(p.wide[cpu])
      if (wide !== 0) held.all = this.wide(wide - 1)
      tlbs[cpus[cpu]] = held
    }
    const upper = p.hasUpper ? state.get(p.upper) : UPPER_TABLE
    const above = upper === 0 ? 'invalid' : upper === UPPER_TABLE ? 'table' : this.wide(upper - UPPER_WIDE)
    const at = state.get(p.pc)
    const done = at === p.ops.length ? p.model.sequence.steps.length : p.ops[at].step
    return { ...(p.hasUpper ? { upper: above } : {}), entries, frames, tlbs, done }
  }
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
  steps.push({ ...last, text: `${last.text}: ${text}` })
  return {
    property,
    ...(hazard === undefined ? {} : { hazard }),
    ...(rule === undefined ? {} : { rule: `${rule} ${RULES[rule].name}` }),
    text,
    ...(found.entry < 0 ? {} : { entry: program.values.entries[found.entry] }),
    steps,
    states
  }
}
