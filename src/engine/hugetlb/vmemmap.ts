/**
 * The vmemmap of HugeTLB folios: struct pages lie in an array of their own, mapped by PMD leaves (4K pages)
 * or base pages, and of a HugeTLB folio nearly all say the same. Optimising maps all of its vmemmap pages
 * but the first read-only to one frame and frees the rest; restoring takes as many new pages.
 * Source: reference `hvo.md` sections 1 and 2; linux-6.1 and linux-6.12 mm/hugetlb_vmemmap.c
 * (`__hugetlb_vmemmap_optimize_folio`, `__hugetlb_vmemmap_restore_folio`, `hugetlb_vmemmap_optimize_folios`),
 * arch/arm64/mm/mmu.c (`vmemmap_populate`).
 */
import type { Geometry } from '../arch/granule'
import type { World } from '../world'

/** Bytes of one struct page. */
export const STRUCT_PAGE = 64

/** What the struct pages of one folio take, and what optimising it gives back. */
export interface VmemmapSaving {
  readonly basePages: number
  /** Bytes of its struct pages. */
  readonly bytes: number
  /** Pages that hold them: below 1 where they share one with neighbours. */
  readonly vmemmapPages: number
  /** Pages that optimising frees; 0 where there is nothing to gain. */
  readonly freedPages: number
  readonly freedBytes: number
}

/**
 * The memory that optimising a folio of `order` saves. A folio can be optimised only if it has more
 * vmemmap pages than the `kept` ones: 2 in 5.14 to 5.17, 1 since 5.18.
 */
export function vmemmapSaving(
  { pageSize }: Pick<Geometry, 'pageSize'>,
  order: number,
  kept: 1 | 2
): VmemmapSaving {
  const basePages = 2 ** order
  const bytes = basePages * STRUCT_PAGE
  const vmemmapPages = bytes / pageSize
  const freedPages = vmemmapPages > kept ? vmemmapPages - kept : 0
  return { basePages, bytes, vmemmapPages, freedPages, freedBytes: freedPages * pageSize }
}

/** What a CPU does to the vmemmap, in counts; TLB invalidations are of the kernel's own addresses. */
export interface VmemmapTally {
  /** Folios optimised and restored. */
  optimised: number
  restored: number
  /** Folios that stayed as they were for want of memory. */
  failed: number
  /** PMD leaves split into tables of pages; never undone. */
  splits: number
  /** Entries changed from one page to another. */
  remaps: number
  /** Vmemmap pages copied: first pages, and what restored pages begin with. */
  copies: number
  /** Pages given to the page allocator, and taken from it (tables of split leaves among them). */
  freed: number
  taken: number
  /** `flush_tlb_kernel_range`, pages of all of them, and `flush_tlb_all`. */
  rangeFlushes: number
  flushedPages: number
  fullFlushes: number
  /** `synchronize_rcu`. */
  waits: number
}

/** An entry of the vmemmap as it stands. */
export interface VmemmapEntry {
  /** Its place among the folio's vmemmap pages. */
  readonly index: number
  readonly frame: number
  readonly writable: boolean
  /** `leaf`: mapped by a PMD leaf; `own`: a page of its own; `shared`: the frame that stands for all the rest. */
  readonly by: 'leaf' | 'own' | 'shared'
}

/** The vmemmap of one machine. Frames of the array itself lie above all memory that folios are made of. */
export class Vmemmap {
  /** Whether new pages of pools are optimised: `hugetlb_optimize_vmemmap`. */
  enabled = false
  /** Frames of entries that map another one than at boot, by vmemmap page. */
  readonly #frames = new Map<number, number>()
  /** Optimised folios by first frame, with their order. */
  readonly #optimised = new Map<number, number>()
  /** PMD ranges of the array that are mapped by pages. */
  readonly #split = new Set<number>()
  readonly tally: VmemmapTally = {
    optimised: 0,
    restored: 0,
    failed: 0,
    splits: 0,
    remaps: 0,
    copies: 0,
    freed: 0,
    taken: 0,
    rangeFlushes: 0,
    flushedPages: 0,
    fullFlushes: 0,
    waits: 0
  }
  /** First frame of the array. */
  readonly #base: number

