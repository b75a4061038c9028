/**
 * mmap(MAP_HUGETLB). Source: linux-6.1 and linux-6.12 mm/mmap.c (`ksys_mmap_pgoff`),
 * fs/hugetlbfs/inode.c (`hugetlb_file_setup`, `hugetlbfs_file_mmap`), mm/hugetlb.c
 * (`hugetlb_reserve_pages`); recorded counts.
 */
import { EngineError } from '../error'
import { isModern } from '../kernel/names'
import { khugepagedEnterVma } from '../mm/khugepaged'
import { VM_DONTEXPAND, VM_HUGETLB, VM_SHARED, type Mm, type Vma } from '../mm/mm'
import { munmapRange } from '../mm/zap'
import { FN } from '../trace/functions'
import type { World } from '../world'
import { HugetlbFile } from './file'

/** What is mapped. */
export interface HugeMmap {
  readonly vpn: number
  /** Base pages; rounded up to whole HugeTLB pages. */
  readonly pages: number
  /** Order of the HugeTLB pages. */
  readonly order: number
  /** VM_* flags: access, VM_MAYWRITE, VM_SHARED. */
  readonly flags: number
  /** Without MAP_NORESERVE: every page is reserved now, so that no fault lacks one. */
  readonly reserve: boolean
}

/**
 * Maps HugeTLB pages at a fixed place, in the place of what was there. `EINVAL` for a size that is none,
 * or an address that is no multiple of it; `ENOMEM` where the pool cannot promise so many pages.
 */
export function mmapHugetlb(world: World, mm: Mm, { vpn, pages, order, flags, reserve }: HugeMmap): void {
  const { calls } = world
  const pool = world.hugetlb.pool(order)
  if (pool === undefined) throw new EngineError('EINVAL', `EINVAL: mmap: no HugeTLB pages of order ${order}.`)
  const { size } = pool
  const file = new HugetlbFile(pool)
  const nr = Math.ceil(pages / size.pages)
  calls[FN.hugetlb_file_setup]++
  calls[FN.hugetlb_reserve_pages]++
  calls[FN.hugetlb_vma_lock_alloc]++
  calls[FN.hugetlb_get_unmapped_area]++
  if (vpn % size.pages !== 0) {
    file.evict(world)
    throw new EngineError('EINVAL', `EINVAL: mmap: page ${vpn} is no multiple of ${size.pages} pages.`)
  }
  const end = vpn + nr * size.pages
  unmapOld(world, mm, vpn, end, file)
  calls[FN.hugetlb_reserve_pages]++
  calls[FN.hugetlb_vma_lock_alloc]++
  const shared = (flags & VM_SHARED) !== 0
  if (reserve) {
    calls[FN.hugetlb_cgroup_charge_cgroup_rsvd]++
    if (!pool.reserve(nr)) {
      calls[FN.hugetlb_cgroup_uncharge_cgroup_rsvd]++
      calls[FN.hugetlb_vma_lock_free]++
      file.evict(world)
      throw new EngineError(
        'ENOMEM',
        `ENOMEM: mmap: the pool has ${pool.available} HugeTLB pages for ${nr} to be reserved.`
      )
    }
    if (shared) for (let index = 0; index < nr; index++) file.promised.add(index)
  }
  const vma: Vma = {
    start: vpn,
    end,
    flags: flags | VM_HUGETLB | VM_DONTEXPAND,
    anonVma: 0,
    pgoff: 0,
    inherited: 0,
    file,
    huge: { order, ...(reserve && !shared && { consumed: new Set<number>() }) }
  }
  mm.insertVma(vma)
  khugepagedEnterVma(world, mm, vma, vma.flags)
}

/** What lay there goes first; 6.1 answers ENOMEM for whatever hinders that. */
function unmapOld(world: World, mm: Mm, start: number, end: number, file: HugetlbFile): void {
  try {
    munmapRange(world, mm, start, end)
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    file.evict(world)
    throw isModern(world) ? error : new EngineError('ENOMEM', error.message)
  }
}
