/**
 * TLB invalidation as Linux emits it for user addresses: which TLBI instructions, how many, with
 * which barriers. Source: reference `architecture.md` section 5.
 */
import type { KernelRecord } from '../kernel/record'
import type { Mm } from '../mm/mm'
import { COUNTER_INDEX, type CounterName } from '../trace/counters'
import type { Tracer } from '../trace/tracer'
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

/**
 * The same with LPA2, where the start of a range instruction must be 64K-aligned: plain operations,
 * one a stride, until it is. `unit` is 64K in base pages. Source: `architecture.md` section 5 (6.12).
 */
export function rangeOpsAligned(vpn: number, pages: number, stride: number, unit: number): RangeOps {
  let single = 0
  let range = 0
  let at = vpn
  let left = pages
  let scale = 3
  while (left > 0) {
    const size = 2 ** (5 * scale + 1)
    if (left === 1 || at % unit !== 0) {
      single++
      at += stride
      left -= stride
      continue
    }
    if (scale < 0) {
      single += left
      break
    }
    const units = Math.floor(Math.min(left, 32 * size) / size)
    if (units > 0) {
      range++
      at += units * size
      left -= units * size
    }
    scale--
  }
  return { single, range }
}

/** A TLB invalidation as it leaves the CPU. `pages` is 0 for a whole address space. */
export interface Invalidation {
  readonly mm: Mm
  /** First page, and how many; the pages between are covered too where the stride is larger. */
  readonly vpn: number
  readonly pages: number
  /** Leaf entries only; walk caches keep what they have. */
  readonly lastLevel: boolean
}

/** Who must hear of invalidations: the TLBs of the simulated CPUs. Nobody by default. */
export interface TlbiObserver {
  /** TLBIs were issued; they are complete only at the next `completed`. */
  issued(invalidation: Invalidation): void
  /** A DSB ISH of the issuing CPU completed all it issued. */
  completed(): void
}

/**
 * Emits TLBIs: counts them on behalf of the mm that is flushed, and tells the observer. Ranges are
 * given by their first page, because with LPA2 a range instruction wants a 64K-aligned start.
 */
export class Tlbi {
  observer: TlbiObserver | undefined
  /** Told of every instruction where a trace was asked for. */
  trace: Tracer | undefined

  constructor(
    readonly geometry: Geometry,
    readonly cpu: CpuFeatures,
    readonly kernel: KernelRecord
  ) {}

  /** `flush_tlb_page_nosync`: the page's leaf entry; a later DSB ISH of the caller completes it. */
  pageNosync(mm: Mm, vpn: number): void {
    this.#before(mm)
    this.#issue(mm, VALE1IS, 1)
    this.trace?.tlbi('tlbi-page', mm.pid, vpn, 1, true)
    this.observer?.issued({ mm, vpn, pages: 1, lastLevel: true })
  }

  /** `flush_tlb_page`: the page's leaf entry, complete on return. */
  page(mm: Mm, vpn: number): void {
    this.pageNosync(mm, vpn)
    this.finish(mm)
  }

  /** `flush_tlb_mm`: everything tagged with the mm's ASID. */
  mm(mm: Mm): void {
    this.#before(mm)
    this.#issue(mm, ASIDE1IS, 1)
    this.trace?.tlbi('tlbi-mm', mm.pid, 0, 0, false)
    this.observer?.issued({ mm, vpn: 0, pages: 0, lastLevel: false })
    this.finish(mm)
  }

  /**
   * `__flush_tlb_range`: `pages` base pages from `vpn` in strides of `stride` pages. `lastLevel` leaves
   * walk caches alone. A range too long for single operations invalidates the whole ASID instead.
   */
  range(mm: Mm, vpn: number, pages: number, stride: number, lastLevel: boolean): void {
    if (this.#tooLong(pages, stride)) {
      this.mm(mm)
      // Its caller ends the flush once more, erratum and all.
      if (this.kernel.asidFallbackDsbIsh === 2) this.finish(mm)
      return
    }
    this.rangeNosync(mm, vpn, pages, stride, lastLevel)
    this.finish(mm)
  }

  /** The same for a range known to be short, without the DSB ISH that completes it. */
  rangeNosync(mm: Mm, vpn: number, pages: number, stride = 1, lastLevel = true): void {
    this.#before(mm)
    const single: CounterName = lastLevel ? 'tlbiVale1is' : 'tlbiVae1is'
    if (this.cpu.tlbRange) {
      const ops = this.#lpa2
        ? rangeOpsAligned(vpn, pages, stride, 2 ** (16 - this.geometry.pageShift))
        : rangeOps(pages, this.kernel.tlbiRange)
      this.#issue(mm, COUNTER_INDEX[single], ops.single)
      this.#issue(mm, COUNTER_INDEX[lastLevel ? 'tlbiRvale1is' : 'tlbiRvae1is'], ops.range)
    } else {
      this.#issue(mm, COUNTER_INDEX[single], pages / stride)
    }
    this.trace?.tlbi('tlbi-range', mm.pid, vpn, pages, lastLevel)
    this.observer?.issued({ mm, vpn, pages, lastLevel })
  }

  /** The DSB ISH that completes what was issued, with what an erratum adds to it. */
  finish(mm: Mm): void {
    mm.count(DSB_ISH, 1)
    this.trace?.note('dsb-ish', mm.pid, 0)
    this.observer?.completed()
    if (!this.cpu.repeatTlbi) return
    mm.count(TLBI, 1)
    mm.count(VALE1IS, 1)
    mm.count(DSB_ISH, 1)
  }

  /** The DSB that makes earlier stores visible to walkers before anything is invalidated. */
  #before(mm: Mm): void {
    mm.count(DSB_ISHST, 1)
    this.trace?.note('dsb-ishst', mm.pid, 0)
  }

  get #lpa2(): boolean {
    return this.geometry.vaBits === 52 && this.geometry.name !== '64K'
  }

  #tooLong(pages: number, stride: number): boolean {
    if (!this.cpu.tlbRange) return pages >= this.geometry.tableEntries * stride
    return this.kernel.tlbiRange === 'ascending' ? pages >= MAX_RANGE_PAGES : pages > MAX_RANGE_PAGES
  }

  #issue(mm: Mm, kind: number, n: number): void {
    const issued = this.cpu.kpti ? 2 * n : n
    mm.count(TLBI, issued)
    mm.count(kind, issued)
  }
}
