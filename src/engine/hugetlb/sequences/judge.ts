/**
 * The judge: for every step of a sequence, which Arm or kernel rule it keeps or breaks, in words. It
 * follows one CPU only and asks what TLBs may hold at each step (everything that was visible to walkers
 * since the last TLBI that a DSB completed); what other CPUs make of it is the explorer's affair.
 */
import { breakBeforeMake, type BbmConditions, type Mapping } from '../../arch/bbm'
import { VALID } from '../../arch/descriptor'
import { blockMapping, mappingOf } from './mapping'
import { RULES, type RuleId, type Sequence, type Step } from './step'

/** The configuration a sequence is judged under. */
export type JudgeConditions = Omit<BbmConditions, 'sameContents'>

export interface Finding {
  /** Index of the step. */
  readonly step: number
  /** `relies`: kept only if somebody else keeps what the step names. */
  readonly verdict: 'meets' | 'violates' | 'relies'
  readonly rule: RuleId
  /** The rule's own name. */
  readonly name: string
  readonly text: string
  readonly entry?: string
}

/** What TLBs may hold of one entry. */
interface Held {
  /** In the tables now; undefined where nothing leads to it. */
  current: Mapping | undefined
  /** Values that were replaced and not yet flushed. */
  stale: Mapping[]
  /** Of the stale ones: not yet hidden from walkers by a DSB. */
  visible: Mapping[]
  /** Of the stale ones: gone with the next DSB ISH. */
  doomed: Mapping[]
}

class Judge {
  readonly findings: Finding[] = []
  readonly #sequence: Sequence
  readonly #conditions: JudgeConditions
  readonly #held = new Map<string, Held>()
  /** Entries as the table has them, reachable or not. */
  readonly #table = new Map<string, Mapping>()
  readonly #contents: Map<string, string>
  readonly #frames: readonly string[]
  #upper: Sequence['upper']
  #guards = new Set<RuleId>()
  #step = 0

  constructor(sequence: Sequence, conditions: JudgeConditions) {
    this.#sequence = sequence
    this.#conditions = conditions
    this.#frames = Object.keys(sequence.frames)
    this.#contents = new Map(Object.entries(sequence.frames))
    this.#upper = sequence.upper ?? 'table'
    sequence.entries.forEach((entry, index) => {
      this.#table.set(entry, mappingOf(sequence, sequence.start[entry]))
      this.#held.set(entry, { current: this.#reached(entry, index), stale: [], visible: [], doomed: [] })
    })
  }

