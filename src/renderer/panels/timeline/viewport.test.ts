import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import {
  clamp,
  fit,
  fromPixel,
  pan,
  reveal,
  snap,
  ticks,
  toPixel,
  wholeOf,
  zoomAt,
  type Axis
} from './viewport'

const axis = fc.constantFrom<Axis>('event', 'time')
const whole = wholeOf('event', 1_000_000, 0)
const view = fc
  .tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 1e-6, max: 1, noNaN: true }))
  .map(([at, share]) => ({ from: at * 1e6, to: at * 1e6 + share * 1e6 }))

describe('a view of the trace', () => {
  test.prop([view, axis])('never leaves the whole', (wanted, kind) => {
    const { from, to } = clamp(wanted, whole, kind)
    expect(from).toBeGreaterThanOrEqual(whole.from)
    expect(to).toBeLessThanOrEqual(whole.to + 1e-6)
    expect(to).toBeGreaterThan(from)
  })
  it('keeps the point under the pointer where it is when zooming', () => {
    const before = { from: 1000, to: 2000 }
    const point = fromPixel(before, 800, 200)
    const after = zoomAt(before, whole, 'event', 200 / 800, 0.5)
    expect(toPixel(after, 800, point)).toBeCloseTo(200, 6)
    expect(after.to - after.from).toBeCloseTo(500, 6)
  })
  it('pans by a share of its width, and stops at the end', () => {
    expect(pan({ from: 100, to: 200 }, whole, 'event', 0.25)).toEqual({ from: 125, to: 225 })
    expect(pan({ from: 999_900, to: 1_000_000 }, whole, 'event', 0.5).to).toBe(1_000_000.5)
  })
  it('is filled for more than half by the shortest event that is fitted', () => {
    const event = { from: 499_999.5, to: 500_000.5 }
    const fitted = fit(event, whole, 'event')
    expect((event.to - event.from) / (fitted.to - fitted.from)).toBeGreaterThan(0.5)
  })
  it('moves only when the point is out of sight', () => {
    const now = { from: 100, to: 200 }
    expect(reveal(now, whole, 'event', 150)).toBe(now)
    expect(reveal(now, whole, 'event', 900)).toEqual({ from: 850, to: 950 })
  })
})

describe('measuring', () => {
  const now = { from: 0, to: 100 }
  it('snaps to the border of an event that is near', () => {
    expect(snap(now, 1000, 503, [50, 80])).toBe(50)
  })
  it('takes the nearest of two', () => {
    expect(snap(now, 1000, 506, [50, 51])).toBe(51)
  })
  it('stays where it is far from all', () => {
    expect(snap(now, 1000, 600, [50, 80])).toBe(60)
  })
})

test.prop([view, fc.integer({ min: 50, max: 3000 })])('a ruler has room for its texts', (range, width) => {
  const at = ticks(range, width)
  for (let index = 1; index < at.length; index++)
    expect(toPixel(range, width, at[index]) - toPixel(range, width, at[index - 1])).toBeGreaterThanOrEqual(89)
})
