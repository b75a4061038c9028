/** Page states as plain lanes, to compare worlds by: two of them may number the same states differently. */
import type { Folios } from '../mm/folio'

/** By chunk of frames, the word of each page, and refcount and flags of the folio of order 0 or 1 that begins there. */
export interface PageLanes {
  readonly words: (Int32Array | undefined)[]
  readonly refs: (Int32Array | undefined)[]
  readonly flags: (Int32Array | undefined)[]
}

export function pageLanes({ states }: Folios): PageLanes {
  const { words, refs, flags } = states.table
  const each = (numbers: ArrayLike<number>) =>
    states.lanes.map((lane) => lane && Int32Array.from(lane, (state) => numbers[state]))
  return { words: each(words), refs: each(refs), flags: each(flags) }
}
