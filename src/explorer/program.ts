/** A model compiled: micro-steps, who acts where, and the fields of its packed state. */
import type { Step } from '../engine/hugetlb/sequences/step'
import { FREE } from '../engine/hugetlb/sequences/step'
import { ModelError } from './error'
import { Layout } from './layout'
import type { Agent, Model } from './model'
import { CLEAN, RW, Values } from './values'

/** What the explorer fixes where a model leaves it open. */
export interface Fixed {
  readonly refcountChecks: 'reliable' | 'unordered'
  readonly sizeWithPermission: 'allowed' | 'forbidden'
  readonly readers: 'one word' | 'several words'
}

/** Which parts of the search are made smaller. All keep verdicts and the length of counterexamples. */
export interface Reductions {
  /** Walkers fill a TLB only at the last moment an old value can be seen (partial order). */
  readonly fills: boolean
  /** CPUs that do the same are interchangeable. */
  readonly symmetry: boolean
}

export const ALL_REDUCTIONS: Reductions = { fills: true, symmetry: true }

export const OP = {
  write: 0,
  upper: 1,
  tlbi: 2,
  dsbStores: 3,
  dsb: 4,
  copyBegin: 5,
  copyEnd: 6,
  reset: 7,
  allocate: 8,
  free: 9,
  rcu: 10,
  lock: 11,
  unlock: 12,
  stop: 13,
  start: 14,
  pause: 15,
  resume: 16,
  irqsOff: 17,
  irqsOn: 18,
  steer: 19,
  unsteer: 20,
  nothing: 21
} as const

/** One micro-step: nothing else comes between its parts. */
export interface Op {
  readonly kind: number
  /** Entry or frame. */
  readonly a: number
  /** Value, other frame, or 1 for a switch. */
  readonly b: number
  /** Value where dirty was gathered; 1 for an exchange is in `exchange`. */
  readonly c: number
  readonly exchange: boolean
  /** Which step of the sequence. */
  readonly step: number
}

export interface CompiledAgent {
  readonly agent: Agent
  readonly index: number
  readonly entries: readonly number[]
  /** Field that says through which of its entries (from 1) its one tracked store went, or -1. */
  readonly wrote: number
}

/** Each value of an entry that is gathered takes two bits of one field. */
const MAX_GATHERED_VALUES = 15

/** Upper values: 0 invalid, 1 table, 2 and up a wide translation. */
export const UPPER_TABLE = 1
export const UPPER_WIDE = 2

export class Program {
  readonly values: Values
  readonly ops: readonly Op[]
  readonly layout = new Layout()
  readonly agents: readonly CompiledAgent[]
  /** Refcount attempts that may be under way, by number from 1. */
  readonly attempts: readonly { readonly agent: number; readonly entry: number }[]
  /** Gathers that may be under way, by number from 1. */
  readonly gathers: readonly { readonly agent: number; readonly entry: number }[]
  readonly entries: number
  readonly frames: number
  readonly cpus: number
  /** Words before those of the CPUs, and words of each CPU. */
  readonly sharedWords: number
  readonly cpuWords: number
  readonly hasUpper: boolean
  readonly hasRefcount: boolean
  /** Contents by number; 0 is a page nobody has filled, 1 what a later owner wrote. */
  readonly contents: readonly string[]
  readonly headContents: number
  readonly resetOf: readonly number[]
  /** Entries that a walk itself may change: it sets the access flag. */
  readonly mutable: readonly boolean[]
  readonly watched: readonly boolean[]
  /** Tables of `values`, by entry, for the inner loops. */
  readonly count: readonly number[]
  readonly frameOf: readonly Int8Array[]
  readonly accessOf: readonly Int8Array[]
  readonly wideOf: readonly (readonly number[])[]
  readonly breach: readonly Int8Array[]
  readonly wideBreach: readonly Int8Array[]
  /** 1 for values that are dirty because hardware, or a store, made them so. */
  readonly made: readonly Int8Array[]
  /** What a store makes of a writable-clean value (itself for others); what a walk makes of AF=0. */
  readonly dirtied: readonly (readonly number[])[]
  readonly marked: readonly (readonly number[])[]
  readonly wides: number
  readonly hasClean: boolean
  /** Frames whose contents may change, and what the others hold. */
  readonly changes: readonly boolean[]
  readonly startContents: readonly number[]

  // Fields of the packed state.
  readonly pc: number
  readonly paused: number
  readonly irqsOff: number
  readonly locked: number
  readonly steered: number
  readonly gathered: number
  readonly upper: number
  readonly upperOlder: number
  /** By entry. */
  readonly current: readonly number[]
  readonly older: readonly number[]
  readonly changed: readonly number[]
  readonly issued: readonly number[]
  /** By frame. */
  readonly owner: readonly number[]
  readonly holds: readonly number[]
  readonly written: readonly number[]
  readonly disturbed: readonly number[]
  readonly partial: readonly number[]
  /** By CPU and entry; by CPU. */
  readonly slot: readonly number[]
  readonly doomed: readonly number[]
  readonly wide: readonly number[]
  readonly wideDoomed: readonly number[]
  readonly attempt: readonly number[]
  /** By CPU: the gather under way (from 1, of `gathers`), its next entry, what it has, and what was true meanwhile. */
  readonly gather: readonly number[]
  readonly gatherNext: readonly number[]
  readonly gatherFirst: readonly number[]
  readonly gatherDirty: readonly number[]
  readonly gatherSeen: readonly number[]

