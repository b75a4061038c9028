/**
 * Loops over lines of 16 lanes, for the hot loops of fork and of zap. Lanes are compared and stored two at
 * a time, as doubles: `PageTables.attrPairs` says why that is exact. All positions are in pairs, of whole
 * lines: their three low bits are zero, and the pairs of a line are reached by setting them.
 * One loop goes over one array: over several at once it has more bases and bounds than a machine has registers.
 */

import { CONT } from '../arch/descriptor'
import type { World } from '../world'
import { FOLIO_CHUNK_MASK, FOLIO_CHUNK_SHIFT } from './folio'

/** Lanes of a line, less one: what a number of lanes is more than whole lines. */
export const LINE_REST = 15

/**
 * Pairs of lines, from `slot` on and at most `limit` entries, that map frames in line and of which the first
 * entry holds `attr` and the first page `word`: whether the rest of them does is for `exchangeLines` to see.
 */
export function alikeAtFirst(world: World, slot: number, limit: number, attr: number, word: number): number {
  const { tables, folios } = world
  const chunk = slot >>> tables.chunkShift
  const index = slot & tables.chunkMask
  const pfns = tables.pfns[chunk]
  const attrs = tables.attrs[chunk]
  const pfn = pfns[index]
  const words = folios.words[pfn >>> FOLIO_CHUNK_SHIFT] as Int32Array
  const shift = (pfn & FOLIO_CHUNK_MASK) - index
  const ahead = pfn - index
  let at = index
  for (; at < index + limit; at += LINE_REST + 1) {
    if (pfns[at] !== ahead + at || attrs[at] !== attr || words[shift + at] !== word) break
  }
  // Of a folded block the first entry says for all of them that frames are in line.
  if ((attr & CONT) !== 0 || at === index) return (at - index) >> 1
  if (pfns[index + 1] !== pfn + 1) return 0
  const start = index >>> 1
  return framesInLine(tables.pfnPairs[chunk], start, start + ((at - index) >> 1), pfn) - start
}

/** Replaces `from` by `to` in line after line, as long as all pairs of a line are `from`; answers where it stopped. */
export function exchangeLines(
  pairs: Float64Array,
  start: number,
  end: number,
  from: number,
  to: number
): number {
  let at = start
  for (; at < end; at = (at + 8) | 0) {
    if (
      pairs[at] !== from ||
      pairs[at | 1] !== from ||
      pairs[at | 2] !== from ||
      pairs[at | 3] !== from ||
      pairs[at | 4] !== from ||
      pairs[at | 5] !== from ||
      pairs[at | 6] !== from ||
      pairs[at | 7] !== from
    )
      break
    pairs[at] = to
    pairs[at | 1] = to
    pairs[at | 2] = to
    pairs[at | 3] = to
    pairs[at | 4] = to
    pairs[at | 5] = to
    pairs[at | 6] = to
    pairs[at | 7] = to
  }
  return at
}

/** Stores `value` in every pair of the lines from `start` to `end`. */
export function fillLines(pairs: Float64Array, start: number, end: number, value: number): void {
  for (let at = start; at < end; at = (at + 8) | 0) {
    pairs[at] = value
    pairs[at | 1] = value
    pairs[at | 2] = value
    pairs[at | 3] = value
    pairs[at | 4] = value
    pairs[at | 5] = value
    pairs[at | 6] = value
    pairs[at | 7] = value
  }
}

/**
 * As long as lines hold frames that go on one by one; answers where they stop to. `pfn`, and the one after
 * it, are known to be those of the first pair.
 */
export function framesInLine(pairs: Float64Array, start: number, end: number, pfn: number): number {
  const step = framesStep(pfn)
  let frames = pairs[start]
  let at = start
  for (; at < end; at = (at + 8) | 0) {
    if (
      pairs[at] !== frames ||
      pairs[at | 1] !== frames + step ||
      pairs[at | 2] !== frames + 2 * step ||
      pairs[at | 3] !== frames + 3 * step ||
      pairs[at | 4] !== frames + 4 * step ||
      pairs[at | 5] !== frames + 5 * step ||
      pairs[at | 6] !== frames + 6 * step ||
      pairs[at | 7] !== frames + 7 * step
    )
      break
    frames += 8 * step
  }
  return at
}

/** `framesStep` by exponent. */
const STEPS = Float64Array.from(
  { length: 2048 },
  (_, exponent) => (2 ** 33 + 2) * Number.MIN_VALUE * 2 ** (Math.max(1, exponent) - 1)
)

/**
 * By how much a pair of frame lanes grows, as a double, when both frames grow by two. Doubles of one
 * exponent are integers of one scale, so the difference is exact, and no other two frames make it; the
 * upper lane's bits from 20 on are the exponent, the same for all frames of a chunk of folios.
 */
export function framesStep(pfn: number): number {
  return STEPS[(pfn + 1) >>> 20]
}
