/** What a table mapped at each time: tables are freed and used again, and events name them by number. */
import type { Geometry } from '../../engine/arch/granule'

/** One use of a table, from an event on. */
export interface TableUse {
  readonly from: number
  /** First page it maps. */
  readonly base: number
  /** Process whose table it is, 0 while it hangs nowhere. */
  owner: number
  /** Levels above the last one. */
  depth: number
}

export class TableHistory {
  readonly #uses: TableUse[][] = []

  constructor(readonly geometry: Geometry) {}

  alloc(event: number, table: number, base: number): void {
    this.#of(table).push({ from: event, base, owner: 0, depth: 0 })
  }

  move(event: number, table: number, base: number): void {
    const uses = this.#of(table)
    const last = uses[uses.length - 1]
    uses.push({ ...last, from: event, base })
  }

  /** The table is the root of a process. */
  root(table: number, pid: number): void {
    const last = this.#last(table)
    if (last === undefined) return
    last.owner = pid
    last.depth = this.geometry.levels - 1
  }

  /** An entry begins to point to the table. */
  link(event: number, slot: number, table: number): void {
    const parent = this.at(slot >>> this.geometry.tableShift, event)
    const last = this.#last(table)
    if (parent === undefined || last === undefined) return
    last.owner = parent.owner
    last.depth = parent.depth - 1
  }

  /** How the table was used at an event. */
  at(table: number, event: number): TableUse | undefined {
    const uses = this.#uses[table]
    if (uses === undefined) return undefined
    let low = 0
    let high = uses.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (uses[middle].from <= event) low = middle + 1
      else high = middle
    }
    return uses[low - 1]
  }

  /** The page that the entry at `slot` mapped at an event, and how many pages it covers. */
  pagesOf(slot: number, event: number): { vpn: number; pages: number; use: TableUse } | undefined {
    const { tableShift, tableEntries } = this.geometry
    const use = this.at(slot >>> tableShift, event)
    if (use === undefined) return undefined
    const pages = tableEntries ** use.depth
    return { vpn: use.base + (slot & (tableEntries - 1)) * pages, pages, use }
  }

  #of(table: number): TableUse[] {
    return (this.#uses[table] ??= [])
  }

  #last(table: number): TableUse | undefined {
    const uses = this.#uses[table]
    return uses?.[uses.length - 1]
  }
}
