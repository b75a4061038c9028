import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leastSquares } from './fit'

describe('leastSquares', () => {
  it('finds the line through points with noise: normal equations by hand', () => {
    // y = a + b x through (0,1) (1,3) (2,4) (3,4): b = (4*23-6*12)/(4*14-36) = 1, a = (12-6)/4 = 1.5.
    const points = [
      [0, 1],
      [1, 3],
      [2, 4],
      [3, 4]
    ]
    const [a, b] = leastSquares({
      start: [0, 0],
      atLeast: [-100, -100],
      residuals: ([a, b]) => points.map(([x, y]) => a + b * x - y)
    })
    expect(a).toBeCloseTo(1.5, 9)
    expect(b).toBeCloseTo(1, 9)
  })

  it('finds the parameters of a curve again', () => {
    const level = fc.double({ min: 0.5, max: 50, noNaN: true })
    fc.assert(
      fc.property(level, level, (p, q) => {
        const curve = (x: number, a: number, b: number) => 1 / (1 + a / (1 + x)) + b * x
        const xs = [0, 1, 2, 5, 9]
        const found = leastSquares({
          start: [1, 1],
          atLeast: [0, 0],
          residuals: ([a, b]) => xs.map((x) => curve(x, a, b) - curve(x, p, q))
        })
        expect(found[0] / p).toBeCloseTo(1, 3)
        expect(found[1] / q).toBeCloseTo(1, 3)
      })
    )
  })

  it('holds a parameter at its bound and fits the others there', () => {
    // Without the bound the minimum is (-1, 3); at a = 0 the best b is 2.5.
    const found = leastSquares({
      start: [5, 5],
      atLeast: [0, 0],
      residuals: ([a, b]) => [a + b - 2, b - 3]
    })
    expect(found[0]).toBe(0)
    expect(found[1]).toBeCloseTo(2.5, 9)
  })

  it('says when the data cannot tell two parameters apart', () => {
    expect(() =>
      leastSquares({ start: [1, 1], atLeast: [0, 0], residuals: ([a]) => [a - 3, 2 * a - 1] })
    ).toThrow(/cannot be told apart/)
  })
})
