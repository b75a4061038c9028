/**
 * What each design costs to swap a folio of n tagged pages out and in: the formulae of the reference,
 * `mte-swap.md` section 3 and 6, for every order.
 */
import { describe, expect, it } from 'vitest'
import { tagRoundTrip } from '../check/tag-round-trip'
import { MTE_DESIGNS, MTE_DESIGN_NAMES, type MteDesignName } from './designs'

/** The reference's column "refault from swap cache, one PTE per fault", and its order-0 case. */
function cacheCost(design: MteDesignName, n: number): { lookups: number; checks: number } {
  if (n === 1) return { lookups: 1, checks: 0 }
  switch (design) {
    case 'M1':
    case 'M4':
    case 'M9':
    case 'M10':
      return { lookups: n * n, checks: 0 }
    case 'M5':
    case 'M6':
      return { lookups: n, checks: n - 1 }
    default:
      return { lookups: n, checks: 0 }
  }
}

const ORDERS = [0, 2, 3, 4, 5, 6, 7, 8, 9]

describe.each(MTE_DESIGN_NAMES)('design %s', (design) => {
  const savedOf = (n: number) => (design === 'M1' ? 1 : n)

  it('refaults from the swap cache, an entry a fault, at the price of the reference', () => {
    for (const order of ORDERS) {
      const n = 2 ** order
      const { lookups, checks } = cacheCost(design, n)
      // Without a flag nobody knows that the tags never left.
      const copies = design === 'M7' ? n : 0
      const wanted = { saves: savedOf(n), faults: n, lookups, copies, checks }
      expect({ order, ...tagRoundTrip(design, order, 'cache') }).toMatchObject({
        order,
        ...wanted,
        right: true
      })
    }
  })

  it('reads pages one by one from the device: n faults, n lookups, a copy for each page saved', () => {
    for (const order of ORDERS) {
      const n = 2 ** order
      const wanted = { saves: savedOf(n), faults: n, lookups: n, copies: savedOf(n), checks: 0 }
      const { right, ...cost } = tagRoundTrip(design, order, 'device')
      expect({ order, ...cost }).toMatchObject({ order, ...wanted })
      expect(right).toBe(design !== 'M1' || n === 1)
    }
  })

  it('maps a folio whole from the cache or reads it whole in one fault, n lookups (6.11, 6.12)', () => {
    // Large swap-in ends below the PMD order; M0 has no large folio in the cache.
    for (const order of [2, 3, 4, 5, 6, 7, 8]) {
      const n = 2 ** order
      const whole = tagRoundTrip(design, order, 'cache, whole')
      if (design === 'M0') expect(whole.faults).toBe(n)
      else expect([whole.faults, whole.lookups, whole.checks]).toEqual([1, n, 0])
      const read = tagRoundTrip(design, order, 'device, whole')
      if (design === 'M0') continue
      expect([read.faults, read.lookups]).toEqual([1, n])
      expect(read.copies).toBe(n)
      expect(read.right).toBe(design !== 'M1')
    }
  })
})

describe('the figures of the thread', () => {
  it('are 256 lookups for 16 pages that are looked at as a folio, 16 for pages', () => {
    const lookups = MTE_DESIGN_NAMES.map((design) => tagRoundTrip(design, 4, 'cache').lookups)
    expect(lookups).toEqual([16, 256, 16, 16, 256, 16, 16, 16, 16, 256, 256])
  })

  it('are 128 bytes a page held while it is swapped out: 2 KiB for 64K', () => {
    expect(tagRoundTrip('M10', 4, 'device').saves * 128).toBe(2048)
  })

  it('name what is wrong with M1, M2 and M6, and with no other', () => {
    expect(MTE_DESIGN_NAMES.filter((name) => MTE_DESIGNS[name].wrong !== undefined)).toEqual([
      'M1',
      'M2',
      'M6'
    ])
  })
})
