import { addHugetlbFiles } from '../hugetlb/files'
import { addNeighbours } from '../sysfs/neighbours'
import { SysfsTree } from '../sysfs/tree'
import type { World } from '../world'
import { addThpFiles, THP_ROOT } from './files'

/**
 * The files under `/sys/kernel/mm/` and `/proc/` that concern huge pages, as the machine's kernel has them. Paths
 * that do not begin with a slash start from `transparent_hugepage/`. Scripts, the console and the
 * comparison with real kernels all go through this one.
 */
export class Sysfs extends SysfsTree {
  readonly #world: World

  constructor(world: World) {
    super(THP_ROOT, world.geometry.pageSize)
    this.#world = world
    addThpFiles(this, world)
    addHugetlbFiles(this, world)
    addNeighbours(this, world)
    this.add('/proc/cmdline', { show: () => world.commandLine })
  }

  /** As any sysfs file is written; a trace is told what was accepted. */
  override write(path: string, value: string, from?: string): number {
    const taken = super.write(path, value, from)
    const { trace } = this.#world
    if (value === '' || trace === undefined) return taken
    // From wherever it was written: as seen from the root.
    const place = this.resolve(path, from)
    const shown = place.startsWith(`${this.root}/`) ? place.slice(this.root.length + 1) : place
    trace.note('sysfs-write', 0, 0, 0, 0, trace.log.text(`${shown} = ${value.trim()}`))
    return taken
  }
}
