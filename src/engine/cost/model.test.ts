import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { COUNTER_NAMES, type CounterName } from '../trace/counters'
import { simulatedTime, type MachineCosts } from './model'

const ns = (value: number) => ({ ns: value, source: 'test' })
const counted = (counts: Partial<Record<CounterName, number>>) =>
  Float64Array.from(COUNTER_NAMES, (name) => counts[name] ?? 0)
const profile: MachineCosts = {
  costs: { read: ns(2), write: ns(3) },
  dvm: { tlbi: ns(10), dsbIsh: ns(5) }
}

describe('simulatedTime', () => {
  it('adds the costs of what was counted', () => {
    expect(simulatedTime(counted({ read: 4, write: 5, fault: 99 }), profile, 1)).toEqual({
      timeNs: 23,
      localNs: 23,
      dvmNs: 0,
      dvmDemandNs: 0
    })
  })

  it('lets one CPU pay for its broadcasts once', () => {
    expect(simulatedTime(counted({ read: 10, tlbi: 16, dsbIsh: 1 }), profile, 1)).toEqual({
      timeNs: 185,
      localNs: 20,
      dvmNs: 165,
      dvmDemandNs: 165
    })
  })

  it('makes CPUs wait for each other at the shared server only', () => {
    const local = counted({ read: 1000 })
    expect(simulatedTime(local, profile, 32).timeNs).toBe(simulatedTime(local, profile, 1).timeNs)
    const broadcast = counted({ read: 1000, tlbi: 100 })
    expect(simulatedTime(broadcast, profile, 32).timeNs).toBeGreaterThan(31_000)
  })

  it('never gets cheaper by counting more', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: COUNTER_NAMES.length, maxLength: COUNTER_NAMES.length }),
        fc.nat(COUNTER_NAMES.length - 1),
        fc.integer({ min: 1, max: 64 }),
        (counts, slot, cpus) => {
          const less = simulatedTime(Float64Array.from(counts), profile, cpus).timeNs
          const more = simulatedTime(
            Float64Array.from(counts, (value, index) => value + (index === slot ? 1 : 0)),
            profile,
            cpus
          ).timeNs
          expect(more * (1 + 1e-12)).toBeGreaterThanOrEqual(less)
        }
      )
    )
  })

  it('refuses a vector of another length and no CPUs', () => {
    expect(() => simulatedTime(new Float64Array(3), profile, 1)).toThrow(/Expected \d+ counters, not 3/)
    expect(() => simulatedTime(counted({}), profile, 0)).toThrow(
      expect.objectContaining({ code: 'bad-argument' })
    )
  })
})
