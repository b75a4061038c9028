/**
 * The recording program's own memory, as far as settings files tell of it: the statistics of large
 * folios, and what khugepaged did for it.
 *
 * Nobody recorded its mappings. What is here is the least that gives the statistics of every recorded
 * kernel start (`A.boot.*`), by the simulator's own faults under the settings of that start. Two
 * programs ran one after the other; the first is gone.
 */
import { MMF_VM_HUGEPAGE, type Mm } from '../../engine/mm/mm'
import { newMm } from '../../engine/mm/fork'
import * as sys from '../../engine/syscalls'
import { World, type WorldConfig } from '../../engine/world'

/** What every recorded kernel was started with, before what a boot adds. */
export const RECORDER_COMMAND_LINE =
  'console=ttyAMA0 loglevel=1 nokaslr norandmaps kpti=off numa_balancing=disable init_on_alloc=0'

const PAGES_64K = 16
const PAGES_256K = 64
const PAGES_2M = 512
/** A stack after exec: the page of arguments, and 128 KiB below it. */
const STACK_PAGES = 33
const STACK_END = 2 ** 24
const SMALL = 2 ** 22
const LARGE = 2 ** 23

/** What the recorder set both sleep times of khugepaged to, so that it sleeps for ever. */
const FOR_EVER = '4000000000'

/** How the kernel that a case runs on was started and used before the case. */
export interface Recorder {
  /** Statistics by order and name, as `ThpStats.values`. */
  readonly stats: Float64Array
  readonly fullScans: number
  /** Values that the recorder itself wrote, by path. */
  readonly written: readonly (readonly [path: string, value: string])[]
}

/** The recorder on a kernel of its own, started like that of the case. */
export function recordedStart(config: WorldConfig): Recorder {
  const world = new World(config)
  const first = newMm(world, 1)
  stack(world, first, 3)
  touch(world, first, SMALL, PAGES_256K, PAGES_64K)
  sys.sysExit(world, first)
  const second = newMm(world, 2)
  stack(world, second, 1)
  touch(world, second, SMALL, PAGES_256K, PAGES_256K / 2)
  // An mmap of whole PMD leaves is aligned to them from 6.7 on.
  const shift = world.kernel.remapRealigns ? 0 : PAGES_64K
  touch(world, second, LARGE + shift, PAGES_2M, PAGES_2M)
  return {
    stats: world.thpStats.values,
    fullScans: isScanned(world, second) ? 2 : 0,
    written: [
      ['khugepaged/scan_sleep_millisecs', FOR_EVER],
      ['khugepaged/alloc_sleep_millisecs', FOR_EVER]
    ]
  }
}

/**
 * Whether khugepaged knows the program: each of the two writes of sleep times then wakes it for a scan.
 * With 16K pages it does too, by a mapping that is not known.
 */
function isScanned({ thp, geometry }: World, mm: Mm): boolean {
  if (!thp.khugepagedRuns) return false
  return (mm.flags & MMF_VM_HUGEPAGE) !== 0 || geometry.name === '16K'
}

/**
 * Touches a stack downwards: the page of arguments, then one page in each of the `depth` blocks below
 * it that double in size, as far as they are empty.
 */
function stack(world: World, mm: Mm, depth: number): void {
  map(world, mm, STACK_END - 1, 1)
  store(world, mm, STACK_END - 1)
  map(world, mm, STACK_END - STACK_PAGES, STACK_PAGES - 1)
  for (let block = 0, below = 4; block < depth; block++, below *= 2) store(world, mm, STACK_END - below - 1)
}

/** Maps a range and touches every `step`th page. */
function touch(world: World, mm: Mm, vpn: number, pages: number, step: number): void {
  map(world, mm, vpn, pages)
  for (let page = 0; page < pages; page += step) store(world, mm, vpn + page)
}

function map(world: World, mm: Mm, vpn: number, pages: number): void {
  sys.sysMmap(world, mm, { vpn, pages, prot: 'rw' })
}

function store(world: World, mm: Mm, vpn: number): void {
  sys.userWrite(world, mm, vpn, 1, 1, () => 1)
}
