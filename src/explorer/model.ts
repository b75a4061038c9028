/**
 * A model: one sequence on one CPU, and who else may act meanwhile. Plain data: scripts write it, the
 * explorer compiles it. What hardware may always do (walk and cache any valid entry at any moment,
 * evict, obey a TLBI late, update access flag and dirty state) is in every model and not listed.
 */
import { BBM_LEVELS, type BbmLevel, type ContentRule } from '../engine/arch/bbm'
import { SEQUENCE_NAMES, inTurn, sequenceOf } from '../engine/hugetlb/sequences'
import type { Sequence } from '../engine/hugetlb/sequences/step'
import { checkSequence } from './check-sequence'
import { ModelError } from './error'
import { PROPERTIES, type Property } from './violation'

/** Somebody else: acts any number of times, between any two steps. */
export type AgentKind =
  /** Loads through the entries (R). */
  | 'reader'
  /** Stores through the entries: takes and drops references (H, N). */
  | 'writer'
  /** Tries a refcount: checks by a load, then an atomic (T). */
  | 'refcount'
  /** Hands freed frames to somebody who fills them. */
  | 'allocator'
  /** Reads the entries themselves without the lock, one load at a time, and gathers dirty (ptep_get_lockless). */
  | 'gather'

export interface Agent {
  readonly kind: AgentKind
  /** Entries it uses. */
  readonly entries?: readonly string[]
  /** On the other CPUs, in interrupts on the updating one, or both. Default `both`. */
  readonly on?: 'remote' | 'interrupt' | 'both'
  /** Of a writer: the refcount is 0 meanwhile, so that it makes no access (rule K1). */
  readonly frozen?: boolean
  /** It runs at EL0: what faults is served by mm and is no harm. */
  readonly user?: boolean
  /** Of a gather: it takes the entries as they come, and does not begin anew where they do not agree. */
  readonly unchecked?: boolean
}

/** What thread and manual leave undetermined, as switches. `open` asks for both answers. */
export interface Assumptions {
  /**
   * `reliable`: a refcount attempt that starts after the refcount was frozen makes no atomic, because
   * the fake-head and refcount checks are ordered (hvo.md 2.4). `unordered`: it may (H6, 6.4 no. 3).
   */
  readonly refcountChecks: 'reliable' | 'unordered' | 'open'
  /** Size and permission in one store at FEAT_BBM level 2 (6.4 no. 1). */
  readonly sizeWithPermission: 'allowed' | 'forbidden' | 'open'
  /** Whether a reader needs more than one word of a page at a time (H12). */
  readonly readers: 'one word' | 'several words' | 'open'
  /** Whether the kernel's fault handler waits for the updater's lock and tries again (S1). */
  readonly faults: 'forbidden' | 'handled'
}

export interface Model {
  readonly title: string
  readonly claim?: string
  readonly source?: string
  readonly sequence: Sequence
  readonly agents: readonly Agent[]
  /** 2 to 4; the first one updates. */
  readonly cpus: number
  readonly bbm: BbmLevel
  readonly content: ContentRule
  /** `x86-64` has no break-before-make rule. */
  readonly architecture: 'arm64' | 'x86-64'
  readonly assume: Assumptions
  /** Entries whose harm counts. Default: all. */
  readonly watch?: readonly string[]
  readonly properties: readonly Property[]
  /** States before the search gives up. */
  readonly maxStates: number
}

/** What a script hands to `model({...})`. */
export interface ModelDefinition extends Partial<Omit<Model, 'sequence' | 'assume' | 'title'>> {
  readonly title: string
  /** Names of known sequences, in turn, or one of the script's own. */
  readonly sequence: string | readonly string[] | Sequence
  /** Of known sequences: pages after the head's. Default 1. */
  readonly tails?: number
  readonly assume?: Partial<Assumptions>
}

export const DEFAULT_ASSUMPTIONS: Assumptions = {
  refcountChecks: 'open',
  sizeWithPermission: 'open',
  readers: 'one word',
  faults: 'forbidden'
}

const CHOICES: { readonly [K in keyof Assumptions]: readonly Assumptions[K][] } = {
  refcountChecks: ['reliable', 'unordered', 'open'],
  sizeWithPermission: ['allowed', 'forbidden', 'open'],
  readers: ['one word', 'several words', 'open'],
  faults: ['forbidden', 'handled']
}

const DEFAULT_STATES = 10_000_000
export const MAX_CPUS = 4

