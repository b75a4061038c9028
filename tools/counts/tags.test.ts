/** Memory tags in swap, every design and order: `mte-swap.md` sections 3 and 6. */
import { describe, expect, it } from 'vitest'
import { MTE_DESIGN_NAMES } from '../../src/engine/mte/designs'
import { TAG_ORDERS, TAG_SHEETS } from './tag-sheets'
import { tagRoundTrip } from '../../src/engine/check/tag-round-trip'
import { tagSurvey } from './tag-survey'

describe('counts of tags in swap', () => {
  it('are 256 and 16 lookups for n = 16, as the thread says', () => {
    const some = TAG_SHEETS.filter(({ way }) => way === 'cache').map((sheet) => ({
      ...sheet,
      orders: [0, 4]
    }))
    const { wrong, text } = tagSurvey(some)
    expect(wrong).toEqual([])
    expect(text).toContain('| M4, M9, M10 | lookups | n·n | 1 | – | – | 256 | – |')
    expect(text).toContain('| M0, M2, M3, M8 | lookups | n | 1 | – | – | 16 | – |')
  })

  it('cover every design and order one page at a time, and whole but for M0 and M1', () => {
    for (const way of ['cache', 'device'] as const) {
      for (const design of MTE_DESIGN_NAMES) {
        const orders = TAG_SHEETS.filter((sheet) => sheet.way === way && sheet.designs.includes(design))
        expect(orders.flatMap((sheet) => sheet.orders)).toEqual([...TAG_ORDERS])
      }
    }
  })

  it('report a formula that is wrong', () => {
    const [sheet] = TAG_SHEETS
    const broken = {
      ...sheet,
      designs: ['M3'] as const,
      orders: [4],
      formulae: { ...sheet.formulae, lookups: 'n + 1' }
    }
    expect(tagSurvey([broken]).wrong).toEqual(['M3, cache, k = 4: lookups is 16, its formula says 17'])
    expect(tagRoundTrip('M10', 4, 'device, whole')).toMatchObject({ faults: 1, lookups: 16, copies: 16 })
  })
})
