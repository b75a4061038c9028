import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { cellKey } from './cell-key'
import { narrow, product, type Space } from './sweep'

const spaces = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,4}$/),
  fc.uniqueArray(fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 3 })), {
    minLength: 1,
    maxLength: 4
  }),
  { minKeys: 0, maxKeys: 4, noNullPrototype: true }
)

describe('a sweep', () => {
  it('is the product, the last name fastest', () => {
    expect(product({ b: [1, 2], a: ['x', 'y'] }).map((cell) => [cell.b, cell.a])).toEqual([
      [1, 'x'],
      [1, 'y'],
      [2, 'x'],
      [2, 'y']
    ])
    expect(product({})).toEqual([{}])
  })
  it('has as many different cells as the product of the counts', () => {
    fc.assert(
      fc.property(spaces, (space) => {
        const cells = product(space)
        expect(cells).toHaveLength(Object.values(space).reduce((size, values) => size * values.length, 1))
        expect(new Set(cells.map((cell) => cellKey('', cell, 1))).size).toBe(cells.length)
      })
    )
  })
  it('narrowed to all of its values is itself, in any order of the wish', () => {
    fc.assert(
      fc.property(spaces, (space: Space) => {
        const reversed = Object.fromEntries(
          Object.entries(space).map(([name, values]) => [name, [...values].reverse()])
        )
        expect(narrow(space, reversed)).toEqual(space)
      })
    )
  })
  it('takes the texts of a command line', () => {
    expect(narrow({ cpus: [1, 8, 16], on: [true, false] }, { cpus: ['16', '1'], on: ['true'] })).toEqual({
      cpus: [1, 16],
      on: [true]
    })
  })
  it('never runs everything because of a wish for nothing', () => {
    expect(() => narrow({ cpus: [1] }, { cpus: [] })).toThrow("no value is among the values of 'cpus'")
    expect(() => narrow({ cpus: [1] }, { constructor: [1] })).toThrow("unknown parameter 'constructor'")
  })
})

describe("a cell's key", () => {
  it('changes with script, parameters and seed, and with nothing else', () => {
    const key = cellKey('text', { a: 1, b: 'x' }, 1)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    expect(cellKey('text', { b: 'x', a: 1 }, 1)).toBe(key)
    for (const other of [
      cellKey('text ', { a: 1, b: 'x' }, 1),
      cellKey('text', { a: '1', b: 'x' }, 1),
      cellKey('text', { a: 1, b: 'x' }, 2)
    ]) {
      expect(other).not.toBe(key)
    }
  })
})
