/**
 * Worlds put together by hand, below processes and faults: for tests, benchmarks and calibration that
 * need folios mapped in a way no fault would choose.
 */
import { CONT } from '../arch/descriptor'
import type { GranuleName } from '../arch/granule'
import type { CpuFeatures } from '../arch/cpu'
import { kernelByName } from '../kernel'
import { mapNewAnonFolio } from '../mm/fault-anon'
import { newMm } from '../mm/fork'
import { anonymousVma, VM_MAYWRITE, VM_READ, VM_WRITE, type Mm, type Vma } from '../mm/mm'
import { makeSlot } from '../mm/walk'
import { COUNTER_INDEX, type CounterName } from '../trace/counters'
import { World } from '../world'

/** What to map. */
export interface FixtureOptions {
  readonly kernel: string
  /** Pages of the one VMA. */
  readonly pages: number
  /** Order of the folios that fill it, each aligned in it; -1 leaves it empty. */
  readonly order: number
  /** First page of the VMA. Default 1 GiB. */
  readonly vpn?: number
  readonly granule?: GranuleName
  readonly cpu?: CpuFeatures
  /** Memory of the machine. Default 16 GiB. */
  readonly memoryBytes?: number
  /** Size of the swap area. Default none. */
  readonly swapBytes?: number
}

/** A world with one mm and one VMA, filled with writable, dirty, exclusive anonymous folios. */
export interface Fixture {
  readonly world: World
  readonly mm: Mm
  readonly vma: Vma
  /** The slot of page `page` of the VMA. */
  slot(page: number): number
  /** What was counted on behalf of the mm since the fixture was made or last asked. */
  spent(): (name: CounterName) => number
}

/** Maps folios of any order by last-level entries, whatever the sysfs settings. */
export function fixture(options: FixtureOptions): Fixture {
  const { kernel, pages, order, granule = '4K', cpu, memoryBytes = 2 ** 34, swapBytes } = options
  const world = new World({ kernel: kernelByName(kernel), granule, memoryBytes, cpu, swapBytes })
  const start = options.vpn ?? 2 ** 30 / world.geometry.pageSize
  const mm = newMm(world, 1)
  const vma: Vma = { ...anonymousVma(start, start + pages, VM_READ | VM_WRITE | VM_MAYWRITE), anonVma: 1 }
  mm.insertVma(vma)
  world.anonVmas = 1
  for (let page = 0; order >= 0 && page < pages; page += 2 ** order) {
    mapNewAnonFolio(world, mm, vma, makeSlot(world, mm, start + page), world.folios.alloc(order), order)
  }
  let before = mm.own.slice()
  return {
    world,
    mm,
    vma,
    slot: (page) => makeSlot(world, mm, start + page),
    spent: () => {
      const delta = mm.own.map((value, i) => value - before[i])
      before = mm.own.slice()
      return (name) => delta[COUNTER_INDEX[name]]
    }
  }
}

/** Takes the contiguous bit off every entry without counting: foldable, but not folded. */
export function unfoldSilently({ world, vma, slot }: Fixture, pages: number): void {
  const { tables, geometry } = world
  let at = 0
  for (let page = 0; page < pages; page++) {
    // Slots of one table follow each other.
    at = page === 0 || (vma.start + page) % geometry.tableEntries === 0 ? slot(page) : at + 1
    tables.set(at, tables.attr(at) & ~CONT, tables.pfn(at))
  }
}
