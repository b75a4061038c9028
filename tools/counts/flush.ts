/**
 * What the flushes of a gather cost: which hulls a range of N pages is cut into when the gather fills,
 * and the TLBIs of each. Source: reference `teardown.md` section 2, `architecture.md` section 5.
 */
import type { Vars } from './expression'
import { GRANULES, type Case } from './shape'

/** Slots of an extra batch, and how many there may be. */
function batches(pageSize: number): { slots: number; count: number } {
  const slots = (pageSize - 16) / 8
  return { slots, count: Math.floor(10_000 / slots) }
}

/** Bytes of a page. */
export const PAGE_SIZE = { '4K': 4096, '16K': 16384, '64K': 65536 } as const

/**
 * Pages (or folios, or blocks) that a gather takes before it forces a flush. `pages`: one slot each (up
 * to 6.8). `runs`: two slots, or one where a run is a single page, and a batch with one slot left is full.
 */
export function gatherCapacity(granule: Case['granule'], slots: 'pages' | 'runs', single: boolean): number {
  const { slots: per, count } = batches(PAGE_SIZE[granule])
  if (slots === 'pages') return 8 + count * per
  return single ? 7 + count * (per - 1) : 4 + count * Math.floor(per / 2)
}

/** Range instructions for P pages: one a scale whose 5-bit digit is not 0. */
function rangeInstructions(pages: number): number {
  let n = 0
  for (let scale = 0; scale < 4; scale++) n += (pages >> (5 * scale + 1)) % 32 > 0 ? 1 : 0
  return n
}

/** How a design fills the gather, and what it pays where a flush becomes one of the whole ASID. */
export interface Gathering {
  /** Pages between two forced flushes. */
  readonly pagesAFlush: number
  /** DSB ISH of a flush that took the whole ASID: 2 from 6.12. */
  readonly asidDsb: 1 | 2
}

/**
 * Vn flushes of the range; of them Va by ASID; Vs single-page and Vr range instructions; Vd DSB ISH.
 */
export function flushVars({ granule, pages, range }: Case, { pagesAFlush, asidDsb }: Gathering): Vars {
  const vars = { Vn: 0, Va: 0, Vs: 0, Vr: 0, Vd: 0 }
  for (let left = pages; left > 0; left -= pagesAFlush) {
    const hull = Math.min(left, pagesAFlush)
    vars.Vn++
    if (!range && hull >= GRANULES[granule].t) {
      vars.Va++
      vars.Vd += asidDsb
      continue
    }
    vars.Vd++
    vars.Vs += range ? hull % 2 : hull
    vars.Vr += range ? rangeInstructions(hull) : 0
  }
  return vars
}
