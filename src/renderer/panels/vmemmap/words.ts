/** What the cells, verdicts and figures of the Vmemmap panel say. */
import type {
  ExploreHeld,
  ExploreProgress,
  SequenceCostView,
  SequenceEntry,
  SequenceFinding,
  SequenceStepView
} from '../../../protocol/explore'
import type { DifferenceRow } from '../../parts/DifferenceTable.vue'
import { count, formatMilliseconds, formatNumber } from '../../parts/format'

type Access = SequenceEntry['access']

/** The letter of an access: the grammar of all panels, and C for what only hardware may make writable. */
export const LETTERS: Readonly<Record<Access, string>> = { rw: 'W', clean: 'C', ro: 'R', none: '·' }

const WORDS: Readonly<Record<Access, string>> = {
  rw: 'writable',
  clean: 'writable-clean',
  ro: 'read-only',
  none: 'invalid'
}

/** The fill of a cell, as in every drawing of entries. */
export const FILLS: Readonly<Record<Access, string>> = {
  rw: 'writable',
  clean: 'writable',
  ro: 'read-only',
  none: 'none'
}

/** What a cell shows: the access, and `n` where another page than the first is mapped. */
export function cellText({ access, page }: SequenceEntry): string {
  return page === 'new' ? `${LETTERS[access]}n` : LETTERS[access]
}

/** The heading of an entry: its number in the hugetlb page's vmemmap, `n` for the neighbour. */
export function entryLabel(name: string, index: number): string {
  if (name === 'head') return '0'
  if (name === 'neighbour') return 'n'
  const tail = /^tail(\d)$/.exec(name)
  if (tail !== null) return tail[1]
  const second = /^second (head|tail(\d))$/.exec(name)
  return second === null ? String(index) : `${second[2] ?? '0'}″`
}

/** A cell in words: for tooltips and screen readers. */
export function cellWords(
  name: string,
  entry: SequenceEntry,
  { changed, stale, broken }: { changed: boolean; stale: boolean; broken: readonly SequenceFinding[] }
): string {
  const { access, frame, page, block } = entry
  const words = [`${name}: ${WORDS[access]}`]
  if (frame !== undefined) words.push(`${page} page ${frame}${block ? ', by a block' : ''}`)
  if (changed) words.push('changed by this step')
  if (stale) words.push('TLBs may hold an older translation')
  for (const { rule, name: ruleName, text } of broken) words.push(`breaks ${rule} ${ruleName}: ${text}`)
  return words.join('; ')
}

const RANK = { violates: 0, relies: 1, meets: 2 } as const
const MARKS = { violates: '✗', relies: '!', meets: '✓' } as const
const TONES = { violates: 'bad', relies: 'warn', meets: 'good' } as const
const VERBS = { violates: 'breaks', relies: 'relies on', meets: 'keeps' } as const

export interface StepVerdict {
  readonly mark: string
  readonly tone: string
  /** Rules of the worst verdict. */
  readonly rules: string
  readonly words: string
}

/** What the judge says of a step, the worst first; nothing where it has nothing to say. */
export function stepVerdict({ findings }: SequenceStepView): StepVerdict | undefined {
  const [worst] = [...findings].sort((a, b) => RANK[a.verdict] - RANK[b.verdict])
  if (worst === undefined) return undefined
  const { verdict } = worst
  const rules = [...new Set(findings.filter((each) => each.verdict === verdict).map(({ rule }) => rule))]
  return {
    mark: MARKS[verdict],
    tone: TONES[verdict],
    rules: rules.join(' '),
    words: `${VERBS[verdict]} ${rules.join(', ')}`
  }
}

export interface GroupedFinding {
  readonly mark: string
  readonly tone: string
  /** `breaks B2 (RWHZWS)`. */
  readonly head: string
  readonly text: string
  readonly entries: string
}

