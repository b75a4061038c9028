/**
 * A sequence as a table: what every entry translates to after every step, and what the whole costs. One
 * CPU, nobody else: when others see a store is the explorer's affair.
 *
 * Source: reference `hvo.md` sections 2 to 4; the windows are those of its hazards H1 and H10.
 */
import type { Access, PteValue, Sequence, Step, UpperValue } from './step'

/** One cell: a translation, by whatever entry gives it. */
export interface EntryState {
  readonly access: Access | 'none'
  readonly frame?: string
  /** The frame the entry had before the first step, or another one. */
  readonly page: 'old' | 'new' | 'none'
  /** By a block above the entries, or by a contiguous one that they form. */
  readonly block: boolean
}

/** The entries after a step. */
export interface StepState {
  readonly entries: readonly EntryState[]
  /** Entries (by number) whose translation the step changes. */
  readonly changed: readonly number[]
  /** Entries an older translation of which some TLB may still hold. */
  readonly stale: readonly number[]
}

/** What a sequence takes and gives, counted over its steps. */
export interface SequenceCost {
  /** Stores and exchanges to entries, and to the one above them. */
  readonly stores: number
  readonly tlbis: number
  /** Entries that the TLBIs name: instructions, where there are none for ranges. */
  readonly invalidated: number
  readonly dsbs: number
  readonly copies: number
  readonly allocated: number
  readonly freed: number
  /** Most steps from the one that makes an entry invalid to the one that makes it valid (H1). */
  readonly invalidSteps: number
  /** Most steps from a change of a valid entry to the DSB after which nobody has the old one (H10). */
  readonly staleSteps: number
}

export interface SequenceTable {
  readonly start: readonly EntryState[]
  /** One a step. */
  readonly steps: readonly StepState[]
  readonly cost: SequenceCost
}

interface Stale {
  /** Step of the change that nobody has flushed. */
  readonly since: number
  /** Walkers see the new value: a TLBI from now on takes the old one away. */
  visible: boolean
  doomed: boolean
}

class Run {
  readonly #sequence: Sequence
  readonly #frames: readonly string[]
  readonly #table: PteValue[]
  #upper: UpperValue
  readonly #first: readonly (string | undefined)[]
  /** By entry: changes whose old value some TLB may hold. */
  readonly #stale: Stale[][]
  /** By entry: the step that made it invalid. */
  readonly #invalid: (number | undefined)[]
  invalidSteps = 0
  staleSteps = 0

  constructor(sequence: Sequence) {
    this.#sequence = sequence
    this.#frames = Object.keys(sequence.frames)
    this.#table = sequence.entries.map((entry) => sequence.start[entry])
    this.#upper = sequence.upper ?? 'table'
    this.#first = sequence.entries.map((_, entry) => this.#translation(entry).frame)
    this.#stale = sequence.entries.map(() => [])
    this.#invalid = sequence.entries.map(() => undefined)
  }

  entries(): EntryState[] {
    return this.#sequence.entries.map((_, entry) => {
      const { frame, ...rest } = this.#translation(entry)
      if (frame === undefined) return { ...rest, page: 'none' }
      // What was mapped by nobody at first has no old page.
      return { ...rest, frame, page: frame === this.#first[entry] ? 'old' : 'new' }
    })
  }

  take(step: Step, index: number): StepState {
    const before = this.entries()
    if (step.do === 'write entry') this.#table[this.#sequence.entries.indexOf(step.entry)] = step.value
    if (step.do === 'write upper') this.#upper = step.value
    const entries = this.entries()
    const changed = entries.flatMap((after, entry) => (same(before[entry], after) ? [] : [entry]))
    for (const entry of changed) {
      if (before[entry].access !== 'none')
        this.#stale[entry].push({ since: index, visible: false, doomed: false })
      const since = this.#invalid[entry]
      if (entries[entry].access === 'none') this.#invalid[entry] = index
      else if (since !== undefined) {
        this.invalidSteps = Math.max(this.invalidSteps, index - since)
        this.#invalid[entry] = undefined
      }
    }
    if (step.do === 'tlbi') this.#doom(step.entries)
    if (step.do === 'dsb') this.#settle(step.domain !== 'ishst', index)
    return { entries, changed, stale: this.#stale.flatMap((list, entry) => (list.length > 0 ? [entry] : [])) }
  }

  /** What is still open after the last step stays open. */
  end(steps: number): void {
    for (const since of this.#invalid)
      if (since !== undefined) this.invalidSteps = Math.max(this.invalidSteps, steps - since)
    for (const { since } of this.#stale.flat()) this.staleSteps = Math.max(this.staleSteps, steps - since)
  }

  #translation(entry: number): Omit<EntryState, 'page'> {
    const upper = this.#upper
    if (upper === 'invalid') return { access: 'none', block: false }
    if (typeof upper === 'object')
      return {
        access: upper.access,
        frame: this.#frames[this.#frames.indexOf(upper.block) + entry],
        block: true
      }
    const value = this.#table[entry]
    if (value === 'invalid') return { access: 'none', block: false }
    return { access: value.access, frame: value.frame, block: value.cont === true }
  }

  #doom(names: readonly string[] | undefined): void {
    this.#sequence.entries.forEach((name, entry) => {
      if (names !== undefined && !names.includes(name)) return
      for (const stale of this.#stale[entry]) if (stale.visible) stale.doomed = true
    })
  }

  #settle(completes: boolean, index: number): void {
    this.#stale.forEach((list, entry) => {
      for (const stale of list) stale.visible = true
      if (!completes) return
      for (const { since } of list.filter(({ doomed }) => doomed))
        this.staleSteps = Math.max(this.staleSteps, index - since)
      this.#stale[entry] = list.filter(({ doomed }) => !doomed)
    })
  }
}

function same(one: EntryState, two: EntryState): boolean {
  return one.access === two.access && one.frame === two.frame && one.block === two.block
}

/** The table of a sequence. */
export function sequenceTable(sequence: Sequence): SequenceTable {
  const run = new Run(sequence)
  const start = run.entries()
  const steps = sequence.steps.map((step, index) => run.take(step, index))
  run.end(sequence.steps.length)
  const count = (...kinds: readonly Step['do'][]): number =>
    sequence.steps.filter((step) => kinds.includes(step.do)).length
  const invalidated = sequence.steps.reduce(
    (sum, step) => (step.do === 'tlbi' ? sum + (step.entries?.length ?? sequence.entries.length) : sum),
    0
  )
  return {
    start,
    steps,
    cost: {
      stores: count('write entry', 'write upper'),
      tlbis: count('tlbi'),
      invalidated,
      dsbs: count('dsb'),
      copies: count('copy page'),
      allocated: count('allocate'),
      freed: count('free frame'),
      invalidSteps: run.invalidSteps,
      staleSteps: run.staleSteps
    }
  }
}
