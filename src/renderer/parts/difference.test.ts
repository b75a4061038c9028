import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { difference } from './difference'

describe('difference', () => {
  it.each([
    [55, 880, '×16', 'more'],
    [110, 368, '×3.3', 'more'],
    [0, 2, '+2', 'new'],
    [1, 3, '+2', 'more'],
    [4, 55, '×14', 'more'],
    [1.9, 7.4, '×3.9', 'more'],
    [16384, 0, '−16,384', 'less'],
    [16384, 1024, '÷16', 'less'],
    [100000, 105000, '+5%', 'more'],
    [1000, 1001, '+1', 'more'],
    [3912345.678, 4366457, '+11.6%', 'more'],
    [100, 63, '−37%', 'less'],
    [100, 94.8, '−5.2%', 'less'],
    [7, 7, '=', 'equal'],
    [undefined, 7, '–', 'missing'],
    [-2, 3, '+5', 'more']
  ] as const)('%s to %s is %s', (base, value, text, tone) =>
    expect(difference(base, value)).toMatchObject({ text, tone })
  )

  it('is as large one way as the other, and 0 only for equal values', () => {
    const positive = fc.double({ min: 1e-3, max: 1e12, noNaN: true })
    fc.assert(
      fc.property(positive, positive, (a, b) => {
        expect(difference(a, b).size).toBeCloseTo(difference(b, a).size, 9)
        expect(difference(a, b).size === 0).toBe(a === b || Math.log(a / b) === 0)
      })
    )
  })
})
