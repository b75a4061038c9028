/**
 * Lines of 16 lanes, which the hot loops of fork and of zap take together. Inside a line that begins at a
 * multiple of its length, pairs of lanes are reached by setting low bits: no index can overflow.
 */

/** Lanes of a line, less one: what a number of lanes is more than whole lines. */
export const LINE_REST = 15

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
