/**
 * Pools of HugeTLB pages, one a size: pages taken from the page allocator beforehand, those reserved
 * for mappings that have not touched them yet, and surplus pages allocated on demand.
 * Source: linux-6.1 and linux-6.12 mm/hugetlb.c (`set_max_huge_pages`, `hugetlb_acct_memory`,
 * `gather_surplus_pages`, `free_huge_folio`, `demote_pool_huge_page`), arch/arm64/mm/hugetlbpage.c;
 * recorded: `A.tree.hugepages`, `E.tree.hugepages`, `G.tree.hugepages`, `F.hugetlb.*`, `E.hugetlb.*`.
 */
import { EngineError } from '../error'
import { isModern } from '../kernel/names'
import { ANON, EXCLUSIVE, type FolioObserver } from '../mm/folio'
import { FN } from '../trace/functions'
import { VM } from '../trace/vmstat'
import type { World } from '../world'
import { hugeSize, hugetlbOrders, type HugeSize } from './sizes'
import { Vmemmap } from './vmemmap'

/** One pool. Counts are of HugeTLB pages, not of base pages. */
export class HugetlbPool {
  readonly size: HugeSize
  /** Free folios by first frame; the last one is handed out next. */
  readonly freeFolios: number[] = []
  /** Pages of the pool, free and in use, surplus ones included: `nr_huge_pages`. */
  total = 0
  /** Promised to mappings: `resv_huge_pages`. */
  reserved = 0
  /** Pages above what was asked for: `surplus_huge_pages`. */
  surplus = 0
  /** Surplus pages that there may be: `nr_overcommit_hugepages`. */
  overcommit = 0
  /**
   * Promises given back for pages that somebody else still held (6.9+). Until such a page is free one
   * promise too few is counted, and mappings may reserve that many pages too many meanwhile; what they
   * reserved stays without a page if it is then freed as a surplus one.
   */
  restoredEarly = 0
  /** Order that `demote` splits pages into; undefined where nothing smaller exists. */
  demoteOrder: number | undefined

  constructor(
    readonly world: World,
    readonly order: number,
    demoteOrder: number | undefined
  ) {
    this.size = hugeSize(world.geometry, order)
    this.demoteOrder = demoteOrder
  }

  get free(): number {
    return this.freeFolios.length
  }

  /** Free pages that nobody was promised: `available_huge_pages`. */
  get available(): number {
    return this.free - this.reserved
  }

  /** Pages that are not surplus. */
  get persistent(): number {
    return this.total - this.surplus
  }

  /** Larger than the page allocator gives: never surplus, and taken as a range. */
  get gigantic(): boolean {
    return this.order > this.world.geometry.maxOrder
  }

  /**
   * `set_max_huge_pages`, a write to `nr_hugepages`: surplus pages become ordinary ones first, then pages
   * are allocated, as many as there is memory for. Fewer: free pages that nobody reserved go back, and
   * if that is not enough those in use become surplus.
   */
  resize(pages: number): void {
    while (this.surplus > 0 && pages > this.persistent) this.surplus--
    const fresh: number[] = []
    while (pages > this.persistent + fresh.length) {
      const pfn = this.allocFresh()
      if (pfn < 0) break
      fresh.push(pfn)
    }
    this.#join(fresh)
    const least = Math.max(pages, this.reserved + this.total - this.free)
    const leaving: number[] = []
    while (least < this.persistent - leaving.length && leaving.length < this.free)
      leaving.push(this.freeFolios[this.free - 1 - leaving.length])
    this.release(leaving, false)
    while (pages < this.persistent && this.surplus < this.total) this.surplus++
  }

  /** `alloc_fresh_hugetlb_folio`: a folio for the pool, in no list yet; -1 without memory. */
  allocFresh(): number {
    const { folios, vm } = this.world
    const pfn = folios.allocPooled(this.order)
    // Ranges of frames are not the page allocator's: those events are not counted for them.
    if (!this.gigantic) vm[pfn < 0 ? VM.htlb_buddy_alloc_fail : VM.htlb_buddy_alloc_success]++
    return pfn
  }

