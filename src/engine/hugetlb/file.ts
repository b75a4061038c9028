/**
 * The file of a HugeTLB mapping: MAP_ANONYMOUS ones have one too, on an internal hugetlbfs. A private
 * mapping leaves it empty; the pages of a shared one lie in it.
 * Source: linux-6.1 and linux-6.12 fs/hugetlbfs/inode.c (`hugetlb_file_setup`, `hugetlbfs_evict_inode`).
 */
import type { MappedFile } from '../mm/mm'
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { HugetlbPool } from './pools'

/** One such file. */
export class HugetlbFile implements MappedFile {
  readonly name = '/anon_hugepage (deleted)'
  /** First frames of its pages, by index. */
  readonly #pages = new Map<number, number>()
  /** Indices that a shared mapping reserved and nobody used up yet. */
  readonly promised = new Set<number>()

  constructor(readonly pool: HugetlbPool) {}

  /** The page at an index, -1 where there is none. */
  find(index: number): number {
    return this.#pages.get(index) ?? -1
  }

  add(index: number, pfn: number): void {
    this.#pages.set(index, pfn)
  }

  /** References that the file holds: one of each page. */
  get pages(): ReadonlyMap<number, number> {
    return this.#pages
  }

  /** Its last mapping is gone: pages and what was promised go back to the pool. */
  evict(world: World): void {
    world.calls[FN.hugetlb_unreserve_pages]++
    for (const pfn of this.#pages.values()) world.folios.put(pfn)
    this.#pages.clear()
    this.pool.unreserve(this.promised.size)
    this.promised.clear()
  }
}