  judge(): readonly Finding[] {
    this.#sequence.steps.forEach((step, index) => {
      this.#step = index
      this.#take(step)
    })
    return this.findings
  }

  #reached(entry: string, index: number): Mapping | undefined {
    const upper = this.#upper
    if (upper === 'invalid') return undefined
    const mapping =
      typeof upper === 'object' ? blockMapping(this.#sequence, upper, index) : this.#table.get(entry)!
    return (mapping.attr & VALID) === 0 ? undefined : mapping
  }

  #say(verdict: Finding['verdict'], rule: RuleId, text: string, entry?: string): void {
    const { name } = RULES[rule]
    this.findings.push({
      step: this.#step,
      verdict,
      rule,
      name,
      text,
      ...(entry === undefined ? {} : { entry })
    })
  }

  #take(step: Step): void {
    switch (step.do) {
      case 'write entry':
        this.#table.set(step.entry, mappingOf(this.#sequence, step.value))
        return this.#changed([step.entry])
      case 'write upper':
        this.#upper = step.value
        return this.#changed(this.#sequence.entries)
      case 'tlbi':
        return this.#tlbi(step.entries ?? this.#sequence.entries)
      case 'dsb':
        return this.#dsb(step.domain !== 'ishst')
      case 'copy page':
        this.#contents.set(step.to, this.#contents.get(step.from)!)
        return this.#say('meets', 'K7', `${step.to} now holds what ${step.from} does`)
      case 'reset page':
        this.#contents.set(step.frame, `${this.#contents.get(step.frame)}, reset`)
        return this.#say('meets', 'K7', `${step.frame} differs from now on`)
      case 'allocate':
        return void this.#contents.set(step.frame, 'blank')
      case 'free frame':
        return this.#free(step.frame)
      case 'synchronize_rcu':
        return this.#say('meets', 'K2', 'refcount attempts that began before have ended')
      default:
        return this.#guard(step)
    }
  }

  /** Steps that keep others away for a while. */
  #guard(step: Step): void {
    const begins: Partial<Record<Step['do'], readonly RuleId[]>> = {
      'begin stop_machine': ['K4', 'K5'],
      'pause remote CPUs': ['K4'],
      'irqs off': ['K5'],
      'steer readers': ['K8'],
      lock: step.do === 'lock' && step.irqs === 'off' ? ['K6', 'K5'] : ['K6']
    }
    const ends: Partial<Record<Step['do'], readonly RuleId[]>> = {
      'end stop_machine': ['K4', 'K5'],
      'resume remote CPUs': ['K4'],
      'irqs on': ['K5'],
      'stop steering': ['K8'],
      unlock: ['K6', 'K5']
    }
    for (const rule of begins[step.do] ?? []) {
      this.#guards.add(rule)
      this.#say('relies', rule, RULES[rule].text)
    }
    for (const rule of ends[step.do] ?? []) this.#guards.delete(rule)
  }

  #changed(entries: readonly string[]): void {
    for (const entry of entries) {
      const held = this.#held.get(entry)!
      const before = held.current
      const next = this.#reached(entry, this.#sequence.entries.indexOf(entry))
      if (before === undefined && next === undefined) continue
      if (next === undefined) this.#broken(entry)
      else this.#replaced(entry, held, next)
      if (before !== undefined) {
        held.stale.push(before)
        held.visible.push(before)
      }
      held.current = next
    }
  }

  #broken(entry: string): void {
    this.#say('meets', 'B6', 'the entry is invalid first', entry)
    const kept = (['K4', 'K5', 'K6', 'K8'] as const).filter((rule) => this.#guards.has(rule))
    if (kept.includes('K4') && kept.includes('K5')) this.#say('meets', 'K4', 'nobody finds it invalid', entry)
    else if (kept.length > 0)
      this.#say('relies', kept[0], `whoever finds it invalid: ${RULES[kept[0]].text}`, entry)
    else this.#say('violates', 'K4', 'whoever uses it now faults in the kernel', entry)
  }

  #replaced(entry: string, held: Held, next: Mapping): void {
    const live = held.current === undefined ? held.stale : [held.current, ...held.stale]
    const breaches = live.flatMap((old) =>
      breakBeforeMake(old, next, { ...this.#conditions, sameContents: this.#same(old, next) })
    )
    for (const { rule, text } of breaches) this.#say('violates', rule, text, entry)
    if (breaches.length > 0) return
    const [old] = live
    if (old === undefined) return this.#say('meets', 'B9', 'no TLB holds the entry', entry)
    if (old.pages !== next.pages)
      return this.#say(
        'meets',
        'B3',
        `FEAT_BBM level ${this.#conditions.level} allows the change of size`,
        entry
      )
    if (old.pfn !== next.pfn)
      return this.#say(
        'meets',
        'B2',
        'old and new are read-only, and the contents are the same or do not count',
        entry
      )
    this.#say('meets', 'B5', 'only the permission changes', entry)
  }

  #same(one: Mapping, two: Mapping): boolean {
    return this.#contents.get(this.#frames[one.pfn]) === this.#contents.get(this.#frames[two.pfn])
  }

  #tlbi(entries: readonly string[]): void {
    for (const entry of entries) {
      const held = this.#held.get(entry)!
      held.doomed = held.stale.filter((mapping) => !held.visible.includes(mapping))
      if (held.visible.length > 0)
        this.#say('violates', 'B10', 'walkers may still see the old value: no DSB since the store', entry)
    }
    this.#say('relies', 'B10', 'complete with the next DSB ISH')
  }

  #dsb(completes: boolean): void {
    for (const held of this.#held.values()) {
      held.visible = []
      if (!completes) continue
      held.stale = held.stale.filter((mapping) => !held.doomed.includes(mapping))
      held.doomed = []
    }
  }

  #free(frame: string): void {
    const pfn = this.#frames.indexOf(frame)
    const users = this.#sequence.entries.filter((entry) => {
      const { current, stale } = this.#held.get(entry)!
      return current?.pfn === pfn || stale.some((mapping) => mapping.pfn === pfn)
    })
    if (users.length === 0) return this.#say('meets', 'K3', `no TLB translates to ${frame}`)
    for (const entry of users) this.#say('violates', 'K3', `${frame} may still be translated to`, entry)
  }
}

/**
 * Judges a sequence under one configuration.
 *
 * @returns findings in the order of the steps; steps without one rely on nothing
 */
export function judgeSequence(sequence: Sequence, conditions: JudgeConditions): readonly Finding[] {
  return new Judge(sequence, conditions).judge()
}
