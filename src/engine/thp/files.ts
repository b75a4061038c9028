/**
 * The files of `/sys/kernel/mm/transparent_hugepage/`, as each kernel version has them.
 * Source: reference `thp-sysfs.md` sections 1 and 3; linux-6.1 and linux-6.12 mm/huge_memory.c,
 * mm/khugepaged.c, mm/shmem.c.
 */
import { EngineError } from '../error'
import { hasFilesOf611 } from '../kernel/names'
import { startStopKhugepaged } from '../mm/khugepaged'
import { bool, boundedKeyword, bracketed, keyword, unsigned } from '../sysfs/parse'
import type { SysfsTree } from '../sysfs/tree'
import type { World } from '../world'
import { DEFRAG, SHMEM_ENABLED, SHMEM_SIZE_ENABLED, SIZE_ENABLED, TOP_ENABLED } from './settings'
import { anonOrders, fileOrders, sizeDirectory } from './sizes'
import { KHUGEPAGED_STATS, type ThpStatName } from './stats'

export const THP_ROOT = '/sys/kernel/mm/transparent_hugepage'

const EVERY_SIZE: readonly ThpStatName[] = ['swpout', 'swpout_fallback', 'split', 'split_failed']
const ANON_SIZE: readonly ThpStatName[] = [
  'anon_fault_alloc',
  'anon_fault_fallback',
  'anon_fault_fallback_charge',
  'split_deferred',
  'nr_anon',
  'nr_anon_partially_mapped'
]
/** What 6.10 counts of each anonymous size. */
const FIRST_STATS: readonly ThpStatName[] = [
  'anon_fault_alloc',
  'anon_fault_fallback',
  'anon_fault_fallback_charge',
  'swpout',
  'swpout_fallback'
]
/** What 6.11 does: shared memory too, but no gauges yet. */
const SECOND_STATS: readonly ThpStatName[] = [
  ...FIRST_STATS,
  'split',
  'split_failed',
  'split_deferred',
  'shmem_alloc',
  'shmem_fallback',
  'shmem_fallback_charge'
]
const SHMEM_SIZE: readonly ThpStatName[] = ['shmem_alloc', 'shmem_fallback', 'shmem_fallback_charge']

/** shmem_enabled copies what is written into so many bytes, the NUL at the end included. */
const SHMEM_BUFFER = 16

/** Adds the tree of the world's kernel. Reads and writes go to the world's settings and statistics. */
export function addThpFiles(tree: SysfsTree, world: World): void {
  addTopLevel(tree, world)
  addKhugepaged(tree, world)
  const { thpFiles } = world.kernel
  if (thpFiles === 'linux-6.1') return
  for (const order of anonOrders(world.geometry)) addAnonEnabled(tree, world, order)
  if (thpFiles === 'linux-6.8') return
  if (thpFiles === 'linux-6.10') {
    for (const order of anonOrders(world.geometry)) addStats(tree, world, order, FIRST_STATS)
    return
  }
  if (thpFiles === 'linux-6.11') {
    // Only 6.12 has a directory for what the page cache alone can be made of, and files that fit the size.
    for (const order of anonOrders(world.geometry)) {
      addShmemEnabled(tree, world, order)
      addStats(tree, world, order, SECOND_STATS)
    }
    return
  }
  for (const order of anonOrders(world.geometry)) addStats(tree, world, order, [...EVERY_SIZE, ...ANON_SIZE])
  for (const order of fileOrders(world.geometry)) {
    addShmemEnabled(tree, world, order)
    addStats(tree, world, order, [...EVERY_SIZE, ...SHMEM_SIZE])
  }
}

