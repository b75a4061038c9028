import { describe, expect, it } from 'vitest'
import { difference } from '../difference'
import type { Table } from './table'
import { displayText, filterRows, hideColumns, nextSort, rawText, sortRows } from './view'

const TABLE: Table = {
  columns: [
    { id: 'kernel', title: 'kernel', kind: 'parameter' },
    { id: 'cpus', title: 'cpus', kind: 'parameter' },
    { id: 'fork', title: 'fork', kind: 'value', unit: 'ns' }
  ],
  rows: [
    ['contpte-v2', 8, 12345.678],
    ['no-contpte', 16, undefined],
    ['no-contpte', 1, -2]
  ]
}

describe('sortRows', () => {
  it('orders numbers as numbers and leaves empty values last either way', () => {
    const up = sortRows(TABLE, { column: 'fork', direction: 'ascending' })
    const down = sortRows(TABLE, { column: 'fork', direction: 'descending' })
    expect(up.rows.map((row) => row[2])).toEqual([-2, 12345.678, undefined])
    expect(down.rows.map((row) => row[2])).toEqual([12345.678, -2, undefined])
  })

  it('orders differences by size, whatever their direction', () => {
    const table: Table = {
      columns: [{ id: 'd', title: 'd', kind: 'difference' }],
      rows: [[difference(10, 20)], [difference(160, 10)], [difference(5, 5)]]
    }
    const texts = sortRows(table, { column: 'd', direction: 'descending' }).rows.map((row) =>
      displayText(row[0])
    )
    expect(texts).toEqual(['÷16', '×2', '='])
  })

  it('keeps equal lines in their order', () => {
    const rows = sortRows(TABLE, { column: 'kernel', direction: 'ascending' }).rows
    expect(rows.map((row) => row[1])).toEqual([8, 16, 1])
  })

  it('goes round: ascending, descending, as recorded', () => {
    const first = nextSort(undefined, 'a')
    expect([first, nextSort(first, 'a'), nextSort(nextSort(first, 'a'), 'a')]).toEqual([
      { column: 'a', direction: 'ascending' },
      { column: 'a', direction: 'descending' },
      undefined
    ])
  })
})

describe('filterRows', () => {
  const matching = (filter: string) => filterRows(TABLE, filter).rows.map((row) => row[1])
  it.each([
    ['', [8, 16, 1]],
    ['no-cont', [16, 1]],
    ['kernel:v2', [8]],
    ['cpus>1', [8, 16]],
    ['cpus>1 no-', [16]],
    ['cpus=1', [1]],
    ['12,345', [8]],
    ['fork>=12,345', [8]],
    ['nothing:like', []]
  ])('%j keeps %j', (filter, kept) => expect(matching(filter)).toEqual(kept))
})

it('shows separators, copies none', () => {
  expect(displayText(1234567)).toBe('1,234,567')
  expect(rawText(1234567)).toBe('1234567')
  expect(displayText(-5.25)).toBe('−5.25')
})

it('hides columns by id', () => {
  const table = hideColumns(TABLE, new Set(['cpus']))
  expect(table.columns.map(({ id }) => id)).toEqual(['kernel', 'fork'])
  expect(table.rows[0]).toEqual(['contpte-v2', 12345.678])
})
