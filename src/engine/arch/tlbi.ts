/**
 * TLB invalidation as Linux emits it for user addresses: which TLBI instructions, how many, with
 * which barriers. Source: reference `architecture.md` section 5.
 */
import type { KernelRecord } from '../kernel/record'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX, type CounterName } from '../trace/counters'
import type { CpuFeatures } from './cpu'
import type { Geometry } from './granule'

const TLBI = COUNTER_INDEX.tlbi
const VALE1IS = COUNTER_INDEX.tlbiVale1is
const ASIDE1IS = COUNTER_INDEX.tlbiAside1is
const DSB_ISHST = COUNTER_INDEX.dsbIshst
const DSB_ISH = COUNTER_INDEX.dsbIsh

/** Pages beyond which even range instructions are given up for the whole ASID. */
const MAX_RANGE_PAGES = 2 ** 21

/** Single-page and range instructions that invalidate a number of pages. */
export interface RangeOps {
  readonly single: number
  readonly range: number
}

/**
 * How many instructions FEAT_TLBIRANGE takes for `pages` pages: pages(NUM, SCALE) is
 * (NUM + 1) * 2^(5 * SCALE + 1). `ascending` starts at scale 0 and takes an odd page first (up to
 * 6.7); `descending` starts at scale 3 (6.8+). Both need the same number.
 */
export function rangeOps(pages: number, algorithm: 'ascending' | 'descending'): RangeOps {
  let left = pages
  let range = 0
  if (algorithm === 'ascending') {
    for (let scale = 0; scale < 4; scale++) {
      if (Math.floor(pages / 2 ** (5 * scale + 1)) % 32 > 0) range++
    }
    return { single: pages % 2, range }
  }
  for (let scale = 3; scale >= 0; scale--) {
    const unit = 2 ** (5 * scale + 1)
    const units = Math.floor(Math.min(left, 32 * unit) / unit)
    if (units > 0) {
      range++
      left -= units * unit
    }
  }
  return { single: left, range }
}

/** Emits TLBIs: counts them on behalf of the mm that is flushed. */
export class Tlbi {
  constructor(
    readonly geometry: Geometry,
    readonly cpu: CpuFeatures,
    readonly kernel: KernelRecord
  ) {}

  /** `flush_tlb_page_nosync`: the page's leaf entry; a later DSB ISH of the caller completes it. */
  pageNosync(mm: Mm): void {
    mm.count(DSB_ISHST, 1)
    this.#issue(mm, VALE1IS, 1)
  }

  /** `flush_tlb_page`: the page's leaf entry, complete on return. */
  page(mm: Mm): void {
    this.pageNosync(mm)
    this.#finish(mm)
  }

  /** `flush_tlb_mm`: everything tagged with the mm's ASID. */
  mm(mm: Mm): void {
    mm.count(DSB_ISHST, 1)
    this.#issue(mm, ASIDE1IS, 1)
    this.#finish(mm)
  }

  /**
   * `__flush_tlb_range`: `pages` base pages in strides of `stride` pages. `lastLevel` leaves walk
   * caches alone. A range too long for single operations invalidates the whole ASID instead.
   */
  range(mm: Mm, pages: number, stride: number, lastLevel: boolean): void {
    if (this.#tooLong(pages, stride)) {
      this.mm(mm)
      if (this.kernel.asidFallbackDsbIsh === 2) mm.count(DSB_ISH, 1)
      return
    }
    this.#issueRange(mm, pages, stride, lastLevel)
    this.#finish(mm)
  }

  /** The same for `pages` pages of a block, leaf entries only, without the DSB ISH that completes it. */
  rangeNosync(mm: Mm, pages: number): void {
    this.#issueRange(mm, pages, 1, true)
  }

  #tooLong(pages: number, stride: number): boolean {
    if (!this.cpu.tlbRange) return pages >= this.geometry.tableEntries * stride
    return this.kernel.tlbiRange === 'ascending' ? pages >= MAX_RANGE_PAGES : pages > MAX_RANGE_PAGES
  }

  #issueRange(mm: Mm, pages: number, stride: number, lastLevel: boolean): void {
    mm.count(DSB_ISHST, 1)
    const single: CounterName = lastLevel ? 'tlbiVale1is' : 'tlbiVae1is'
    if (this.cpu.tlbRange) {
      const ops = rangeOps(pages, this.kernel.tlbiRange)
      this.#issue(mm, COUNTER_INDEX[single], ops.single)
      this.#issue(mm, COUNTER_INDEX[lastLevel ? 'tlbiRvale1is' : 'tlbiRvae1is'], ops.range)
    } else {
      this.#issue(mm, COUNTER_INDEX[single], pages / stride)
    }
  }

  #issue(mm: Mm, kind: number, n: number): void {
    const issued = this.cpu.kpti ? 2 * n : n
    mm.count(TLBI, issued)
    mm.count(kind, issued)
  }

  #finish(mm: Mm): void {
    mm.count(DSB_ISH, 1)
    if (!this.cpu.repeatTlbi) return
    mm.count(TLBI, 1)
    mm.count(VALE1IS, 1)
    mm.count(DSB_ISH, 1)
  }
}
