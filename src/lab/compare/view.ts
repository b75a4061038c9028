/** What a step shows: the regions and VMAs of every process, or that they are as before. */
import type { Mm } from '../../engine/mm/mm'
import type { World } from '../../engine/world'
import type { RegionState, Step, VmaInfo } from './schema'
import { vmaInfo } from './smaps'
import { FolioNames, regionState } from './snapshot'

/** A named range of pages, at the same place in every process of a case. */
export interface Region {
  readonly r: string
  readonly start: number
  readonly pages: number
}

/** A process of a case. */
export interface Proc {
  readonly name: string
  readonly mm: Mm
}

/** Bytes from one region's place to the next. */
export const REGION_GRID = 2 ** 30

/** Remembers what was shown last. */
export class View {
  readonly #names = new FolioNames()
  #shown = new Map<string, string>()
  #shownVmas = new Map<string, string>()

  /** `state` and `vmas` of a step. */
  step(world: World, procs: readonly Proc[], regions: readonly Region[]): Pick<Step, 'state' | 'vmas'> {
    const ordered = [...regions].sort((a, b) => (a.r < b.r ? -1 : 1))
    return { state: this.#state(world, procs, ordered), vmas: this.#vmas(world, procs, ordered) }
  }

  #state(world: World, procs: readonly Proc[], regions: readonly Region[]): Step['state'] {
    const shown = new Map<string, string>()
    const state: RegionState[] = []
    let unchanged = true
    for (const { name: who, mm } of procs) {
      for (const { r, start, pages } of regions) {
        const value: RegionState = { who, r, ...regionState(world, mm, start, pages, this.#names) }
        const key = `${who} ${r}`
        const text = JSON.stringify(value)
        const same = this.#shown.get(key) === text
        unchanged &&= same
        state.push(same ? { who, r, same } : value)
        shown.set(key, text)
      }
    }
    unchanged &&= state.length > 0 && shown.size === this.#shown.size
    this.#shown = shown
    return unchanged ? 'unchanged' : state
  }

  #vmas(world: World, procs: readonly Proc[], regions: readonly Region[]): Step['vmas'] {
    const { pageSize } = world.geometry
    const place = (vpn: number) => Math.floor((vpn * pageSize) / REGION_GRID)
    const shown = new Map<string, string>()
    const vmas: Record<string, 'same' | readonly VmaInfo[]> = {}
    for (const { name, mm } of procs) {
      const list = mm.vmas.flatMap((vma) => {
        const region = regions.find(({ start }) => place(start) === place(vma.start))
        return region === undefined ? [] : [vmaInfo(world, mm, vma, region.r, region.start)]
      })
      const text = JSON.stringify(list)
      vmas[name] = this.#shownVmas.get(name) === text ? 'same' : list
      shown.set(name, text)
    }
    this.#shownVmas = shown
    return vmas
  }
}
