import { describe, expect, it } from 'vitest'
import {
  freedSentence,
  gatherSentence,
  invalidationSentence,
  neighbourWords,
  pageWords,
  reasonSentence,
  spanSentence,
  storeSentence,
  tlbWords,
  walkWords
} from './words'

const entry = { walk: 'fault', neighbours: true, held: [], pfn: 4096, givenUp: false } as const
const block = {
  vpn: 0,
  entries: [entry],
  valid: 3,
  contiguous: 3,
  translations: [],
  invalidation: { removes: 1, comesBack: true },
  stores: { marker: true, valid: false },
  safe: true,
  rule: 'case-b',
  why: ''
} as const
const gather = { runs: [], pages: 18, folios: 1, slots: 18, capacity: 9698, freedFolios: 0, freedPages: 0 }

describe('words of the Teardown panel', () => {
  it('say of each index what another CPU finds there', () => {
    expect(walkWords(entry).words).toBe('faults (case A)')
    expect(walkWords({ ...entry, walk: 'block' })).toEqual({
      letter: 'B',
      words: 'may give the whole block (case B)'
    })
    expect(neighbourWords(entry).letter).toBe('B')
    expect(neighbourWords({ ...entry, neighbours: false }).letter).toBe('·')
    expect([
      tlbWords(entry),
      tlbWords({ ...entry, held: [1, 1] }),
      tlbWords({ ...entry, held: [0, 1] })
    ]).toEqual([
      { letter: '·', words: 'no TLB' },
      { letter: '1', words: 'CPU 1' },
      { letter: '+', words: 'CPU 0, 1' }
    ])
    expect(pageWords({ ...entry, givenUp: true }).words).toBe('frame 4,096, given up')
  })

  it('speak of cleared entries only while something is torn down', () => {
    const why = 'Case B: a walk of a remaining entry may map the whole block again.'
    const span = { kind: 'exit', from: 1, to: 2 } as const
    expect(reasonSentence({ ...block, why }, { span } as never)).toBe(why)
    expect(reasonSentence({ ...block, why }, {})).toMatch(/^A walk of a valid entry/)
    expect(reasonSentence({ ...block, rule: 'case-a', why }, {})).not.toMatch(/cleared/)
    expect(reasonSentence({ ...block, rule: 'given-up', why }, {})).toBe(why)
  })

  it('say what a TLBI, a store and a flush would do', () => {
    expect(invalidationSentence(block)).toBe(
      'A broadcast TLBI, from whichever CPU, would remove 1 translation; the next walk of a remaining entry may form the block again.'
    )
    expect(storeSentence(block)).toMatch(/a valid entry may not/)
    expect(gatherSentence(gather)).toBe(
      'The gather holds 18 pages in 18 of 9,698 slots; its flush frees 1 folio.'
    )
    expect(gatherSentence({ ...gather, pages: 0 })).toBe('The gather holds nothing.')
    expect(freedSentence({ ...gather, freedFolios: 2, freedPages: 32 })).toBe(
      'Freed so far: 2 folios, 32 pages.'
    )
    expect(spanSentence({ pid: 3, span: { kind: 'exit', from: 1, to: 2 } } as never)).toMatch(/nothing runs/)
  })
})
