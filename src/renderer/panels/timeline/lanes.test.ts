import { expect, it } from 'vitest'
import { heightOf, rowsOf, type LaneSide } from './lanes'

/** A side of one CPU with spans nested this deep. */
function side(depth: number): LaneSide {
  const spans = Array.from({ length: depth }, (_, at) => ({ depth: at }))
  const cpus = [{ machine: 0, cpu: 0 }]
  return { lanes: { lanes: [{ ...cpus[0], spans }] }, cpus, machines: 1 }
}

const depths = (sides: LaneSide[], room?: number) => rowsOf(sides, room).map(({ depth }) => depth)

it('draws up to four rows of spans, the second group below the first', () => {
  const [first, second] = rowsOf([side(6), side(2)])
  expect([first.depth, second.depth]).toEqual([4, 2])
  expect(second.top).toBeGreaterThanOrEqual(first.top + first.height)
})

it('shows fewer rows of spans so that both groups are in sight', () => {
  const two = [side(6), side(6)]
  const whole = heightOf(rowsOf(two))
  expect(depths(two, whole)).toEqual([4, 4])
  expect(depths(two, whole - 1)).toEqual([3, 3])
  for (let room = whole; depths(two, room)[0] < 4 || room === whole; room -= 8)
    expect(heightOf(rowsOf(two, room))).toBeLessThanOrEqual(room)
})

it('scrolls where even one row each does not fit, and where there is one group only', () => {
  expect(depths([side(6), side(6)], 60)).toEqual([4, 4])
  expect(depths([side(6)], 60)).toEqual([4])
})
