/**
 * The letters of the formulae for one case: pages, order and granule. Written from the reference
 * (`contpte.md` section 1, `fork.md` section 7, `teardown.md` section 2), not from the engine.
 */
import type { GranuleName } from '../../src/engine/arch/granule'
import type { Vars } from './expression'

/** Pages of a contpte block, entries of a table, translation levels with 48-bit addresses. */
export const GRANULES: Readonly<Record<GranuleName, { c: number; t: number; levels: number }>> = {
  '4K': { c: 16, t: 512, levels: 4 },
  '16K': { c: 128, t: 2048, levels: 4 },
  '64K': { c: 32, t: 8192, levels: 3 }
}

/** The sizes that the tables are made for. */
export const PAGES = [16, 512, 262144] as const

/** One cell of the survey. */
export interface Case {
  readonly granule: GranuleName
  readonly pages: number
  readonly order: number
  /** FEAT_TLBIRANGE. */
  readonly range: boolean
}

/** Orders of folios that entries can map: up to one table's worth (PMD_ORDER), 2^k <= N. */
export function ordersOf(granule: GranuleName, pages: number): number[] {
  const limit = Math.min(pages, GRANULES[granule].t)
  return Array.from({ length: Math.log2(limit) + 1 }, (_, order) => order)
}

/** Where in its table a region begins, and where a second VMA cuts it. */
export interface Placement {
  /** Pages between a table's start and the region's. */
  readonly shift: number
  /** Pages of a VMA split off at the front; 0 for none. */
  readonly cut: number
}

/**
 * N pages, F pages a folio, Fo folios, C pages a block, B = N/C blocks, b = whole blocks (0 where the
 * region is smaller than one), T entries a table, L sections under the lock, H tables, U tables above the last level (root included), P pieces that
 * table borders leave of the folios, h = C/2, q = B/4 rounded up.
 */
export function shapeOf({ granule, pages, order }: Case, { shift, cut }: Placement): Vars {
  const { c, t, levels } = GRANULES[granule]
  const folio = 2 ** order
  const tables = Math.ceil((shift + pages) / t)
  return {
    N: pages,
    F: folio,
    Fo: pages / folio,
    C: c,
    B: pages / c,
    b: Math.floor(pages / c),
    T: t,
    H: tables,
    L: tables + (cut > 0 ? 1 : 0),
    // A region moved off the start of 1 GiB reaches into a second table one level up (4K).
    U: levels - 1 + (granule === '4K' && shift + pages > 262144 ? 1 : 0),
    P: pages / folio + (shift % folio === 0 ? 0 : tables - 1),
    h: c / 2,
    q: Math.ceil(pages / c / 4)
  }
}
