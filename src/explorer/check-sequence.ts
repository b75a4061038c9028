/** Whether a user's sequence is one, before it is compiled: names that exist, steps that are known. */
import {
  FREE,
  RULES,
  type PteValue,
  type Sequence,
  type Step,
  type UpperValue
} from '../engine/hugetlb/sequences/step'
import { ModelError } from './error'

export const MAX_ENTRIES = 16
export const MAX_STEPS = 250
export const MAX_FRAMES = 40

type Plain = Readonly<Record<string, unknown>>
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fields of every kind of step: the name of a frame, of an entry, or of something checked by itself. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  'write entry': ['entry', 'value', 'how', 'dirty'],
  'write upper': ['upper'],
  tlbi: ['entries'],
  dsb: ['domain'],
  isb: [],
  'copy page': ['from', 'to'],
  'reset page': ['frame'],
  allocate: ['frame'],
  'free frame': ['frame'],
  synchronize_rcu: [],
  lock: ['irqs'],
  unlock: [],
  'begin stop_machine': [],
  'end stop_machine': [],
  'pause remote CPUs': [],
  'resume remote CPUs': [],
  'irqs off': [],
  'irqs on': [],
  'steer readers': [],
  'stop steering': []
}

const ACCESS = ['rw', 'ro', 'clean']

class Checker {
  constructor(
    readonly entries: readonly string[],
    readonly frames: readonly string[]
  ) {}

  name(value: unknown, known: readonly string[], where: string): void {
    if (typeof value !== 'string' || !known.includes(value))
      throw new ModelError(`${where}: there is no '${String(value)}' (there are ${known.join(', ')})`)
  }

  pte(value: unknown, where: string): void {
    if (value === 'invalid') return
    if (!isPlain(value)) throw new ModelError(`${where} must be 'invalid' or { frame, access }`)
    this.name(value.frame, this.frames, `${where}.frame`)
    this.name(value.access, ACCESS, `${where}.access`)
  }

  upper(value: unknown, where: string): void {
    if (value === 'invalid' || value === 'table') return
    if (!isPlain(value)) throw new ModelError(`${where} must be 'table', 'invalid' or { block, access }`)
    this.name(value.block, this.frames, `${where}.block`)
    this.name(value.access, ACCESS, `${where}.access`)
    if (this.frames.indexOf(String(value.block)) + this.entries.length > this.frames.length)
      throw new ModelError(`${where}: the block needs a frame for each of its ${this.entries.length} entries`)
  }

  step(step: unknown, where: string): void {
    if (!isPlain(step) || typeof step.do !== 'string' || !(step.do in FIELDS))
      throw new ModelError(`${where}.do must be one of ${Object.keys(FIELDS).join(', ')}`)
    if (step.rule !== undefined) this.name(step.rule, Object.keys(RULES), `${where}.rule`)
    for (const field of FIELDS[step.do]) {
      const value = step[field]
      const at = `${where}.${field}`
      if (field === 'entry') this.name(value, this.entries, at)
      else if (field === 'frame' || field === 'from' || field === 'to') this.name(value, this.frames, at)
      else if (field === 'value') this.pte(value, at)
      else if (field === 'upper') this.upper(step.value, `${where}.value`)
      else if (field === 'entries' && value !== undefined) {
        if (!Array.isArray(value)) throw new ModelError(`${at} must be a list of entries`)
        for (const each of value as unknown[]) this.name(each, this.entries, at)
      } else if (value !== undefined) this.name(value, WORDS[field], at)
    }
  }
}

const WORDS: Readonly<Record<string, readonly string[]>> = {
  how: ['store', 'exchange'],
  dirty: ['gathered'],
  domain: ['ish', 'ishst'],
  irqs: ['on', 'off']
}

/**
 * The sequence a script wrote, checked.
 * @throws ModelError naming the step and the field
 */
export function checkSequence(given: Plain): Sequence {
  const { entries, frames, start, steps } = given
  const list = (value: unknown, what: string, most: number): readonly unknown[] => {
    if (!Array.isArray(value) || value.length === 0 || value.length > most)
      throw new ModelError(`sequence.${what} must be a list of 1 to ${most}`)
    return value as unknown[]
  }
  const entryNames = list(entries, 'entries', MAX_ENTRIES).map(String)
  if (new Set(entryNames).size !== entryNames.length)
    throw new ModelError('sequence.entries has a name twice')
  if (!isPlain(frames)) throw new ModelError('sequence.frames must be an object: name to contents')
  if (Object.keys(frames).length > MAX_FRAMES)
    throw new ModelError(`sequence.frames has more than ${MAX_FRAMES}`)
  for (const [name, contents] of Object.entries(frames))
    if (typeof contents !== 'string')
      throw new ModelError(`sequence.frames.${name} must say its contents, or '${FREE}'`)
  const checker = new Checker(entryNames, Object.keys(frames))
  if (!isPlain(start)) throw new ModelError('sequence.start must be an object: entry to value')
  for (const entry of entryNames) checker.pte(start[entry] ?? 'invalid', `sequence.start.${entry}`)
  if (given.upper !== undefined) checker.upper(given.upper, 'sequence.upper')
  list(steps, 'steps', MAX_STEPS).forEach((step, index) => checker.step(step, `sequence.steps[${index}]`))
  return {
    name: typeof given.name === 'string' ? given.name : 'own',
    title: typeof given.title === 'string' ? given.title : '',
    source: typeof given.source === 'string' ? given.source : '',
    entries: entryNames,
    frames: frames as Readonly<Record<string, string>>,
    start: Object.fromEntries(entryNames.map((entry) => [entry, (start[entry] ?? 'invalid') as PteValue])),
    upper: given.upper as UpperValue | undefined,
    settled: given.settled === true,
    steps: steps as readonly Step[]
  }
}
