import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { packedMap, unpackedMap, type TraceMap } from '../../../protocol/trace'
import { differingLooks, lookOf, looksOf, runsOf, type BlockLook } from './looks'
import { entryAt, fittingZoom, layOut, placeOf, ZOOMS } from './layout'

const KEYS = [
  'none',
  'writable',
  'readOnly',
  'protNone',
  'swap',
  'other',
  'folded',
  'huge',
  'dirty',
  'young',
  'shared',
  'broken',
  'changed'
] as const

/** A map of one block of 16 entries. */
function block(counts: Partial<Record<(typeof KEYS)[number], number>>): TraceMap {
  const lists = Object.fromEntries(KEYS.map((key) => [key, [counts[key] ?? 0]])) as Record<
    (typeof KEYS)[number],
    number[]
  >
  return { machine: 0, pid: 1, address: 0, pages: 16, pageSize: 4096, buckets: 1, ...lists }
}

describe('a block from far away', () => {
  it('is folded where every valid entry is contiguous', () => {
    const folded = lookOf(block({ writable: 16, folded: 16 }), 0)
    expect(folded).toEqual({ access: 'writable', contiguity: 'folded', changed: false })
  })
  it('shows one swapped entry of sixteen', () => {
    expect(lookOf(block({ writable: 15, swap: 1 }), 0).access).toBe('swap')
  })
  it('shows the hole in a block that is mapped else', () => {
    expect(lookOf(block({ writable: 15, none: 1 }), 0).access).toBe('none')
  })
  it('is read-only only where no entry may be written', () => {
    expect(lookOf(block({ readOnly: 16 }), 0).access).toBe('read-only')
    expect(lookOf(block({ readOnly: 15, writable: 1 }), 0).access).toBe('writable')
  })
  it('is broken where its entries break a rule, whatever else they are', () => {
    expect(lookOf(block({ writable: 16, folded: 7, broken: 16 }), 0).contiguity).toBe('broken')
  })
  it('is changed where one entry is', () => {
    expect(lookOf(block({ writable: 16, changed: 1 }), 0).changed).toBe(true)
  })
})

const look = fc.record<BlockLook>({
  access: fc.constantFrom('none', 'writable', 'swap'),
  contiguity: fc.constantFrom('none', 'folded'),
  changed: fc.boolean()
})

describe('blocks of two sides', () => {
  it('differ where a count of their entries does, whatever the worst of them is', () => {
    const mine = block({ writable: 15, none: 1, young: 15 })
    const old = block({ writable: 15, none: 1, young: 14 })
    expect([...differingLooks([mine, mine], [mine, old])]).toEqual([1])
    expect(runsOf(looksOf([mine, mine]), differingLooks([mine, mine], [mine, old]))).toMatchObject([
      { block: 0, blocks: 1, differs: false },
      { block: 1, blocks: 1, differs: true }
    ])
  })
  it('are not compared at other addresses', () => {
    expect(differingLooks([block({ writable: 16 })], [{ ...block({}), address: 4096 }]).size).toBe(0)
  })
})

describe('a packed map', () => {
  test.prop([
    fc.array(fc.record({ writable: fc.nat(1), none: fc.nat(1), changed: fc.nat(1) }), {
      minLength: 1,
      maxLength: 40
    })
  ])('gives every count back', (blocks) => {
    const lists = Object.fromEntries(
      KEYS.map((key) => [key, blocks.map((counts) => (counts as Partial<Record<string, number>>)[key] ?? 0)])
    )
    const map = { ...block({}), buckets: blocks.length, ...lists } as TraceMap
    expect(unpackedMap(packedMap(map))).toEqual(map)
  })
})

describe('runs of blocks', () => {
  it('go over the border between two maps', () => {
    const one = block({ writable: 16, folded: 16 })
    expect(runsOf(looksOf([one, one]))).toMatchObject([{ block: 0, blocks: 2, contiguity: 'folded' }])
  })
  test.prop([fc.array(look, { maxLength: 60 })])('give every block back in order', (looks) => {
    const back = runsOf(looks).flatMap(({ access, contiguity, changed, blocks }) =>
      Array.from({ length: blocks }, () => ({ access, contiguity, changed }))
    )
    expect(back).toEqual(looks)
  })
})

describe('the layout', () => {
  it('draws 1 GiB of 4 KiB pages on one screen, a column of pixels a block', () => {
    const zoom = fittingZoom(262_144, 16, 700, 420)
    expect(ZOOMS[zoom] * 16).toBe(1)
    expect(layOut(262_144, 16, 700, zoom).total).toBeLessThanOrEqual(420)
  })
  it('draws 64 entries with their letters', () => {
    expect(ZOOMS[fittingZoom(64, 16, 400, 200)]).toBe(20)
  })
  test.prop([
    fc.integer({ min: 1, max: 300_000 }),
    fc.integer({ min: 20, max: 2000 }),
    fc.integer({ min: 0, max: ZOOMS.length - 1 }),
    fc.nat()
  ])('finds each entry where it put it', (entries, width, zoom, pick) => {
    const layout = layOut(entries, 16, width, zoom)
    const entry = pick % entries
    const { x, y } = placeOf(layout, entry)
    expect(entryAt(layout, entries, x + layout.perEntry / 2, y + 1)).toBe(entry)
  })
})