  #join(heads: readonly number[]): void {
    for (const head of heads) {
      this.total++
      this.freeFolios.push(head)
    }
    this.world.hugetlb.vmemmap.joined(heads)
  }

  /**
   * Free folios go back to the page allocator (`remove_hugetlb_folio`, `update_and_free_hugetlb_folio`);
   * `asSurplus`: they were surplus. Those whose struct pages cannot be made whole stay, as surplus ones.
   */
  release(heads: readonly number[], asSurplus: boolean): void {
    if (heads.length === 0) return
    if (asSurplus) this.surplus -= heads.length
    let left = heads
    while (left.length > 0) {
      const whole = this.world.hugetlb.vmemmap.leaving(left)
      // Freeing those may be the memory that the others need.
      for (const head of whole) this.world.folios.unpooled(head, true)
      this.#forget(new Set(whole))
      this.total -= whole.length
      left = left.filter((head) => !whole.includes(head))
      if (whole.length > 0) continue
      this.surplus += left.length
      return
    }
  }

  #forget(gone: ReadonlySet<number>): void {
    let kept = 0
    for (const head of this.freeFolios) if (!gone.has(head)) this.freeFolios[kept++] = head
    this.freeFolios.length = kept
  }

  /** `dequeue_hugetlb_folio_nodemask`: a free folio, with one reference; the pool must have one. */
  dequeue(): number {
    if (isModern(this.world)) this.world.calls[FN.dequeue_hugetlb_folio_nodemask]++
    const pfn = this.freeFolios.pop()
    if (pfn === undefined) throw new Error(`the pool of order ${this.order} is empty`)
    this.world.folios.addRefs(pfn, 1)
    return pfn
  }

  /** `enqueue_hugetlb_folio`. */
  enqueue(head: number): void {
    if (isModern(this.world)) this.world.calls[FN.enqueue_hugetlb_folio]++
    this.freeFolios.push(head)
  }

  /** `alloc_surplus_hugetlb_folio`: a folio beyond the pool's size, held by nobody; -1 where that is not allowed or possible. */
  allocSurplus(): number {
    if (isModern(this.world)) this.world.calls[FN.alloc_surplus_hugetlb_folio]++
    if (this.gigantic || this.surplus >= this.overcommit) return -1
    const pfn = this.allocFresh()
    if (pfn < 0) return -1
    this.surplus++
    this.total++
    this.world.hugetlb.vmemmap.joined([pfn])
    return pfn
  }

  /** `hugetlb_acct_memory` of `pages` more: reserves them, with surplus pages if need be. False: ENOMEM. */
  reserve(pages: number): boolean {
    const extra: number[] = []
    while (this.reserved + pages > this.free + extra.length) {
      const pfn = this.allocSurplus()
      if (pfn < 0) break
      extra.push(pfn)
    }
    for (const pfn of extra) this.enqueue(pfn)
    if (this.reserved + pages <= this.free) {
      this.reserved += pages
      return true
    }
    this.#releaseSurplus(extra.length)
    return false
  }

  /** `hugetlb_acct_memory` of fewer: the promise is taken back, and surplus pages that served it go. */
  unreserve(pages: number): void {
    this.reserved -= pages
    this.#releaseSurplus(Math.min(pages, this.surplus))
  }

  #releaseSurplus(pages: number): void {
    this.release(this.freeFolios.slice(this.free - Math.min(pages, this.free)), true)
  }

  /**
   * `free_huge_folio`: nobody holds the folio any more. A surplus page goes to the page allocator, any
   * other one is free in the pool; `restoreReserve` gives back the promise it was taken under.
   */
  freed(head: number, restoreReserve: boolean): void {
    const { folios, calls } = this.world
    if (isModern(this.world)) calls[FN.free_huge_folio]++
    else calls[FN.destroy_large_folio]++
    calls[FN.hugetlb_cgroup_uncharge_folio]++
    calls[FN.hugetlb_cgroup_uncharge_folio_rsvd]++
    if (folios.isExclusive(head)) folios.addWord(head, -EXCLUSIVE)
    // Of a shared mapping before: pages of a pool count as anonymous until a file has them.
    if ((folios.word(head) & ANON) === 0)
      for (let i = 0; i < this.size.pages; i++) folios.addWord(head + i, ANON)
    folios.setFlags(head, 0, -1)
    folios.setAnonVma(head, 0)
    if (restoreReserve) this.reserved++
    if (this.surplus === 0) {
      this.enqueue(head)
      return
    }
    this.freeFolios.push(head)
    this.release([head], true)
  }

  /**
   * `demote_pool_huge_page`, a write to `demote`: splits up to `pages` free pages that nobody reserved
   * into pages of `demoteOrder`, which the pool of that size gets.
   */
  demote(pages: number): void {
    const { demoteOrder } = this
    const target = demoteOrder === undefined ? undefined : this.world.hugetlb.pool(demoteOrder)
    if (target === undefined) return
    const { folios, hugetlb } = this.world
    const { vmemmap } = hugetlb
    for (let left = pages; left > 0 && this.available > 0; left--) {
      const head = this.freeFolios[this.free - 1]
      if (!vmemmap.restore(head)) return
      this.freeFolios.pop()
      this.total--
      folios.unpooled(head, false)
      const parts: number[] = []
      for (let at = head; at < head + this.size.pages; at += target.size.pages) {
        folios.pooled(at, target.order)
        parts.push(at)
      }
      target.#join(parts)
    }
  }

  /** `demote_size_store`: `EINVAL` for what is no size of a pool, not smaller, or below the PMD's. */
  setDemoteSize(bytes: bigint): void {
    const { geometry, hugetlb } = this.world
    const smaller = hugetlb.pools.find(
      ({ order }) => BigInt(geometry.pageSize) << BigInt(order) === bytes
    )?.order
    if (smaller === undefined || smaller < geometry.pmdOrder || smaller >= this.order) {
      throw new EngineError('EINVAL', 'pages are demoted to a smaller HugeTLB size, from the PMD size on.')
    }
    this.demoteOrder = smaller
  }
}

/** All pools of a machine: what the kernel calls hstates. */
export class Hugetlb implements FolioObserver {
  /** Smallest pages first. */
  readonly pools: readonly HugetlbPool[]
  /** Folios taken under a reservation and not mapped yet: freeing one gives the promise back. */
  readonly restoreReserve = new Set<number>()

  readonly vmemmap: Vmemmap

  /** `forceVmemmap`: vmemmap optimisation is built in although the kernel's configuration has it not. */
  constructor(
    readonly world: World,
    forceVmemmap = false
  ) {
    this.vmemmap = new Vmemmap(world, forceVmemmap)
    const orders = hugetlbOrders(world.geometry)
    this.pools = orders.map((order, i) => new HugetlbPool(world, order, i === 0 ? undefined : orders[i - 1]))
  }

  /** The pool of a size; undefined where there is no such size. */
  pool(order: number): HugetlbPool | undefined {
    return this.pools.find((each) => each.order === order)
  }

  /** The last reference to a HugeTLB folio went. */
  freed(head: number, order: number): void {
    this.pool(order)?.freed(head, this.restoreReserve.delete(head))
  }

  /** Folios that are free in a pool, by first frame. */
  freeFolios(): Set<number> {
    return new Set(this.pools.flatMap(({ freeFolios }) => freeFolios))
  }
}
