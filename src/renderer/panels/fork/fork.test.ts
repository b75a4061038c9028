import { describe, expect, it } from 'vitest'
import { sampleFork, sampleRun } from '../../dev/sample'
import { cellOf, defaultChoice, validChoice, type SweepCell } from '../../step/choice'
import { batchesText, counterRows, recordedRows, shownText, summaryRows } from './figures'
import { entryTable } from './table'

const CELLS: SweepCell[] = ['no-contpte', 'contpte-unbatched', 'contpte-v2'].flatMap((kernel, k) =>
  [1, 8].map((cpus, c) => ({ index: k * 2 + c, parameters: { kernel, cpus }, forks: 1 }))
)

describe('what stands side by side', () => {
  it('is two kernels with all else equal', () => {
    const choice = defaultChoice(CELLS)
    expect(choice).toEqual({
      by: 'kernel',
      left: 'contpte-v2',
      right: 'contpte-unbatched',
      shared: { cpus: 1 }
    })
    expect([cellOf(choice, 'left', CELLS)?.index, cellOf(choice, 'right', CELLS)?.index]).toEqual([4, 2])
  })

  it('is the first varying parameter where no kernel was swept', () => {
    const cells = CELLS.filter(({ parameters }) => parameters.kernel === 'contpte-v2')
    expect(defaultChoice(cells)).toMatchObject({ by: 'cpus', left: 8, right: 1, shared: {} })
  })

  it('is one column where there is one cell', () => {
    const choice = defaultChoice(CELLS.slice(0, 1))
    expect(cellOf(choice, 'left', CELLS)?.index).toBe(0)
    expect(cellOf(choice, 'right', CELLS)).toBeUndefined()
  })

  it('keeps what was chosen while it exists, and replaces what does not', () => {
    const asked = { by: 'kernel', left: 'no-contpte', right: 'gone', shared: { cpus: 8 } }
    expect(validChoice(asked, CELLS)).toEqual({ ...asked, right: 'contpte-unbatched' })
    expect(validChoice({ by: 'gone', shared: {} }, CELLS)).toEqual(defaultChoice(CELLS))
  })

  it('finds no cell for a combination the sweep left out', () => {
    const holes = CELLS.filter(({ index }) => index !== 4)
    expect(cellOf({ by: 'kernel', left: 'contpte-v2', shared: { cpus: 1 } }, 'left', holes)).toBeUndefined()
  })
})

describe('figures', () => {
  const batched = sampleFork('contpte-v2', false)
  const unbatched = sampleFork('contpte-unbatched', false)

  it('say the batches in the fewest words', () => {
    expect(batchesText(batched)).toBe('16,384 batches of 16')
    expect(batchesText({ ...batched, counters: {}, batches: [5, 1, 10] })).toBe('batches of 5, 1, 10')
    expect(batchesText({ ...batched, batches: [] })).toBe('nothing copied')
    const mixed = [...Array<number>(20).fill(16), 5]
    expect(batchesText({ ...batched, counters: {}, batches: mixed })).toBe('21 batches: 20 of 16, 1 of 5')
  })

  it('count what either side did, zero where a side did nothing, unknown where there is no side', () => {
    const sparse = { ...batched, counters: { write: 5 } }
    const rows = counterRows([sparse, unbatched], { unfold: 'Unfolds.', write: 'Stores.' })
    expect(rows[0]).toMatchObject({
      id: 'unfold',
      label: 'unfolds',
      doc: 'unfold: Unfolds.',
      values: [0, 16384]
    })
    expect(counterRows([batched, undefined], {})[0].values[1]).toBeUndefined()
  })

  it('sum whole regions, and no child before the fork', () => {
    const before = summaryRows([batched, unbatched], 'before')
    expect(before.map(({ id }) => id)).toEqual([
      'parent present',
      'parent writable',
      'parent readOnly',
      'parent foldedBlocks'
    ])
    const child = summaryRows([batched], 'after').find(({ id }) => id === 'child foldedBlocks')
    expect(child?.values).toEqual([16384])
  })

  it('list what the cells recorded, without counters', () => {
    const run = sampleRun()
    const of = (cell: number) =>
      run.rows.filter(({ parameters }) => parameters === run.rows[0].parameters || cell < 0)
    expect(recordedRows([of(0), undefined]).map(({ id, values }) => [id, values[1]])).toEqual([
      ['fork', undefined]
    ])
  })

  it('say when only a part of a region is drawn', () => {
    expect(shownText(batched.child[0])).toBe('first 1,024 of 262,144')
    expect(shownText(sampleFork('contpte-v2', true).child[0])).toBe('64 entries')
  })
})

it('tables the same entries as the drawing, sides next to each other', () => {
  const [left] = sampleFork('contpte-v2', true).parentAfter
  const [right] = sampleFork('no-contpte', true).parentAfter
  const table = entryTable([
    { name: 'contpte-v2', view: left },
    { name: 'no-contpte', view: right }
  ])
  expect(table.rows).toHaveLength(64)
  expect(table.rows[0].slice(0, 4)).toEqual([
    0,
    '0xffff80000000',
    'differ',
    'read-only, dirty, young, contiguous'
  ])
  expect(table.rows[21].slice(2, 6)).toEqual(['same', 'none', '0x0000000000000000', undefined])
  expect(table.rows.every((row) => row.length === table.columns.length)).toBe(true)
})
