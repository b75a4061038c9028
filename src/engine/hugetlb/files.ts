/**
 * The files of HugeTLB pools: `/sys/kernel/mm/hugepages/`, a directory a pool, and those of the default
 * size in `/proc/sys/vm/`.
 * Source: linux-6.1 and linux-6.12 mm/hugetlb.c, mm/hugetlb_vmemmap.c; recorded, see `pools.ts`.
 */
import type { Geometry } from '../arch/granule'
import { EngineError } from '../error'
import { memparse, unsigned } from '../sysfs/parse'
import type { SysfsFile, SysfsTree } from '../sysfs/tree'
import { sizeDirectory } from '../thp/sizes'
import type { World } from '../world'
import type { HugetlbPool } from './pools'

export const HUGETLB_ROOT = '/sys/kernel/mm/hugepages'

const SYSCTL = '/proc/sys/vm'

const COUNT = { min: 0, max: Number.MAX_SAFE_INTEGER, overflow: 'ERANGE' } as const

/** Adds the directory of every pool, and the sysctls. */
export function addHugetlbFiles(tree: SysfsTree, world: World): void {
  const { geometry, hugetlb } = world
  for (const pool of hugetlb.pools) {
    const directory = `${HUGETLB_ROOT}/${sizeDirectory(geometry, pool.order)}`
    for (const [name, file] of Object.entries(poolFiles(geometry, pool)))
      tree.add(`${directory}/${name}`, file)
  }
  const byDefault = hugetlb.pool(geometry.pmdOrder)
  if (byDefault !== undefined) {
    tree.add(`${SYSCTL}/nr_hugepages`, resizeFile(byDefault))
    tree.add(`${SYSCTL}/nr_hugepages_mempolicy`, resizeFile(byDefault))
    tree.add(`${SYSCTL}/nr_overcommit_hugepages`, overcommitFile(geometry, byDefault))
  }
  const { vmemmap } = hugetlb
  // The sysctl is registered only where some size can be optimised.
  if (!vmemmap.optimisable) return
  tree.add(`${SYSCTL}/hugetlb_optimize_vmemmap`, {
    show: () => (vmemmap.enabled ? '1' : '0'),
    store: (text) => {
      vmemmap.enabled = unsigned(text, { min: 0, max: 1, overflow: 'EINVAL' }) === 1
    }
  })
}

function resizeFile(pool: HugetlbPool): SysfsFile {
  return {
    show: () => String(pool.total),
    store: (text) => {
      pool.resize(unsigned(text, COUNT))
    }
  }
}

function overcommitFile(geometry: Geometry, pool: HugetlbPool): SysfsFile {
  return {
    show: () => String(pool.overcommit),
    store: (text) => {
      if (pool.order > geometry.maxOrder) {
        throw new EngineError('EINVAL', 'pages larger than the page allocator gives are never surplus.')
      }
      pool.overcommit = unsigned(text, COUNT)
    }
  }
}

function poolFiles(geometry: Geometry, pool: HugetlbPool): Record<string, SysfsFile> {
  const resize = resizeFile(pool)
  return {
    free_hugepages: { show: () => String(pool.free) },
    nr_hugepages: resize,
    nr_hugepages_mempolicy: resize,
    nr_overcommit_hugepages: overcommitFile(geometry, pool),
    // One short of none where a promise was restored early.
    resv_hugepages: { show: () => String(BigInt.asUintN(64, BigInt(pool.reserved))) },
    surplus_hugepages: { show: () => String(pool.surplus) },
    ...(pool.demoteOrder !== undefined && demoteFiles(geometry, pool, pool.demoteOrder))
  }
}

function demoteFiles(geometry: Geometry, pool: HugetlbPool, order: number): Record<string, SysfsFile> {
  return {
    demote: {
      store: (text) => {
        pool.demote(unsigned(text, COUNT))
      }
    },
    demote_size: {
      show: () => `${(geometry.pageSize / 1024) * 2 ** (pool.demoteOrder ?? order)}kB`,
      store: (text) => {
        pool.setDemoteSize(memparse(text))
      }
    }
  }
}
