/** All sequences by name, and how two become one. */
import * as optimise from './optimise'
import * as restore from './restore'
import * as split from './split'
import type { Sequence } from './step'
import { TAILS } from './vmemmap'

const BUILDERS = [
  split.splitDirect,
  split.splitNt,
  split.splitReadOnly,
  split.splitBbm,
  split.splitBbmPaused,
  optimise.s0,
  optimise.s0FreedEarly,
  optimise.s0Batched,
  optimise.s1,
  optimise.s1b,
  optimise.s2,
  optimise.s3,
  optimise.s4,
  optimise.s5,
  optimise.s6,
  optimise.s6CopyEarly,
  optimise.s6OneStore,
  optimise.s7,
  optimise.s7Rfc,
  optimise.s8,
  restore.d0,
  restore.d1,
  restore.d1ResetFirst,
  restore.d7
]

/** Names of the sequences, in the order of the literature. */
export const SEQUENCE_NAMES: readonly string[] = BUILDERS.map((build) => build(1).name)

/**
 * A sequence over a head, `tails` pages after it and a neighbour; undefined for a name that is none.
 *
 * @param tails pages after the head's: 7 for one PMD-sized hugetlb page; explorers take fewer, because
 * every tail is treated alike
 */
export function sequenceOf(name: string, tails: number = TAILS): Sequence | undefined {
  const index = SEQUENCE_NAMES.indexOf(name)
  return index < 0 ? undefined : BUILDERS[index](tails)
}

/** `first`, and then `second` from what it left; both over the same entries. */
export function inTurn(first: Sequence, second: Sequence): Sequence {
  return {
    ...second,
    name: `${first.name} ${second.name}`,
    title: `${first.title}; ${second.title}`,
    source: first.source === second.source ? first.source : `${first.source}; ${second.source}`,
    frames: { ...first.frames, ...second.frames },
    start: first.start,
    upper: first.upper,
    settled: first.settled,
    steps: [...first.steps, ...second.steps]
  }
}
