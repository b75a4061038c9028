/**
 * What each design for memory tags in swap costs a folio of n tagged pages, out and back in: the formulae
 * of `mte-swap.md` sections 3 and 6, written from there.
 */
import type { TagWay } from '../../src/engine/check/tag-round-trip'
import type { MteDesignName } from '../../src/engine/mte/designs'

/** How the folio comes back. */
export const WAYS: readonly TagWay[] = ['cache', 'device', 'cache, whole', 'device, whole']

export const WAY_TITLES: Readonly<Record<TagWay, string>> = {
  cache: 'back from the swap cache, an entry a fault (6.10)',
  device: 'back from the device, page by page (6.10)',
  'cache, whole': 'back from the swap cache, the folio in a fault (6.12)',
  'device, whole': 'back from the device, the folio in a fault (6.12)'
}

/** What is counted, in this order. */
export const TAG_COUNTS = ['saves', 'scans', 'faults', 'lookups', 'copies', 'checks'] as const

export type TagCount = (typeof TAG_COUNTS)[number]

/** One design or more, one way back, some orders: what is not named is 0. */
export interface TagSheet {
  readonly way: TagWay
  readonly designs: readonly MteDesignName[]
  readonly orders: readonly number[]
  readonly formulae: Readonly<Partial<Record<TagCount, string>>>
}

/** Anonymous folios have no order 1. */
export const TAG_ORDERS = [0, 2, 3, 4, 5, 6, 7, 8, 9] as const
const LARGE = TAG_ORDERS.filter((order) => order > 0)
/** A folio of a PMD is never read whole. */
const READ_WHOLE = LARGE.filter((order) => order < 9)
const EACH = { saves: 'n', faults: 'n', lookups: 'n' }

export const TAG_SHEETS: readonly TagSheet[] = [
  { way: 'cache', designs: ['M0', 'M2', 'M3', 'M8'], orders: TAG_ORDERS, formulae: EACH },
  { way: 'cache', designs: ['M4', 'M9', 'M10'], orders: TAG_ORDERS, formulae: { ...EACH, lookups: 'n·n' } },
  { way: 'cache', designs: ['M1'], orders: TAG_ORDERS, formulae: { ...EACH, saves: '1', lookups: 'n·n' } },
  { way: 'cache', designs: ['M5', 'M6'], orders: TAG_ORDERS, formulae: { ...EACH, checks: 'n - 1' } },
  { way: 'cache', designs: ['M7'], orders: TAG_ORDERS, formulae: { ...EACH, scans: 'n', copies: 'n' } },
  {
    way: 'device',
    designs: ['M0', 'M2', 'M3', 'M4', 'M5', 'M6', 'M8', 'M9', 'M10'],
    orders: TAG_ORDERS,
    formulae: { ...EACH, copies: 'n' }
  },
  { way: 'device', designs: ['M1'], orders: TAG_ORDERS, formulae: { ...EACH, saves: '1', copies: '1' } },
  { way: 'device', designs: ['M7'], orders: TAG_ORDERS, formulae: { ...EACH, scans: 'n', copies: 'n' } },
  { way: 'cache, whole', designs: ['M0'], orders: LARGE, formulae: EACH },
  {
    way: 'cache, whole',
    designs: ['M2', 'M3', 'M4', 'M5', 'M6', 'M8', 'M9', 'M10'],
    orders: LARGE,
    formulae: { saves: 'n', faults: '1', lookups: 'n' }
  },
  {
    way: 'cache, whole',
    designs: ['M7'],
    orders: LARGE,
    formulae: { saves: 'n', scans: 'n', faults: '1', lookups: 'n', copies: 'n' }
  },
  {
    way: 'device, whole',
    designs: ['M2', 'M3', 'M4', 'M5', 'M6', 'M8', 'M9', 'M10'],
    orders: READ_WHOLE,
    formulae: { saves: 'n', faults: '1', lookups: 'n', copies: 'n' }
  },
  {
    way: 'device, whole',
    designs: ['M7'],
    orders: READ_WHOLE,
    formulae: { saves: 'n', scans: 'n', faults: '1', lookups: 'n', copies: 'n' }
  }
]
