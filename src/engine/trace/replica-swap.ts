/** Swap slots and memory tags of a replica: done and undone event by event. */
import { KIND } from './kinds'
import { NEW_A, NEW_B, OLD_A, OLD_B, PLACE } from './log'

const SHIFT = 12
const MASK = (1 << SHIFT) - 1

type Lanes = (Int32Array | undefined)[]

function put(lanes: Lanes, at: number, value: number): void {
  const chunk = (lanes[at >>> SHIFT] ??= new Int32Array(1 << SHIFT))
  chunk[at & MASK] = value
}

function get(lanes: Lanes, at: number): number {
  return lanes[at >>> SHIFT]?.[at & MASK] ?? 0
}

/** Chunks of 4096 numbers, all 0 where nothing was told. */
export class ReplicaSwap {
  /** swap_map: `SLOT_COUNT` and `SLOT_CACHED`. */
  readonly maps: Lanes = []
  /** First page of the folio in the swap cache that owns a slot. */
  readonly owners: Lanes = []
  /** Of a slot: 0 without saved tags, else 1 more than their lane. */
  readonly saves: Lanes = []
  /** Lane of the tags of a page. */
  readonly tags: Lanes = []
  /** PG_mte_tagged. */
  readonly flags: Lanes = []

  map(slot: number): number {
    return get(this.maps, slot)
  }

  owner(slot: number): number {
    return get(this.owners, slot)
  }

  /** Lane of the tags saved for a slot, -1 for none. */
  saved(slot: number): number {
    return get(this.saves, slot) - 1
  }

  tagLane(pfn: number): number {
    return get(this.tags, pfn)
  }

  isTagged(pfn: number): boolean {
    return get(this.flags, pfn) !== 0
  }

  /** Calls `visit` for every slot in use, in order. */
  eachSlot(visit: (slot: number, map: number) => void): void {
    this.maps.forEach((chunk, index) => {
      chunk?.forEach((map, at) => {
        if (map !== 0) visit((index << SHIFT) | at, map)
      })
    })
  }

  /** Slots that have tags saved. */
  get buffers(): number {
    let sum = 0
    for (const chunk of this.saves) for (const lane of chunk ?? []) if (lane !== 0) sum++
    return sum
  }

  /** Does the event at `at` of `chunk`, or undoes it. */
  apply(chunk: Int32Array, at: number, kind: number, forward: boolean): void {
    const place = chunk[at + PLACE]
    const value = chunk[at + (forward ? NEW_A : OLD_A)]
    switch (kind) {
      case KIND['swap-slot']:
        put(this.maps, place, value)
        put(this.owners, place, chunk[at + (forward ? NEW_B : OLD_B)])
        return
      case KIND['page-tags']:
        put(this.tags, place, value)
        return
      case KIND['page-tagged']:
        put(this.flags, place, value)
        return
      case KIND['tag-save']:
      case KIND['tag-drop']:
        put(this.saves, place, value)
    }
  }
}
