import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { Row } from '../../../protocol/results'
import { arrange, counterRows, rowBehind, splitRows, withoutCounters } from './pivot'

const row = (parameters: Row['parameters'], metric: string, value: number, unit = 'ns'): Row => ({
  parameters,
  metric,
  value,
  unit
})

const ROWS = [
  row({ kernel: 'no-contpte', cpus: 1 }, 'fork', 100),
  row({ kernel: 'no-contpte', cpus: 1 }, 'counter.unfold', 0, '1'),
  row({ kernel: 'no-contpte', cpus: 8 }, 'fork', 200),
  row({ kernel: 'contpte-v2', cpus: 1 }, 'fork', 105),
  row({ kernel: 'contpte-v2', cpus: 8 }, 'fork', 3200),
  row({}, 'worst error', 2.1, 'points')
]

describe('arrange', () => {
  it('keeps every recorded value on a line of its own when metrics are rows', () => {
    const table = arrange(splitRows(ROWS).cells, { metrics: 'rows' })
    expect(table.columns.map(({ title }) => title)).toEqual(['kernel', 'cpus', 'metric', 'value', 'unit'])
    expect(table.rows[1]).toEqual(['no-contpte', 1, 'counter.unfold', 0, '1'])
    expect(table.rows).toHaveLength(5)
  })

  it('gives one line a cell when metrics are columns, with empty places where nothing was recorded', () => {
    const table = arrange(splitRows(ROWS).cells, { metrics: 'columns' })
    expect(table.columns.map(({ title, unit }) => [title, unit])).toEqual([
      ['kernel', undefined],
      ['cpus', undefined],
      ['fork', 'ns'],
      ['counter.unfold', undefined]
    ])
    expect(table.rows).toEqual([
      ['no-contpte', 1, 100, 0],
      ['no-contpte', 8, 200, undefined],
      ['contpte-v2', 1, 105, undefined],
      ['contpte-v2', 8, 3200, undefined]
    ])
  })

  it('puts kernels side by side with their difference', () => {
    const rows = withoutCounters(splitRows(ROWS).cells)
    const table = arrange(rows, { metrics: 'columns', across: 'kernel', differences: true })
    expect(table.columns.map(({ title }) => title)).toEqual([
      'cpus',
      'no-contpte',
      'contpte-v2',
      'contpte-v2 vs no-contpte'
    ])
    expect(table.rows[1].slice(0, 3)).toEqual([8, 200, 3200])
    expect(table.rows[1][3]).toMatchObject({ text: '×16', tone: 'more' })
  })

  it('takes as many lines as a metric was recorded times in one cell', () => {
    const table = arrange([row({ cpus: 1 }, 'a', 1), row({ cpus: 1 }, 'a', 2), row({ cpus: 1 }, 'b', 3)], {
      metrics: 'columns'
    })
    expect(table.rows).toEqual([
      [1, 1, 3],
      [1, 2, undefined]
    ])
  })

  it('does not name a unit that values of one metric do not share', () => {
    const table = arrange([row({ cpus: 1 }, 'a', 1, 'ns'), row({ cpus: 2 }, 'a', 2, 'us')], {
      metrics: 'columns'
    })
    expect(table.columns[1].unit).toBeUndefined()
  })

  it('tells the text "8" and the number 8 apart', () => {
    const table = arrange([row({ n: 8 }, 'a', 1), row({ n: '8' }, 'a', 2)], { metrics: 'columns' })
    expect(table.rows).toEqual([
      [8, 1],
      ['8', 2]
    ])
  })

  it('loses no value in any arrangement', () => {
    const rows = fc.array(
      fc.record({
        parameters: fc.record({ kernel: fc.constantFrom('a', 'b'), cpus: fc.constantFrom(1, 2, 8) }),
        metric: fc.constantFrom('fork', 'exit', '__proto__'),
        value: fc.double({ noNaN: true }),
        unit: fc.constantFrom('ns', '1')
      }),
      { maxLength: 40 }
    )
    const metrics = fc.constantFrom<'rows' | 'columns'>('rows', 'columns')
    fc.assert(
      fc.property(
        rows,
        metrics,
        fc.constantFrom(undefined, 'kernel', 'cpus', 'missing'),
        (all, as, across) => {
          const table = arrange(all, { metrics: as, across })
          const at = table.columns.flatMap((column, index) => (column.kind === 'value' ? [index] : []))
          const found = table.rows.flatMap((line) =>
            at.map((index) => line[index]).filter((value) => value !== undefined)
          )
          expect(found.map(Number).sort()).toEqual(all.map(({ value }) => value).sort())
          expect(table.rows.every((line) => line.length === table.columns.length)).toBe(true)
        }
      )
    )
  })
})

it("tells counters and conclusions from the cells' own rows", () => {
  expect(counterRows(ROWS)).toBe(1)
  expect(splitRows(ROWS).conclusions).toEqual([ROWS[5]])
})

describe('the row behind a cell', () => {
  const rows: Row[] = [
    { parameters: { kernel: 'a', cpus: 1 }, metric: 'fork', value: 7, unit: 'ns' },
    { parameters: { kernel: 'b', cpus: 1 }, metric: 'fork', value: 9, unit: 'ns' }
  ]
  it('is found where a parameter is spread over columns', () => {
    const table = arrange(rows, { metrics: 'columns', across: 'kernel', differences: false })
    const column = table.columns.findLastIndex(({ kind }) => kind === 'value')
    expect(rowBehind(rows, table, 0, column, 'kernel')).toBe(rows[1])
  })
  it('is found where metrics are lines', () => {
    const table = arrange(rows, { metrics: 'rows', across: undefined, differences: false })
    expect(rowBehind(rows, table, 1, 0, '')).toBe(rows[1])
  })
})
