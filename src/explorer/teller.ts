/** States and choices of a search in words, and as data for who draws them. */
import { RULES, type Access, type PteValue, type Step } from '../engine/hugetlb/sequences/step'
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
import { CLEAN, RO, valueText } from './values'

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

/** A step as one line of a schedule. */
export const lineOf = ({ cpu, text }: TraceStep): string => `CPU ${cpu}: ${text}`

/** A translation that a TLB holds. */
export interface Held {
  /** Undefined for one of the whole range. */
  readonly entry?: string
  readonly text: string
  readonly access: Access
  /** The tables say otherwise by now. */
  readonly stale: boolean
  /** A TLBI of it was issued, and the DSB that completes it has not been executed. */
  readonly pending: boolean
}

/** A state in words. */
export interface StateView {
  readonly upper?: string
  readonly entries: Readonly<Record<string, string>>
  readonly frames: Readonly<Record<string, string>>
  /** By CPU: what its TLB holds. */
  readonly tlbs: readonly Readonly<Record<string, string>>[]
  /** The entries as they stand in the table, in the order of their addresses. */
  readonly table: readonly PteValue[]
  /** By CPU: the same as `tlbs`, with what is wrong with it. */
  readonly held: readonly (readonly Held[])[]
  /** Steps of the sequence done so far. */
  readonly done: number
}

const ACCESS: readonly Access[] = ['rw', 'ro', 'clean']

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

export class Teller {
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
      case DOES.read: {
        const whose = entry === otherOf(choice) ? '' : ` for ${this.entry(otherOf(choice))}`
        return {
          cpu,
          text: `a lockless reader reads ${this.entry(entry)}: ${this.value(entry, argument)}${whose}`
        }
      }
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
      allocator: 'the allocator',
      gather: 'a lockless reader'
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
    const all: Held[][] = []
    for (let cpu = 0; cpu < p.cpus; cpu++) {
      const held: Record<string, string> = {}
      p.values.entries.forEach((name, entry) => {
        const value = state.get(p.slot[cpu * p.entries + entry])
        if (value !== 0) held[name] = this.value(entry, value)
      })
      const wide = state.get(p.wide[cpu])
      if (wide !== 0) held.all = this.wide(wide - 1)
      tlbs[cpus[cpu]] = held
      all[cpus[cpu]] = this.#held(state, cpu)
    }
    const upper = p.hasUpper ? state.get(p.upper) : UPPER_TABLE
    const above = upper === 0 ? 'invalid' : upper === UPPER_TABLE ? 'table' : this.wide(upper - UPPER_WIDE)
    const at = state.get(p.pc)
    const done = at === p.ops.length ? p.model.sequence.steps.length : p.ops[at].step
    const table = p.values.written.map((list, entry) => list[state.get(p.current[entry])])
    return { ...(p.hasUpper ? { upper: above } : {}), entries, frames, tlbs, table, held: all, done }
  }

  #held(state: PackedState, cpu: number): Held[] {
    const p = this.#p
    const held: Held[] = []
    const table = !p.hasUpper || state.get(p.upper) === UPPER_TABLE
    p.values.entries.forEach((name, entry) => {
      const slot = cpu * p.entries + entry
      const value = state.get(p.slot[slot])
      if (value === 0) return
      held.push({
        entry: name,
        text: this.value(entry, value),
        access: ACCESS[p.accessOf[entry][value]],
        stale: !table || state.get(p.current[entry]) !== value,
        pending: state.get(p.doomed[slot]) !== 0
      })
    })
    const wide = state.get(p.wide[cpu]) - 1
    if (wide < 0) return held
    // A block entry is in the table itself; a contiguous one is there while some entry still says so.
    const above = p.hasUpper && state.get(p.upper) === UPPER_WIDE + wide
    const below = table && p.wideOf.some((list, entry) => list[state.get(p.current[entry])] === wide)
    held.push({
      text: this.wide(wide),
      access: ACCESS[p.values.wides[wide].access],
      stale: !above && !below,
      pending: state.get(p.wideDoomed[cpu]) !== 0
    })
    return held
  }
}