function addTopLevel(tree: SysfsTree, world: World): void {
  const { thp: settings, geometry, kernel } = world
  tree.add(`${THP_ROOT}/enabled`, {
    show: () => bracketed(TOP_ENABLED, settings.top),
    store: (text) => {
      settings.top = keyword(text, TOP_ENABLED)
      startStopKhugepaged(world)
    }
  })
  tree.add(`${THP_ROOT}/defrag`, {
    show: () => bracketed(DEFRAG, settings.defrag),
    store: (text) => {
      settings.defrag = keyword(text, DEFRAG)
    }
  })
  tree.add(`${THP_ROOT}/use_zero_page`, {
    show: () => String(settings.useZeroPage),
    store: (text) => {
      settings.useZeroPage = unsigned(text, { min: 0, max: 1, overflow: 'ERANGE' })
    }
  })
  tree.add(`${THP_ROOT}/hpage_pmd_size`, { show: () => String(geometry.pageSize * 2 ** geometry.pmdOrder) })
  tree.add(`${THP_ROOT}/shmem_enabled`, {
    show: () => bracketed(SHMEM_ENABLED, settings.shmem),
    store: (text) => {
      storeShmem(world, text)
    }
  })
  if (kernel.thpFiles !== 'linux-6.12') return
  tree.add(`${THP_ROOT}/shrink_underused`, {
    show: () => String(settings.shrinkUnderused),
    store: (text) => {
      settings.shrinkUnderused = bool(text) ? 1 : 0
    }
  })
}

/** With sizes of their own (6.11+), `force` needs the PMD size, and it alone, to inherit. */
function storeShmem({ thp: settings, kernel, geometry }: World, text: string): void {
  const value = boundedKeyword(text, SHMEM_ENABLED, SHMEM_BUFFER)
  const inherits = settings.shmemSizes.map(
    (size, order) => (size === 'inherit') === (order === geometry.pmdOrder)
  )
  if (value === 'force' && hasFilesOf611(kernel) && inherits.includes(false)) {
    throw new EngineError('EINVAL', 'force needs the PMD size, and no other, at inherit.')
  }
  settings.shmem = value
}

function addAnonEnabled(tree: SysfsTree, world: World, order: number): void {
  const { thp: settings, kernel, geometry } = world
  tree.add(`${THP_ROOT}/${sizeDirectory(geometry, order)}/enabled`, {
    show: () => bracketed(SIZE_ENABLED, settings.sizes[order]),
    store: (text) => {
      settings.sizes[order] = keyword(text, SIZE_ENABLED)
      // 6.8 to 6.10.3, and so 6.10 here, look at the thread only when the top level is written.
      if (hasFilesOf611(kernel)) startStopKhugepaged(world)
    }
  })
}

function addShmemEnabled(tree: SysfsTree, world: World, order: number): void {
  const { thp: settings, geometry } = world
  tree.add(`${THP_ROOT}/${sizeDirectory(geometry, order)}/shmem_enabled`, {
    show: () => bracketed(SHMEM_SIZE_ENABLED, settings.shmemSizes[order]),
    store: (text) => {
      const value = keyword(text, SHMEM_SIZE_ENABLED)
      if (value === 'inherit' && settings.shmem === 'force' && order !== geometry.pmdOrder) {
        throw new EngineError('EINVAL', 'inherit is for the PMD size only while shmem_enabled is force.')
      }
      settings.shmemSizes[order] = value
    }
  })
}

function addStats(tree: SysfsTree, world: World, order: number, names: readonly ThpStatName[]): void {
  const { thpStats, geometry } = world
  for (const name of names) {
    tree.add(`${THP_ROOT}/${sizeDirectory(geometry, order)}/stats/${name}`, {
      show: () => String(thpStats.get(order, name))
    })
  }
}

function addKhugepaged(tree: SysfsTree, { thp, thpStats, geometry }: World): void {
  const values = thp.khugepaged
  for (const name of KHUGEPAGED_STATS) {
    tree.add(`${THP_ROOT}/khugepaged/${name}`, { show: () => String(thpStats.getKhugepaged(name)) })
  }
  for (const name of Object.keys(values)) {
    const range = khugepagedRange(name, 2 ** geometry.pmdOrder)
    tree.add(`${THP_ROOT}/khugepaged/${name}`, {
      show: () => String(values[name]),
      store: (text) => {
        values[name] = unsigned(text, range)
      }
    })
  }
}

/** What the numbers of khugepaged take; the max_ptes files take 0 to one less than a PMD holds. */
function khugepagedRange(name: string, pmdPages: number): Parameters<typeof unsigned>[1] {
  if (name === 'defrag') return { min: 0, max: 1, overflow: 'ERANGE' }
  if (name.startsWith('max_ptes_')) return { min: 0, max: pmdPages - 1, overflow: 'EINVAL' }
  return { min: name === 'pages_to_scan' ? 1 : 0, max: 2 ** 32 - 1, overflow: 'EINVAL' }
}
