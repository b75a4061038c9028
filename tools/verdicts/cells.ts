/** One cell of the verdict matrix: a sequence, a configuration, one actor. */
import { BBM_LEVELS, type BbmLevel, type ContentRule } from '../../src/engine/arch/bbm'
import { SEQUENCE_NAMES, sequenceOf } from '../../src/engine/hugetlb/sequences'
import { Explorer } from '../../src/explorer/explore'
import { modelOf, type ModelDefinition } from '../../src/explorer/model'
import { counterexample, type Counterexample } from '../../src/explorer/replay'
import { PROPERTIES, VIOLATIONS } from '../../src/explorer/violation'
import { ACTORS, type Actor } from './reference'

export interface Cell {
  readonly verdict: 'safe' | 'unsafe' | 'open'
  /** Hazards of everything that can go wrong, in all branches. */
  readonly hazards: readonly string[]
  /** Of an open one. */
  readonly decides: readonly string[]
  readonly states: number
  readonly shortest?: Counterexample
}

/** A sequence with switches of its own, as a row of the matrix. */
export interface Subject {
  readonly name: string
  readonly sequence: string
  readonly rest: Partial<ModelDefinition>
}

const plain = (name: string): Subject => ({ name, sequence: name, rest: {} })

/** Every sequence, and those that need a handler or no rule beside them. */
export const SUBJECTS: readonly Subject[] = SEQUENCE_NAMES.flatMap((name): Subject[] => {
  const here = plain(name)
  const handled: Subject = {
    name: `${name}, faults handled`,
    sequence: name,
    rest: { assume: { faults: 'handled' } }
  }
  const x86: Subject = { name: `${name} on x86-64`, sequence: name, rest: { architecture: 'x86-64' } }
  if (name === 'S1' || name === 'S1b') return [here, handled]
  return name === 'S0' || name === 'S0-freed-early' ? [here, x86] : [here]
})

const AGENT = {
  R: { kind: 'reader' },
  T: { kind: 'refcount' },
  'H frozen': { kind: 'writer', frozen: true },
  'H not frozen': { kind: 'writer' },
  N: { kind: 'writer' }
} as const

/** Entries the actor uses, of those that the sequence has. */
function entriesOf(sequence: string, actor: Actor): string[] {
  const { entries } = sequenceOf(sequence, 1)!
  if (actor === 'N') return entries.filter((name) => name === 'neighbour')
  return entries.filter((name) => (actor === 'R' || actor === 'T' ? name.includes('tail') : name === 'head'))
}

/** Explores one cell; undefined where the sequence has nothing for the actor. */
export function cell(subject: Subject, bbm: BbmLevel, content: ContentRule, actor: Actor): Cell | undefined {
  const entries = entriesOf(subject.sequence, actor)
  if (entries.length === 0) return undefined
  const model = modelOf({
    title: subject.name,
    sequence: subject.sequence,
    bbm,
    content,
    agents: [{ ...AGENT[actor], entries }, { kind: 'allocator' }],
    watch: entries,
    ...(actor === 'T' ? { properties: ONE_WORD } : {}),
    ...subject.rest
  })
  const { verdict, states, decides, branch, found, branches } = new Explorer(model, undefined, true).run()
  if (verdict === 'undecided') throw new Error(`${subject.name}: the bounds are too small`)
  const hazards = branches.flatMap(({ search }) =>
    search.found.map(({ code }) => VIOLATIONS[code].hazard ?? VIOLATIONS[code].property)
  )
  return {
    verdict: verdict === 'counterexample' ? 'unsafe' : verdict,
    hazards: [...new Set(hazards)].sort(),
    decides,
    states,
    ...(found === undefined ? {} : { shortest: counterexample(branch.search, found) })
  }
}

/** A refcount attempt needs one word, which is 0 in old and new page: what else they hold is R's affair. */
const ONE_WORD = PROPERTIES.filter((property) => property !== 'contents')

export interface Row {
  readonly levels: readonly BbmLevel[]
  readonly contents: readonly ContentRule[]
  readonly cells: Readonly<Record<string, Cell | undefined>>
}

const sameCells = (one: Row['cells'], two: Row['cells']): boolean =>
  ACTORS.every((actor) => {
    const [a, b] = [one[actor], two[actor]]
    const steps = (each: Cell | undefined): string =>
      JSON.stringify(each?.shortest?.steps.map(({ text }) => text))
    return a?.verdict === b?.verdict && a?.hazards.join() === b?.hazards.join() && steps(a) === steps(b)
  })

/** All rows of a subject; configurations in which every cell is the same share one. */
export function rowsOf(subject: Subject): Row[] {
  const rows: { levels: BbmLevel[]; contents: ContentRule[]; cells: Row['cells'] }[] = []
  for (const content of ['strict', 'ignored'] as const) {
    const mine: typeof rows = []
    for (const level of BBM_LEVELS) {
      const cells = Object.fromEntries(ACTORS.map((actor) => [actor, cell(subject, level, content, actor)]))
      const same = mine.find((row) => sameCells(row.cells, cells))
      if (same === undefined) mine.push({ levels: [level], contents: [content], cells })
      else same.levels.push(level)
    }
    for (const row of mine) {
      const same = rows.find(
        (other) => other.levels.join() === row.levels.join() && sameCells(other.cells, row.cells)
      )
      if (same === undefined) rows.push(row)
      else same.contents.push(content)
    }
  }
  return rows
}
