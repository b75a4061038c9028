import { describe, expect, it } from 'vitest'
import { affinityList, line, median, percentile } from './measure.mjs'

describe('median', () => {
  it('is the middle value, or the mean of the two in the middle', () => {
    expect(median([10, 9, 100])).toBe(10)
    expect(median([4, 1, 3, 2])).toBe(2.5)
  })
})

describe('percentile', () => {
  it('takes the nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    expect(percentile(values, 0.95)).toBe(95)
    expect(percentile([7], 0.95)).toBe(7)
    expect(percentile([1, 2, 3], 1)).toBe(3)
  })
})

describe('line', () => {
  it('says whether the budget holds', () => {
    const figure = { what: 'cancel', value: 120.4, unit: 'ms', budget: 1000, runs: 5 }
    expect(line(figure)).toMatch(/120 ms {2}within 1000 ms \(median of 5\)$/)
    expect(line({ ...figure, value: 1001 })).toContain('OVER')
  })
})

describe('affinityList', () => {
  it('reads what taskset prints', () => {
    expect(affinityList("pid 7's current affinity list: 0,1\n")).toEqual([0, 1])
    expect(affinityList("pid 7's current affinity list: 2-4,8\n")).toEqual([2, 3, 4, 8])
    expect(affinityList("pid 7's current affinity list: 5\n")).toEqual([5])
    expect(affinityList('taskset: failed')).toBeUndefined()
  })
})
