/** The seeded generator a cell's script may use: the same numbers for the same seed and parameters, in any order of cells. */
import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { Parameters } from '../results/types'

/** A function that answers the next number in [0, 1). */
export function cellRandom(seed: number, parameters: Parameters): () => number {
  const digest = createHash('sha256')
    .update(canonicalize({ seed, parameters }) ?? '')
    .digest()
  const generator = xoroshiro128plus(digest.readInt32LE(0))
  return () => uniformFloat64(generator)
}