type Plain = Readonly<Record<string, unknown>>
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function oneOf<T>(value: unknown, allowed: readonly T[], where: string, otherwise: T): T {
  if (value === undefined) return otherwise
  const found = allowed.find((each) => each === value)
  if (found === undefined)
    throw new ModelError(`${where} is ${JSON.stringify(value)}; it may be ${allowed.map(String).join(', ')}`)
  return found
}

function whole(value: unknown, where: string, least: number, most: number, otherwise: number): number {
  if (value === undefined) return otherwise
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new ModelError(`${where} must be a whole number from ${least} to ${most}`)
}

function text(value: unknown, where: string): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw new ModelError(`${where} must be a string`)
}

function names(value: unknown, known: readonly string[], where: string): readonly string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw new ModelError(`${where} must be a list of names`)
  for (const name of value as unknown[])
    if (!known.includes(String(name)))
      throw new ModelError(`${where}: there is no '${String(name)}' (there are ${known.join(', ')})`)
  return value.map(String)
}

function sequence(given: unknown, tails: number): Sequence {
  if (isPlain(given)) return checkSequence(given)
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  const found = list.map((name) => {
    const known = sequenceOf(String(name), tails)
    if (known === undefined)
      throw new ModelError(
        `sequence: there is no '${String(name)}' (there are ${SEQUENCE_NAMES.join(', ')}), and it is none of its own`
      )
    return known
  })
  if (found.length === 0) throw new ModelError('sequence: an empty list')
  return found.reduce(inTurn)
}

function agent(value: unknown, index: number, entries: readonly string[]): Agent {
  const where = `agents[${index}]`
  if (!isPlain(value)) throw new ModelError(`${where} must be an object`)
  const kind = oneOf<AgentKind | undefined>(
    value.kind,
    ['reader', 'writer', 'refcount', 'allocator', 'gather'],
    `${where}.kind`,
    undefined
  )
  if (kind === undefined) throw new ModelError(`${where}.kind is missing`)
  const used = names(value.entries, entries, `${where}.entries`)
  if (kind !== 'allocator' && (used === undefined || used.length === 0))
    throw new ModelError(`${where}.entries must name at least one entry`)
  return {
    kind,
    entries: used ?? [],
    on: oneOf(value.on, ['remote', 'interrupt', 'both'], `${where}.on`, 'both'),
    frozen: oneOf(value.frozen, [true, false], `${where}.frozen`, false),
    user: oneOf(value.user, [true, false], `${where}.user`, false),
    unchecked: oneOf(value.unchecked, [true, false], `${where}.unchecked`, false)
  }
}

/**
 * The model that a definition stands for, defaults filled in.
 *
 * @throws ModelError naming the field
 */
export function modelOf(definition: unknown): Model {
  if (!isPlain(definition)) throw new ModelError('model takes an object with at least title and sequence')
  const title = text(definition.title, 'title')
  if (title === undefined || title.trim() === '') throw new ModelError('title must say something')
  const given = sequence(definition.sequence, whole(definition.tails, 'tails', 1, 7, 1))
  const list = definition.agents ?? []
  if (!Array.isArray(list)) throw new ModelError('agents must be a list')
  const assumed = definition.assume ?? {}
  if (!isPlain(assumed)) throw new ModelError('assume must be an object')
  for (const name of Object.keys(assumed))
    if (!(name in CHOICES)) throw new ModelError(`assume: there is no '${name}'`)
  const switchOf = <K extends keyof Assumptions>(name: K): Assumptions[K] =>
    oneOf<Assumptions[K]>(assumed[name], CHOICES[name], `assume.${name}`, DEFAULT_ASSUMPTIONS[name])
  return {
    title,
    claim: text(definition.claim, 'claim'),
    source: text(definition.source, 'source'),
    sequence: given,
    agents: list.map((each: unknown, index) => agent(each, index, given.entries)),
    cpus: whole(definition.cpus, 'cpus', 2, MAX_CPUS, 2),
    bbm: oneOf(definition.bbm, BBM_LEVELS, 'bbm', 0),
    content: oneOf(definition.content, ['strict', 'ignored'], 'content', 'strict'),
    architecture: oneOf(definition.architecture, ['arm64', 'x86-64'], 'architecture', 'arm64'),
    assume: {
      refcountChecks: switchOf('refcountChecks'),
      sizeWithPermission: switchOf('sizeWithPermission'),
      readers: switchOf('readers'),
      faults: switchOf('faults')
    },
    watch: names(definition.watch, given.entries, 'watch'),
    properties: (names(definition.properties, PROPERTIES, 'properties') as readonly Property[]) ?? PROPERTIES,
    maxStates: whole(definition.maxStates, 'maxStates', 1, 2 ** 26, DEFAULT_STATES)
  }
}