  constructor(
    readonly model: Model,
    readonly fixed: Fixed,
    readonly reductions: Reductions
  ) {
    const { sequence } = model
    this.values = new Values(model, fixed.sizeWithPermission)
    this.entries = sequence.entries.length
    this.cpus = model.cpus
    this.frames = this.values.frames.length
    this.ops = sequence.steps.flatMap((step, index) => this.#ops(step, index))
    this.hasUpper = sequence.upper !== undefined || this.ops.some(({ kind }) => kind === OP.upper)
    this.hasRefcount = model.agents.some(({ kind }) => kind === 'refcount')
    const named = [...new Set(Object.values(sequence.frames).filter((contents) => contents !== FREE))]
    this.contents = ['blank', 'foreign', ...named, ...named.map((name) => `${name}, reset`)]
    this.headContents = this.contents.indexOf('head')
    this.resetOf = this.contents.map((_, index) =>
      index >= 2 && index < 2 + named.length ? index + named.length : index
    )
    this.mutable = this.values.written.map((list) =>
      list.some((value) => value !== 'invalid' && value.accessed === false)
    )
    this.watched = sequence.entries.map((entry) => model.watch === undefined || model.watch.includes(entry))

    const { values } = this
    this.count = values.of.map((list) => list.length)
    this.frameOf = values.of.map((list) => Int8Array.from(list, ({ frame }) => frame))
    this.accessOf = values.of.map((list) => Int8Array.from(list, ({ access }) => access))
    this.wideOf = values.wideOf
    this.breach = values.breach
    this.wideBreach = values.wideBreach
    this.wides = values.wides.length
    this.hasClean = values.hasClean
    this.made = values.of.map((list) =>
      Int8Array.from(list, ({ access, frame }) => (frame >= 0 && access === RW ? 1 : 0))
    )
    this.dirtied = values.of.map((list, entry) =>
      list.map(({ access }, value) =>
        access === CLEAN ? values.variant(entry, value, { access: 'rw', accessed: true }) : value
      )
    )
    this.marked = values.of.map((list, entry) =>
      list.map(({ accessed }, value) => (accessed ? value : values.variant(entry, value, { accessed: true })))
    )
    this.startContents = Object.values(sequence.frames).map((name) =>
      name === FREE ? 0 : this.contents.indexOf(name)
    )

    const { layout } = this
    const has = (kind: number): boolean => this.ops.some((op) => op.kind === kind)
    const flag = (wanted: boolean): number => layout.add(wanted ? 2 : 1)
    this.pc = layout.add(this.ops.length + 1)
    this.paused = flag(has(OP.pause) || has(OP.stop))
    this.irqsOff = flag(has(OP.irqsOff) || has(OP.stop) || has(OP.lock))
    this.locked = flag(has(OP.lock))
    this.steered = flag(has(OP.steer))
    this.gathered = flag(this.values.hasClean)
    const writes = model.agents.some(({ kind, frozen }) => kind === 'writer' && !frozen)
    this.agents = model.agents.map((agent, index) => ({
      agent,
      index,
      entries: (agent.entries ?? []).map((name) => sequence.entries.indexOf(name)),
      wrote: agent.kind === 'writer' && !agent.frozen ? layout.add((agent.entries ?? []).length + 1) : -1
    }))
    const uppers = this.hasUpper ? UPPER_WIDE + this.values.wides.length : 1
    this.upper = layout.add(uppers)
    this.upperOlder = layout.addBits(has(OP.upper) ? uppers : 0)
    const each = <T>(count: number, make: (index: number) => T): T[] =>
      Array.from({ length: count }, (_, i) => make(i))
    const writesTo = (entry: number): boolean =>
      this.ops.some(({ kind, a }) => kind === OP.write && a === entry)
    const valuesOf = (entry: number): number => this.values.of[entry].length
    this.current = each(this.entries, (entry) => layout.add(valuesOf(entry)))
    this.older = each(this.entries, (entry) => layout.addBits(writesTo(entry) ? valuesOf(entry) : 0))
    this.changed = each(this.entries, () => flag(this.values.hasCont))
    this.issued = each(this.entries, () => flag(this.values.hasCont))
    const frees = (frame: number): boolean => this.ops.some(({ kind, a }) => kind === OP.free && a === frame)
    const fills = (frame: number): boolean =>
      this.ops.some(
        ({ kind, a, b }) =>
          (kind === OP.copyEnd && b === frame) || ((kind === OP.reset || kind === OP.allocate) && a === frame)
      )
    const allocates = model.agents.some(({ kind }) => kind === 'allocator')
    this.owner = each(this.frames, (frame) => layout.add(frees(frame) ? 3 : 1))
    this.changes = each(this.frames, (frame) => fills(frame) || (allocates && frees(frame)))
    this.holds = this.changes.map((changes) => layout.addBits(changes ? bitsFor(this.contents.length) : 0))
    this.written = each(this.frames, () => flag(writes))
    this.disturbed = each(this.frames, () => flag(this.hasRefcount))
    this.partial = each(this.frames, (frame) => flag(fills(frame)))
    layout.close()
    this.sharedWords = layout.words
    const [slot, doomed, wide, wideDoomed, attempt]: number[][] = [[], [], [], [], []]
    const invalidates = has(OP.tlbi)
    this.attempts = this.agents.flatMap(({ agent, index, entries: used }) =>
      agent.kind === 'refcount' ? used.map((entry) => ({ agent: index, entry })) : []
    )
    this.gathers = this.agents.flatMap(({ agent, index, entries: used }) =>
      agent.kind === 'gather' ? used.map((entry) => ({ agent: index, entry })) : []
    )
    const [gather, next, first, dirty, seen]: number[][] = [[], [], [], [], []]
    const gathers = this.gathers.length > 0
    const most = Math.max(...this.gathers.map(({ entry }) => valuesOf(entry)), 0)
    if (most > MAX_GATHERED_VALUES)
      throw new ModelError(
        `a gather's entry may take ${MAX_GATHERED_VALUES} values (with those that hardware makes); one takes ${most}`
      )
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      gather.push(layout.add(this.gathers.length + 1))
      next.push(layout.add(gathers ? this.entries : 1))
      first.push(layout.add(most))
      dirty.push(flag(gathers))
      seen.push(layout.addBits(most * 2))
      for (let entry = 0; entry < this.entries; entry++) {
        slot.push(layout.add(valuesOf(entry)))
        doomed.push(flag(invalidates))
      }
      const wides = this.values.wides.length
      wide.push(layout.add(wides + 1))
      wideDoomed.push(flag(invalidates && wides > 0))
      attempt.push(layout.add(this.attempts.length + 1))
      layout.close()
    }
    this.slot = slot
    this.doomed = doomed
    this.wide = wide
    this.wideDoomed = wideDoomed
    this.attempt = attempt
    this.gather = gather
    this.gatherNext = next
    this.gatherFirst = first
    this.gatherDirty = dirty
    this.gatherSeen = seen
    this.cpuWords = (layout.words - this.sharedWords) / this.cpus
  }

