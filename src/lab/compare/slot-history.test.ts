import { describe, expect, it } from 'vitest'
import type { Case, Tally } from './schema'
import { slotHistories } from './slot-history'

function caseOf(...steps: readonly (readonly [op: string, counts: Tally])[]): Case {
  return {
    id: 'x',
    boot: 'b',
    steps: steps.map(([op, counts], i) => ({
      i,
      op,
      args: op === 'madvise' ? { adv: 'pageout' } : {},
      counts
    }))
  } as unknown as Case
}

describe('what a boot left in the slot caches', () => {
  it('is open where a case swaps and neither cache runs out', () => {
    const pageout = caseOf(['madvise', { add_to_swap_cache: 5 }], ['read', { free_swap_slot: 5 }])
    const taken = slotHistories(pageout).map((each) => each.taken)
    expect(taken).toEqual(Array.from({ length: 60 }, (_, k) => k + 5))
  })

  it('is known where one runs out', () => {
    const refill = caseOf(
      ['madvise', { add_to_swap_cache: 1 }],
      ['madvise', { add_to_swap_cache: 1, get_swap_pages: 1, swap_range_alloc: 64 }],
      ['read', { free_swap_slot: 3, swap_entry_range_free: 64 }]
    )
    expect(slotHistories(refill)).toEqual([{ taken: 1, returned: 62 }])
  })

  it('does not count what large folios took', () => {
    const large = caseOf(['madvise', { add_to_swap_cache: 32, get_swap_pages: 2, swap_range_alloc: 65 }])
    expect(slotHistories(large).every(({ taken }) => taken < 31)).toBe(true)
    expect(slotHistories(large).length).toBe(31)
  })

  it('is nothing for a case that does not swap', () => {
    expect(slotHistories(caseOf(['read', {}]))).toEqual([{ taken: 0, returned: 0 }])
  })
})
