import { describe, expect, it } from 'vitest'
import type { SequenceFinding, SequenceStepView } from '../../../protocol/explore'
import {
  cellText,
  cellWords,
  costRows,
  entryLabel,
  groupFindings,
  judgeSentence,
  LETTERS,
  progressText,
  stepVerdict
} from './words'

const finding = (
  verdict: SequenceFinding['verdict'],
  rule: string,
  entry?: string,
  text = 'why'
): SequenceFinding => ({
  verdict,
  rule,
  name: `name of ${rule}`,
  text,
  ...(entry === undefined ? {} : { entry })
})

const step = (...findings: SequenceFinding[]): SequenceStepView => ({
  text: 's',
  entries: [],
  changed: [],
  stale: [],
  findings
})

describe('cells', () => {
  it('say access and page by letters, no two states by the same', () => {
    expect(new Set(Object.values(LETTERS)).size).toBe(4)
    expect(cellText({ access: 'ro', page: 'new', frame: 'old0', block: false })).toBe('Rn')
    expect(cellText({ access: 'ro', page: 'old', frame: 'old1', block: false })).toBe('R')
    expect(cellText({ access: 'none', page: 'none', block: false })).toBe('·')
  })

  it('say the same in words, with the rule that they break', () => {
    const entry = { access: 'ro', page: 'new', frame: 'old0', block: true } as const
    const broken = [finding('violates', 'B2', 'tail1', 'the output address changes')]
    expect(cellWords('tail1', entry, { changed: true, stale: true, broken })).toBe(
      'tail1: read-only; new page old0, by a block; changed by this step; TLBs may hold an older translation; breaks B2 name of B2: the output address changes'
    )
    const none = { access: 'none', page: 'none', block: false } as const
    expect(cellWords('head', none, { changed: false, stale: false, broken: [] })).toBe('head: invalid')
  })

  it('are numbered as the pages of a hugetlb page', () => {
    const names = ['head', 'tail1', 'tail7', 'neighbour', 'second head', 'second tail2', 'own']
    expect(names.map(entryLabel)).toEqual(['0', '1', '7', 'n', '0″', '2″', '6'])
  })
})

describe('the judge', () => {
  it('shows the worst of a step', () => {
    expect(stepVerdict(step())).toBeUndefined()
    expect(stepVerdict(step(finding('meets', 'B5', 'head'), finding('meets', 'B5', 'tail1')))).toMatchObject({
      mark: '✓',
      rules: 'B5',
      words: 'keeps B5'
    })
    const all = step(
      finding('meets', 'B9'),
      finding('relies', 'K6'),
      finding('violates', 'B2'),
      finding('violates', 'K3')
    )
    expect(stepVerdict(all)).toMatchObject({ mark: '✗', rules: 'B2 K3', words: 'breaks B2, K3' })
  })

  it('says what is the same of several entries once', () => {
    const entries = ['head', 'tail1', 'tail2', 'tail3', 'tail5', 'neighbour']
    const groups = groupFindings([
      ...entries.map((entry) => finding('meets', 'B6', entry)),
      finding('relies', 'K6', 'head', 'a'),
      finding('relies', 'K6', 'head', 'b')
    ])
    expect(groups.map(({ head, text, entries: where }) => [head, text, where])).toEqual([
      ['relies on K6 (name of K6)', 'a', 'head'],
      ['relies on K6 (name of K6)', 'b', 'head'],
      ['keeps B6 (name of B6)', 'why', 'head, tail1 to tail3, tail5, neighbour']
    ])
  })

  it('sums up a sequence, leaving out that every TLBI needs its DSB', () => {
    expect(judgeSentence([step(finding('relies', 'B10'), finding('meets', 'B5'))])).toBe(
      'By itself it breaks no rule.'
    )
    expect(
      judgeSentence([
        step(finding('violates', 'B2', 'a')),
        step(finding('violates', 'B2', 'b'), finding('relies', 'K6'))
      ])
    ).toBe('By itself it breaks B2 name of B2; it relies on K6 name of K6.')
  })
})

describe('figures', () => {
  it('of two sides stand side by side, and of one that is not there yet are missing', () => {
    const cost = {
      stores: 8,
      tlbis: 1,
      invalidated: 8,
      dsbs: 2,
      copies: 1,
      allocated: 1,
      freed: 8,
      invalidSteps: 0,
      staleSteps: 10
    }
    const rows = costRows([cost, undefined])
    expect(rows.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.keys(cost)))
    expect(rows.find(({ id }) => id === 'freed')?.values).toEqual([8, undefined])
  })

  it('of a search name states, frontier, depth, transitions and states a second', () => {
    const progress = { states: 12_345, frontier: 33, depth: 9, transitions: 45_678, bytes: 1, elapsedMs: 100 }
    expect(progressText(progress)).toBe(
      '12,345 states, frontier 33, depth 9, 45,678 transitions, 123,450 states/s, 100 ms'
    )
    expect(progressText({ ...progress, elapsedMs: 0 })).toContain('– states/s')
  })
})
