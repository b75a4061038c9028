import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { solveClosedNetwork } from './mva'

const demand = fc.double({ min: 0.001, max: 1000, noNaN: true })
const customers = fc.integer({ min: 1, max: 128 })

/** Machine-repairman model in closed form: p(k) is the chance of k customers at the server. */
function repairman(local: number, server: number, n: number) {
  let weight = 1
  let sum = 1
  let queue = 0
  for (let k = 1; k <= n; k++) {
    weight *= (n - k + 1) * (server / local)
    sum += weight
    queue += k * weight
  }
  return { utilisation: 1 - 1 / sum, queueLength: queue / sum }
}

describe('solveClosedNetwork', () => {
  it('lets a lone customer wait for nobody', () => {
    expect(solveClosedNetwork(6, 2, 1)).toMatchObject({ cycleTime: 8, residence: 2, utilisation: 0.25 })
  })

  it('never waits when nothing is shared', () => {
    expect(solveClosedNetwork(7, 0, 1000)).toEqual({
      cycleTime: 7,
      residence: 0,
      queueLength: 0,
      utilisation: 0
    })
  })

  it('serves customers in turn when all they do is shared', () => {
    expect(solveClosedNetwork(0, 3, 8).cycleTime).toBeCloseTo(24, 10)
  })

  it('solves two customers by hand', () => {
    // One alone: queue 1/(1+1) = 1/2. So the second finds 1/2: residence 1.5, cycle 2.5.
    expect(solveClosedNetwork(1, 1, 2).cycleTime).toBeCloseTo(2.5, 12)
    expect(solveClosedNetwork(1, 1, 2).utilisation).toBeCloseTo(2 / 2.5, 12)
  })

  it('equals the machine-repairman model', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0.01, max: 10, noNaN: true }),
        fc.integer({ min: 1, max: 40 }),
        (local, server, n) => {
          const solved = solveClosedNetwork(local, server, n)
          const closed = repairman(local, server, n)
          expect(solved.utilisation).toBeCloseTo(closed.utilisation, 8)
          expect(solved.queueLength / n).toBeCloseTo(closed.queueLength / n, 8)
        }
      )
    )
  })

  it('stays within the asymptotic bounds and approaches saturation', () => {
    fc.assert(
      fc.property(demand, demand, customers, (local, server, n) => {
        const { cycleTime, utilisation } = solveClosedNetwork(local, server, n)
        const slack = 1 + 1e-9
        expect(cycleTime * slack).toBeGreaterThanOrEqual(Math.max(local + server, n * server))
        expect(cycleTime).toBeLessThanOrEqual((local + n * server) * slack)
        expect(utilisation).toBeGreaterThan(0)
        expect(utilisation).toBeLessThanOrEqual(slack)
      })
    )
    expect(solveClosedNetwork(10, 1, 1000).cycleTime).toBeCloseTo(1000, 6)
  })

  it('grows with every demand and with the customers', () => {
    fc.assert(
      fc.property(demand, demand, customers, (local, server, n) => {
        const { cycleTime } = solveClosedNetwork(local, server, n)
        // At saturation a longer way home is lost in the last bit.
        expect(solveClosedNetwork(local * 1.5, server, n).cycleTime * (1 + 1e-12)).toBeGreaterThan(cycleTime)
        expect(solveClosedNetwork(local, server * 1.5, n).cycleTime).toBeGreaterThan(cycleTime)
        expect(solveClosedNetwork(local, server, n + 1).cycleTime).toBeGreaterThan(cycleTime)
      })
    )
  })

  it("obeys Little's law at the server", () => {
    fc.assert(
      fc.property(demand, demand, customers, (local, server, n) => {
        const { cycleTime, residence, queueLength } = solveClosedNetwork(local, server, n)
        expect(queueLength / ((n / cycleTime) * residence)).toBeCloseTo(1, 9)
      })
    )
  })

  it.each([
    [-1, 1, 1],
    [1, Number.NaN, 1],
    [1, Number.POSITIVE_INFINITY, 1],
    [1, 1, 0],
    [1, 1, 1.5]
  ])('refuses local %s, server %s, customers %s', (local, server, n) => {
    expect(() => solveClosedNetwork(local, server, n)).toThrow(
      expect.objectContaining({ code: 'bad-argument' })
    )
  })
})