  #ops(step: Step, index: number): Op[] {
    const { sequence } = this.model
    const entry = (name: string): number => sequence.entries.indexOf(name)
    const frame = (name: string): number => this.values.frames.indexOf(name)
    const op = (kind: number, a = 0, b = 0, c = 0, exchange = false): Op => ({
      kind,
      a,
      b,
      c,
      exchange,
      step: index
    })
    switch (step.do) {
      case 'write entry': {
        const at = entry(step.entry)
        const value = this.values.valueOf(at, step.value)
        const clean = step.value !== 'invalid' && step.value.access === 'clean'
        const dirty =
          clean && step.dirty === 'gathered'
            ? this.values.variant(at, value, { access: 'rw', accessed: true })
            : value
        return [op(OP.write, at, value, dirty, step.how === 'exchange')]
      }
      case 'write upper': {
        const { value } = step
        const upper =
          value === 'invalid'
            ? 0
            : value === 'table'
              ? UPPER_TABLE
              : UPPER_WIDE + this.values.wideOfUpper(value)
        return [op(OP.upper, 0, upper)]
      }
      case 'tlbi': {
        const all = 2 ** this.entries - 1
        return [op(OP.tlbi, 0, step.entries?.reduce((set, name) => set | (1 << entry(name)), 0) ?? all)]
      }
      case 'dsb':
        return [op(step.domain === 'ishst' ? OP.dsbStores : OP.dsb)]
      case 'copy page':
        return [
          op(OP.copyBegin, frame(step.from), frame(step.to)),
          op(OP.copyEnd, frame(step.from), frame(step.to))
        ]
      case 'reset page':
        return [op(OP.reset, frame(step.frame))]
      case 'allocate':
        return [op(OP.allocate, frame(step.frame))]
      case 'free frame':
        return [op(OP.free, frame(step.frame))]
      case 'lock':
        return [op(OP.lock, 0, step.irqs === 'off' ? 1 : 0)]
      case 'unlock':
        return [
          op(OP.unlock, 0, sequence.steps.some((each) => each.do === 'lock' && each.irqs === 'off') ? 1 : 0)
        ]
      default:
        return [op(PLAIN[step.do])]
    }
  }
}

const bitsFor = (count: number): number => Math.ceil(Math.log2(count))

const PLAIN = {
  isb: OP.nothing,
  synchronize_rcu: OP.rcu,
  'begin stop_machine': OP.stop,
  'end stop_machine': OP.start,
  'pause remote CPUs': OP.pause,
  'resume remote CPUs': OP.resume,
  'irqs off': OP.irqsOff,
  'irqs on': OP.irqsOn,
  'steer readers': OP.steer,
  'stop steering': OP.unsteer
} as const