/** Findings of a step, those that say the same of several entries as one, the worst first. */
export function groupFindings(findings: readonly SequenceFinding[]): readonly GroupedFinding[] {
  const groups = new Map<string, { finding: SequenceFinding; entries: string[] }>()
  for (const finding of findings) {
    const key = [finding.verdict, finding.rule, finding.text].join('\n')
    const group = groups.get(key) ?? { finding, entries: [] }
    if (finding.entry !== undefined && !group.entries.includes(finding.entry))
      group.entries.push(finding.entry)
    groups.set(key, group)
  }
  return [...groups.values()]
    .sort((a, b) => RANK[a.finding.verdict] - RANK[b.finding.verdict])
    .map(({ finding: { verdict, rule, name, text }, entries }) => ({
      mark: MARKS[verdict],
      tone: TONES[verdict],
      head: `${VERBS[verdict]} ${rule} (${name})`,
      text,
      entries: runs(entries)
    }))
}

/** `head, tail1 to tail7`. */
function runs(names: readonly string[]): string {
  const parts: string[][] = []
  for (const name of names) {
    const last = parts.at(-1)
    const number = Number(/^tail(\d)$/.exec(name)?.[1] ?? Number.NaN)
    if (last !== undefined && last.at(-1) === `tail${number - 1}`) last.push(name)
    else parts.push([name])
  }
  return parts.map((part) => (part.length > 2 ? `${part[0]} to ${part.at(-1)}` : part.join(', '))).join(', ')
}

/** The judge over the whole sequence, in one sentence. */
export function judgeSentence(steps: readonly SequenceStepView[]): string {
  const rules = (verdict: SequenceFinding['verdict']): string[] => [
    ...new Set(
      steps.flatMap(({ findings }) =>
        findings.flatMap((each) => (each.verdict === verdict ? [`${each.rule} ${each.name}`] : []))
      )
    )
  ]
  const broken = rules('violates')
  const relied = rules('relies').filter((rule) => rule.startsWith('K'))
  const on = relied.length === 0 ? '' : `; it relies on ${relied.join(', ')}`
  return broken.length === 0
    ? `By itself it breaks no rule${on}.`
    : `By itself it breaks ${broken.join(', ')}${on}.`
}

const COST: readonly (readonly [keyof SequenceCostView, string, string])[] = [
  ['stores', 'stores to entries', 'Stores and exchanges to page-table entries.'],
  ['tlbis', 'TLBIs', 'Broadcast invalidations, one a run of entries.'],
  ['invalidated', 'entries they name', 'Instructions, where there is no TLBI by range.'],
  ['dsbs', 'DSBs', 'Barriers: ISHST before a TLBI, ISH after it.'],
  ['copies', 'pages copied', 'Pages of struct pages copied through the linear map.'],
  [
    'invalidSteps',
    'window: entry invalid, steps',
    'Most steps from the one that makes an entry invalid to the one that makes it valid again: whoever uses it meanwhile faults (H1).'
  ],
  [
    'staleSteps',
    'window: CPUs may disagree, steps',
    'Most steps from a change of an entry to the DSB after which no TLB has the old one (H10).'
  ],
  ['allocated', 'pages allocated', 'Pages taken from the allocator.'],
  ['freed', 'pages freed', 'Pages given back to the allocator.']
]

/** Figures of one or two sequences; a side that is not there yet has none. */
export function costRows(costs: readonly (SequenceCostView | undefined)[]): readonly DifferenceRow[] {
  return COST.map(([id, label, doc]) => ({ id, label, doc, values: costs.map((cost) => cost?.[id]) }))
}

/** States a second, from the first on. */
function rate({ states, elapsedMs }: ExploreProgress): string {
  return elapsedMs < 1 ? '–' : formatNumber(Math.round((states / elapsedMs) * 1000))
}

/** `12,345 states, frontier 33, depth 9, 45,678 transitions, 1,200,000 states/s, 1.2 s`. */
export function progressText(progress: ExploreProgress): string {
  const { states, frontier, transitions, depth, elapsedMs } = progress
  return [
    count(states, 'state'),
    `frontier ${formatNumber(frontier)}`,
    `depth ${formatNumber(depth)}`,
    count(transitions, 'transition'),
    `${rate(progress)} states/s`,
    formatMilliseconds(elapsedMs)
  ].join(', ')
}

/** A translation a TLB holds, in words. */
export function heldWords({ entry, text, stale, pending }: ExploreHeld): string {
  const state = stale ? 'stale: the tables say otherwise' : 'agrees with the tables'
  return `${entry ?? 'the whole range'}: ${text}, ${state}${pending ? ', a TLBI waits for its DSB' : ''}`
}