  constructor(
    readonly world: World,
    /** Built in whatever the kernel's own configuration says: what a series to enable it on arm64 would do. */
    readonly forced: boolean
  ) {
    const { buddy } = world.folios
    const largest = 2 ** buddy.maxOrder
    this.#base = Math.ceil(buddy.pages / largest) * largest
  }

  /** Whether the kernel has it: not on arm64 but from 5.19 to 6.1.15. */
  get present(): boolean {
    return this.forced || this.world.kernel.vmemmap.selected
  }

  /** Whether folios of some size can be optimised: then there is a sysctl for it. */
  get optimisable(): boolean {
    return this.world.hugetlb.pools.some(({ order }) => this.saves(order))
  }

  /** `hugetlb_vmemmap_optimizable`. */
  saves(order: number): boolean {
    return this.present && this.saving(order).freedPages > 0
  }

  saving(order: number): VmemmapSaving {
    return vmemmapSaving(this.world.geometry, order, this.world.kernel.vmemmap.kept)
  }

  isOptimised(head: number): boolean {
    return this.#optimised.has(head)
  }

  /** Folios that are optimised now. */
  get folios(): number {
    return this.#optimised.size
  }

  /** Pages that optimised folios give back now; tables of split leaves, which stay, are `tables`. */
  get savedPages(): number {
    let pages = 0
    for (const order of this.#optimised.values()) pages += this.saving(order).freedPages
    return pages
  }

  /** Pages that hold tables of split leaves. */
  get tables(): number {
    return this.#split.size
  }

  /** Pages of the page allocator that the vmemmap holds, less those of its own that it gave it. */
  get held(): number {
    return this.tally.taken - this.tally.freed
  }

  /** Folios that join a pool: optimised if that is switched on and gains something. */
  joined(heads: readonly number[]): void {
    if (!this.enabled) return
    this.optimise(heads)
  }

  /**
   * Optimises folios of pools, held by nobody; those that are already, or gain nothing, are passed over.
   * Without memory for a table of a split leaf a folio stays as it is.
   */
  optimise(heads: readonly number[]): void {
    const { folios, kernel } = this.world
    const wanted = heads.filter((head) => this.saves(folios.order(head)) && !this.isOptimised(head))
    if (wanted.length === 0) return
    const { batched, waitsForReaders } = kernel.vmemmap
    if (waitsForReaders) this.tally.waits++
    if (!batched) {
      for (const head of wanted) this.#release(this.#optimiseAlone(head))
      return
    }
    // All leaves first, up to the first for which there is no memory; then one flush for all.
    if (this.#splitAll(wanted)) this.tally.fullFlushes++
    const free: number[] = []
    for (const head of wanted) {
      let pages = this.#remap(head)
      if (pages === undefined && free.length > 0) {
        // What the others gave back may be the memory that is missing.
        this.tally.fullFlushes++
        this.#release(free.splice(0))
        pages = this.#remap(head)
      }
      if (pages === undefined) this.tally.failed++
      else free.push(...pages)
    }
    this.tally.fullFlushes++
    this.#release(free)
  }

  /** One folio with flushes of its own. Answers the frames that are free then. */
  #optimiseAlone(head: number): readonly number[] {
    const pages = this.#remap(head)
    if (pages === undefined) {
      this.tally.failed++
      return []
    }
    const { vmemmapPages } = this.saving(this.world.folios.order(head))
    // Up to 6.1 the first page is not touched, nor flushed.
    this.#flushRange(vmemmapPages - (this.world.kernel.vmemmap.copiesHead ? 0 : 1))
    return pages
  }

  /** Splits the leaves of all folios until there is no memory for one; true where any was split. */
  #splitAll(heads: readonly number[]): boolean {
    const before = this.tally.splits
    for (const head of heads) if (!this.#splitFor(head)) break
    return this.tally.splits > before
  }

  /** Splits what leaves map the folio's vmemmap; false without memory for a table. */
  #splitFor(head: number): boolean {
    if (!this.#hasLeaves) return true
    const [first, pages] = this.#range(head)
    const span = this.world.geometry.tableEntries
    for (let range = Math.floor(first / span); range * span < first + pages; range++) {
      if (this.#split.has(range)) continue
      if (this.#take() < 0) return false
      this.#split.add(range)
      this.tally.splits++
    }
    return true
  }

  /** `vmemmap_remap_free` without its flush: answers the frames nothing maps any more, nothing without memory. */
  #remap(head: number): readonly number[] | undefined {
    const { folios, kernel } = this.world
    const { kept, copiesHead } = kernel.vmemmap
    if (!this.#splitFor(head)) return undefined
    const order = folios.order(head)
    const [first, pages] = this.#range(head)
    const free: number[] = []
    if (copiesHead) {
      const copy = this.#take()
      // Without memory for it the old page stays.
      if (copy >= 0) {
        free.push(this.frameOf(first))
        this.#map(first, copy)
        this.tally.copies++
      }
    }
    const reused = this.frameOf(first + kept - 1)
    for (let page = first + kept; page < first + pages; page++) {
      free.push(this.frameOf(page))
      this.#map(page, reused)
    }
    this.#optimised.set(head, order)
    this.tally.optimised++
    return free
  }

  /**
   * `hugetlb_vmemmap_restore_folio`: gives the folio all of its vmemmap pages again, which must be there at
   * once; false, and nothing changed, without memory. True for one that is not optimised.
   */
  restore(head: number, flush = true): boolean {
    const order = this.#optimised.get(head)
    if (order === undefined) return true
    const { kept, waitsForReaders } = this.world.kernel.vmemmap
    const [first, pages] = this.#range(head)
    if (waitsForReaders) this.tally.waits++
    const fresh: number[] = []
    while (fresh.length < pages - kept) {
      const frame = this.#take()
      if (frame < 0) {
        this.#release(fresh)
        this.tally.failed++
        return false
      }
      fresh.push(frame)
    }
    for (let i = 0; i < fresh.length; i++) {
      this.#map(first + kept + i, fresh[i])
      this.tally.copies++
    }
    this.#optimised.delete(head)
    this.tally.restored++
    if (flush) this.#flushRange(pages - kept)
    return true
  }

  /** Which of the folios are whole, or could be made so, in order; by a batched kernel with one flush for all. */
  leaving(heads: readonly number[]): readonly number[] {
    const { batched } = this.world.kernel.vmemmap
    const before = this.tally.restored
    const whole = heads.filter((head) => this.restore(head, !batched))
    if (batched && this.tally.restored > before) this.tally.fullFlushes++
    return whole
  }

  /** The entries of a folio's vmemmap, in order; of those that share a page with neighbours, that page. */
  entries(head: number): VmemmapEntry[] {
    const { kept } = this.world.kernel.vmemmap
    const [first, pages] = this.#range(head)
    const optimised = this.isOptimised(head)
    return Array.from({ length: pages }, (_, index) => {
      const leaf =
        this.#hasLeaves && !this.#split.has(Math.floor((first + index) / this.world.geometry.tableEntries))
      const shared = optimised && index >= kept
      return {
        index,
        frame: this.frameOf(first + index),
        writable: !shared,
        by: leaf ? 'leaf' : shared ? 'shared' : 'own'
      }
    })
  }

  /** The frame that vmemmap page `page` is mapped to. */
  frameOf(page: number): number {
    return this.#frames.get(page) ?? this.#base + page
  }

  /** 4K pages map the array by PMD leaves, the others by base pages. */
  get #hasLeaves(): boolean {
    return this.world.geometry.name === '4K'
  }

  /** First vmemmap page of a folio, and how many there are. */
  #range(head: number): [first: number, pages: number] {
    const perPage = this.world.geometry.pageSize / STRUCT_PAGE
    const pages = 2 ** this.world.folios.order(head) / perPage
    return [Math.floor(head / perPage), Math.max(1, pages)]
  }

  #map(page: number, frame: number): void {
    if (frame === this.#base + page) this.#frames.delete(page)
    else this.#frames.set(page, frame)
    this.tally.remaps++
  }

  /** A page of the page allocator, -1 without one. */
  #take(): number {
    const frame = this.world.folios.buddy.alloc(0)
    if (frame >= 0) this.tally.taken++
    return frame
  }

  #release(frames: readonly number[]): void {
    for (const frame of frames) this.world.folios.buddy.release(frame, 0)
    this.tally.freed += frames.length
  }

  #flushRange(pages: number): void {
    this.tally.rangeFlushes++
    this.tally.flushedPages += pages
  }
}
