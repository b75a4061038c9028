/** The calls of `machine.hugetlb`: sizes travel as scripts write them, pools and the vmemmap as plain copies. */
import type { HugetlbPool } from '../../engine/hugetlb/pools'
import type { World } from '../../engine/world'
import { bad, bytes, whole } from './arguments'
import type { Handles } from './calls'

type Call = (handles: Handles, args: readonly unknown[]) => unknown

/** The pool of a size that a script names. */
function poolOf(world: World, size: unknown): HugetlbPool {
  const wanted = bytes('hugetlb', 'the size', size)
  const { pageSize } = world.geometry
  const found = world.hugetlb.pools.find(({ size: { pages } }) => pages * pageSize === wanted)
  if (found !== undefined) return found
  const sizes = world.hugetlb.pools.map(({ size: { pages } }) => pages * pageSize)
  throw bad(`hugetlb: no pages of ${String(size)}; the sizes in bytes are ${sizes.join(', ')}`)
}

function poolInfo(world: World, pool: HugetlbPool): object {
  const { geometry, hugetlb } = world
  const { order, total, free, reserved, surplus, overcommit } = pool
  const { vmemmapPages, freedPages, freedBytes } = hugetlb.vmemmap.saving(order)
  const optimisable = hugetlb.vmemmap.saves(order)
  return {
    bytes: pool.size.pages * geometry.pageSize,
    order,
    entries: pool.size.entries,
    level: ['pte', 'pmd', 'pud'][pool.size.depth],
    total,
    free,
    reserved,
    surplus,
    overcommit,
    vmemmap: { pages: vmemmapPages, freed: freedPages, bytes: freedBytes, optimisable }
  }
}

function vmemmapInfo({ hugetlb, geometry }: World): object {
  const { vmemmap } = hugetlb
  return {
    present: vmemmap.present,
    enabled: vmemmap.enabled,
    folios: vmemmap.folios,
    savedPages: vmemmap.savedPages,
    savedBytes: vmemmap.savedPages * geometry.pageSize,
    tables: vmemmap.tables,
    tally: { ...vmemmap.tally }
  }
}

/** The world of a machine that is not in the middle of an operation. */
function idle(handles: Handles, id: unknown, what: string): World {
  const machine = handles.machineAt(id)
  machine.refuseInStep(what)
  return machine.world
}

/** Every call by name. */
export const HUGETLB_CALLS: Readonly<Record<string, Call>> = {
  'hugetlb.pools': (handles, [id]) => {
    const { world } = handles.machineAt(id)
    return world.hugetlb.pools.map((pool) => poolInfo(world, pool))
  },
  'hugetlb.pool': (handles, [id, size]) => {
    const { world } = handles.machineAt(id)
    return poolInfo(world, poolOf(world, size))
  },
  'hugetlb.resize': (handles, [id, size, pages]) => {
    const pool = poolOf(idle(handles, id, 'hugetlb.resize'), size)
    pool.resize(whole('hugetlb: resize: pages', pages))
    return pool.total
  },
  'hugetlb.optimise': (handles, [id, size]) => {
    const world = idle(handles, id, 'hugetlb.optimise')
    const { vmemmap } = world.hugetlb
    const before = vmemmap.tally.optimised
    vmemmap.optimise(poolOf(world, size).freeFolios)
    return vmemmap.tally.optimised - before
  },
  'hugetlb.restore': (handles, [id, size]) => {
    const world = idle(handles, id, 'hugetlb.restore')
    const { vmemmap } = world.hugetlb
    const before = vmemmap.tally.restored
    vmemmap.leaving(poolOf(world, size).freeFolios)
    return vmemmap.tally.restored - before
  },
  'hugetlb.vmemmap': (handles, [id]) => vmemmapInfo(handles.machineAt(id).world),
  'hugetlb.entries': (handles, [id, size, number]) => {
    const { world } = handles.machineAt(id)
    const pool = poolOf(world, size)
    const at = whole('hugetlb: entries: the page', number)
    if (at >= pool.free)
      throw bad(`hugetlb: entries: ${pool.free} pages of that size are free, no page ${at}`)
    return world.hugetlb.vmemmap.entries(pool.freeFolios[at])
  }
}
