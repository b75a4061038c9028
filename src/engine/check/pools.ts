/** HugeTLB pools: what their counts say is what their folios are. */
import { unusedPromises } from '../hugetlb/close'
import { HugetlbFile } from '../hugetlb/file'
import type { HugetlbPool } from '../hugetlb/pools'
import { HUGETLB } from '../mm/folio'
import type { World } from '../world'
import { forEachPage } from './census'
import type { Check, Violation } from './violation'

/**
 * Every folio of a pool is free in it, once and held by nobody, or in use. Promises are those that
 * mappings and files hold; no more pages are promised than are free, but for those that a kernel restored
 * early (`HugetlbPool.restoredEarly`). No more are surplus than there are.
 */
export const checkPools: Check = (world) => {
  const counted = new Map<number, number>()
  forEachPage(world, (pfn) => {
    if ((world.folios.word(pfn) & HUGETLB) === 0 || world.folios.head(pfn) !== pfn) return
    const order = world.folios.order(pfn)
    counted.set(order, (counted.get(order) ?? 0) + 1)
  })
  for (const pool of world.hugetlb.pools) {
    const found = wrong(world, pool, counted.get(pool.order) ?? 0)
    if (found !== undefined) return { rule: 'hugetlb-pool', object: `the pool of order ${pool.order}`, found }
  }
  return undefined
}

function wrong(world: World, pool: HugetlbPool, folioCount: number): string | undefined {
  const { folios } = world
  if (pool.total !== folioCount) return `${pool.total} pages accounted, ${folioCount} found`
  const promises = heldPromises(world, pool)
  if (pool.reserved !== promises)
    return `${pool.reserved} pages promised, mappings and files hold ${promises} promises`
  if (pool.reserved > pool.free + pool.restoredEarly)
    return `${pool.reserved} pages promised, ${pool.free} free`
  if (pool.surplus < 0 || pool.surplus > pool.total) return `${pool.surplus} of ${pool.total} pages surplus`
  const held = pool.freeFolios.find((head) => folios.refcount(head) !== 0)
  if (held !== undefined) return `folio ${held} is free and has ${folios.refcount(held)} references`
  return new Set(pool.freeFolios).size === pool.free ? undefined : 'a folio is free in it twice'
}

/**
 * Pages that a pool owes: to private mappings, for what they reserved and did not use up, to files, for
 * what no page is there yet. A page whose promise was restored, and which somebody holds, is still to be counted.
 */
function heldPromises({ mms, folios, hugetlb }: World, pool: HugetlbPool): number {
  let promises = 0
  const files = new Set<HugetlbFile>()
  for (const { vmas } of mms) {
    for (const vma of vmas) {
      if (vma.huge?.order !== pool.order) continue
      if (vma.file instanceof HugetlbFile) files.add(vma.file)
      promises += unusedPromises(vma, pool.size.pages)
    }
  }
  for (const { promised } of files) promises += promised.size
  for (const head of hugetlb.restoreReserve) if (folios.order(head) === pool.order) promises--
  return promises
}

/** References that files of shared HugeTLB mappings hold, by first frame. */
export function filePages(world: World): ReadonlySet<number> {
  const files = new Set(world.mms.flatMap(({ vmas }) => vmas.map(({ file }) => file)))
  return new Set([...files].flatMap((file) => (file instanceof HugetlbFile ? [...file.pages.values()] : [])))
}

/** What is wrong with the references of the HugeTLB folio at `head`, which `held` of them account for. */
export function poolReference(world: World, head: number, held: number): Violation | undefined {
  const { folios, hugetlb } = world
  const refcount = folios.refcount(head)
  const free = hugetlb.pool(folios.order(head))?.freeFolios.includes(head) === true
  if (refcount === held && free === (held === 0)) return undefined
  return {
    rule: 'leaked-reference',
    object: `HugeTLB folio ${head} of order ${folios.order(head)}`,
    found: `refcount ${refcount}, ${held} that hold it, ${free ? 'free' : 'not free'} in its pool`
  }
}
