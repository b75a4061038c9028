/** Pages that are held for nothing, counted as they change: what memory costs beyond what is used. */
import {
  FOLIO_CHUNK_MASK,
  FOLIO_CHUNK_SHIFT,
  IN_USE,
  MAPCOUNT_MASK,
  ORDER_SHIFT,
  type Folios
} from '../mm/folio'

/** log2 of the frames that are counted together. */
const GROUP_SHIFT = 9
const GROUP = 1 << GROUP_SHIFT

/** Pages of folios in use that nothing maps, and mapped ones that were never accessed. */
export interface HeldPages {
  readonly unmapped: number
  readonly unused: number
}

/** Counts for one machine's folios: only groups of frames in which something changed are looked at again. */
export class HeldPageCounts {
  readonly #unmapped: Uint16Array
  readonly #unused: Uint16Array
  readonly #stale: Uint8Array
  #queue: number[] = []
  #totals = { unmapped: 0, unused: 0 }

  constructor(
    private readonly folios: Folios,
    /** 1 for each page accessed since it was allocated, by chunk of frames. */
    private readonly touched: readonly (Uint8Array | undefined)[]
  ) {
    const groups = Math.ceil(folios.buddy.pages / GROUP)
    this.#unmapped = new Uint16Array(groups)
    this.#unused = new Uint16Array(groups)
    this.#stale = new Uint8Array(groups)
  }

  /** Something about page `pfn` changed: its word, or that it was accessed. */
  changed(pfn: number): void {
    const group = pfn >>> GROUP_SHIFT
    if (this.#stale[group] !== 0) return
    this.#stale[group] = 1
    this.#queue.push(group)
  }

  /** Something about 2^order pages from `head` on changed. */
  changedFolio(head: number, order: number): void {
    for (let pfn = head; pfn < head + 2 ** order; pfn += GROUP) this.changed(pfn)
  }

  /** What is held for nothing now. */
  totals(): HeldPages {
    for (const group of this.#queue) this.#count(group)
    this.#queue = []
    return { ...this.#totals }
  }

  #count(group: number): void {
    this.#stale[group] = 0
    const { folios } = this
    const first = group << GROUP_SHIFT
    const { words } = folios.states.table
    const lane = folios.states.lanes[first >>> FOLIO_CHUNK_SHIFT]
    const touched = this.touched[first >>> FOLIO_CHUNK_SHIFT]
    let unmapped = 0
    let unused = 0
    const end = (first & FOLIO_CHUNK_MASK) + GROUP
    for (let at = first & FOLIO_CHUNK_MASK; lane !== undefined && at < end;) {
      const word = words[lane[at]]
      if ((word & IN_USE) === 0) {
        at++
        continue
      }
      // A folio is aligned to its size: it lies in the group, or the group in it.
      const stop = Math.min(at + 2 ** (word >>> ORDER_SHIFT), end)
      const whole = folios.entireMapcount((first & ~FOLIO_CHUNK_MASK) + at) > 0
      for (; at < stop; at++) {
        if (!whole && (words[lane[at]] & MAPCOUNT_MASK) === 0) unmapped++
        else if (touched === undefined || touched[at] === 0) unused++
      }
    }
    this.#totals.unmapped += unmapped - this.#unmapped[group]
    this.#totals.unused += unused - this.#unused[group]
    this.#unmapped[group] = unmapped
    this.#unused[group] = unused
  }
}
