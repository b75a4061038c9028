import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { fit, pressKey, selectedTable, selectOne, type Selection } from './selection'

const SIZE = { rows: 100, columns: 4, page: 10 }
const press = (key: string, modifiers: { shift?: boolean; mod?: boolean } = {}) => ({
  key,
  shift: false,
  mod: false,
  ...modifiers
})
const at = (row: number, column: number) => selectOne({ row, column })

describe('pressKey', () => {
  it('enters the grid at its first cell', () =>
    expect(pressKey(undefined, press('ArrowDown'), SIZE)).toEqual(at(0, 0)))
  it('climbs into the header and no further', () => {
    expect(pressKey(at(0, 1), press('ArrowUp'), SIZE)).toEqual(at(-1, 1))
    expect(pressKey(at(-1, 1), press('ArrowUp'), SIZE)).toEqual(at(-1, 1))
  })
  it('extends with Shift, but not into the header', () => {
    const grown = pressKey(at(0, 0), press('ArrowRight', { shift: true }), SIZE)
    expect(grown).toEqual({ anchor: { row: 0, column: 0 }, active: { row: 0, column: 1 } })
    expect(pressKey(grown, press('ArrowUp', { shift: true }), SIZE)?.active.row).toBe(0)
  })
  it('chooses everything with Mod+A', () =>
    expect(pressKey(undefined, press('a', { mod: true }), SIZE)?.active).toEqual({ row: 99, column: 3 }))
  it('leaves other keys alone', () => expect(pressKey(at(0, 0), press('x'), SIZE)).toBeUndefined())

  it('never leaves the grid', () => {
    const keys = fc.constantFrom(
      'ArrowUp',
      'ArrowDown',
      'ArrowLeft',
      'ArrowRight',
      'PageUp',
      'PageDown',
      'Home',
      'End',
      'a'
    )
    const presses = fc.array(fc.record({ key: keys, shift: fc.boolean(), mod: fc.boolean() }), {
      maxLength: 30
    })
    fc.assert(
      fc.property(presses, fc.nat(20), fc.integer({ min: 1, max: 5 }), (all, rows, columns) => {
        const size = { rows, columns, page: 3 }
        let selection: Selection | undefined
        for (const one of all) selection = pressKey(selection, one, size) ?? selection
        if (!selection) return
        for (const place of [selection.anchor, selection.active]) {
          expect(place.row).toBeGreaterThanOrEqual(-1)
          expect(place.row).toBeLessThan(Math.max(rows, 1))
          expect(place.column).toBeGreaterThanOrEqual(0)
          expect(place.column).toBeLessThan(columns)
        }
      })
    )
  })
})

it('copies the rectangle, a header its whole column, and nothing chosen the whole table', () => {
  const table = {
    columns: ['a', 'b'].map((id) => ({ id, title: id, kind: 'value' as const })),
    rows: [
      [1, 2],
      [3, 4]
    ]
  }
  expect(selectedTable(table, at(1, 1)).rows).toEqual([[4]])
  expect(selectedTable(table, at(-1, 0)).rows).toEqual([[1], [3]])
  expect(selectedTable(table, undefined)).toBe(table)
})

it('keeps a selection inside a table that shrank', () => {
  expect(fit(at(50, 3), { rows: 2, columns: 2, page: 1 })).toEqual(at(1, 1))
})
