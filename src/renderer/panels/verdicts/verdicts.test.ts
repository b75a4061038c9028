import { describe, expect, it } from 'vitest'
import type { Expectation, Parameters } from '../../../protocol/results'
import { gatherVerdicts, overallSentence, readable } from './verdicts'

const CELLS: Parameters[] = ['no-contpte', 'contpte-unbatched', 'contpte-v2'].flatMap((kernel) =>
  [1, 8, 16].map((cpus) => ({ kernel, cpus }))
)
const expectation = (
  parameters: Parameters,
  expected: string,
  found: string,
  name = 'unfolds by fork'
): Expectation => ({
  name,
  parameters,
  status: expected === found ? 'pass' : 'fail',
  expected,
  found,
  at: 'fork.ts:12:5'
})
const UNFOLDS = CELLS.map((cell) => {
  const expected = cell.kernel === 'contpte-unbatched' ? '16384' : '0'
  return expectation(cell, expected, expected)
})

describe('gatherVerdicts', () => {
  it('gathers cells in which the same was expected and found, and says which they are', () => {
    const [verdict] = gatherVerdicts(UNFOLDS, CELLS)
    expect(verdict).toMatchObject({ status: 'pass', passed: 9, failed: 0, where: 'every cell' })
    expect(verdict.findings.map(({ where, expected, times }) => [where, expected, times])).toEqual([
      ['kernel no-contpte and contpte-v2', '0', 6],
      ['kernel contpte-unbatched', '16384', 3]
    ])
  })

  it('names the failing cells alone, and puts what does not hold first', () => {
    const broken = [...UNFOLDS.slice(0, 8), expectation(CELLS[8], '0', '3')]
    const verdicts = gatherVerdicts([expectation({}, '1', '1', 'first by appearance'), ...broken], CELLS)
    expect(verdicts.map(({ name, status }) => [name, status])).toEqual([
      ['unfolds by fork', 'fail'],
      ['first by appearance', 'pass']
    ])
    expect(verdicts[0]).toMatchObject({ passed: 8, failed: 1, where: 'kernel contpte-v2, cpus 16' })
    expect(verdicts[0].findings[0]).toMatchObject({ status: 'fail', expected: '0', found: '3' })
    expect(verdicts[1].where).toBe('all cells together')
  })

  it('names cells that are no product of values in parts', () => {
    const where = (picked: readonly number[]) =>
      gatherVerdicts(
        picked.map((index) => expectation(CELLS[index], '0', '0')),
        CELLS
      )[0].where
    expect(where([0, 4])).toBe('kernel no-contpte, cpus 1; kernel contpte-unbatched, cpus 8')
    expect(where([0, 1, 2, 3, 4])).toBe('kernel no-contpte; kernel contpte-unbatched, cpus 1 and 8')
  })
})

it.each([
  [UNFOLDS, 'All 9 expectations hold in 9 cells'],
  [[expectation(CELLS[0], '0', '3')], 'The one expectation does not hold in 9 cells']
])('says the whole in one sentence', (all, sentence) => expect(overallSentence(all, CELLS)).toBe(sentence))

it.each([
  ['-11.356596958146481', '-11.3566'],
  ['-10.4 ± 3', '-10.4 ± 3'],
  ['262144', '262144'],
  ['1.23456789e-7', '1.23456789e-7'],
  ['[0.30000000000000004, 5]', '[0.3, 5]'],
  ["'1.2.3'", "'1.2.3'"]
])('cuts long fractions: %s to %s', (text, shown) => expect(readable(text)).toBe(shown))
