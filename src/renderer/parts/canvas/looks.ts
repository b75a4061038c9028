/**
 * Entries by the hundred thousand, at the level of detail at which they are drawn. Far away a column of
 * pixels is a block in the colour of its worst entry, made from counts of all of them: nothing is sampled.
 */
import type { TraceMap } from '../../../protocol/trace'
import type { PteAccess } from '../pte'

/** How a block looks from far away. */
export interface BlockLook {
  /** Of its worst entry: a hole is worse than a mapping, what stands out is worse than a hole. */
  readonly access: PteAccess
  readonly contiguity: 'none' | 'folded' | 'broken'
  readonly changed: boolean
}

/** There are few different looks, and thousands of blocks: each look is one object. */
const known = new Map<string, BlockLook>()

/** The look of bucket `at` of a map. */
export function lookOf(map: TraceMap, at: number): BlockLook {
  const valid = map.writable[at] + map.readOnly[at]
  const mapped = valid + map.protNone[at] + map.swap[at] + map.other[at]
  const access = accessOfBucket(map, at, mapped)
  const contiguity =
    map.broken[at] > 0 ? 'broken' : map.folded[at] > 0 && map.folded[at] === valid ? 'folded' : 'none'
  const changed = map.changed[at] > 0
  const name = `${access} ${contiguity} ${changed}`
  let look = known.get(name)
  if (look === undefined) known.set(name, (look = { access, contiguity, changed }))
  return look
}

function accessOfBucket(map: TraceMap, at: number, mapped: number): PteAccess {
  if (map.other[at] > 0) return 'marker'
  if (map.swap[at] > 0) return 'swap'
  if (map.protNone[at] > 0) return 'prot-none'
  if (mapped === 0 || map.none[at] > 0) return 'none'
  return map.writable[at] > 0 ? 'writable' : 'read-only'
}

/** The looks of all buckets of maps that follow one another. */
export function looksOf(maps: readonly TraceMap[]): BlockLook[] {
  return maps.flatMap((map) => Array.from({ length: map.none.length }, (_, at) => lookOf(map, at)))
}

const COMPARED = [
  'none',
  'writable',
  'readOnly',
  'protNone',
  'swap',
  'other',
  'folded',
  'huge',
  'dirty',
  'young',
  'shared'
] as const satisfies readonly (keyof TraceMap)[]

/** Which looks of two sides' maps of the same addresses stand for entries in different states. */
export function differingLooks(
  a: readonly TraceMap[] | undefined,
  b: readonly TraceMap[] | undefined
): ReadonlySet<number> {
  const differs = new Set<number>()
  let first = 0
  a?.forEach((mine, i) => {
    const its = b?.[i]
    if (its?.address === mine.address && its.pages === mine.pages && its.buckets === mine.buckets) {
      for (let at = 0; at < mine.buckets; at++)
        if (COMPARED.some((name) => mine[name][at] !== its[name][at])) differs.add(first + at)
    }
    first += mine.none.length
  })
  return differs
}

/** Neighbours that look the same: one line of the table beside the canvas. */
export interface BlockRun extends BlockLook {
  /** They differ from the other side of a comparison. */
  readonly differs: boolean
  /** First one and how many. */
  readonly block: number
  readonly blocks: number
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** All looks in order, those that are the same joined. */
export function runsOf(looks: readonly BlockLook[], differing?: ReadonlySet<number>): BlockRun[] {
  const runs: Writable<BlockRun>[] = []
  looks.forEach((look, block) => {
    const last = runs.at(-1)
    const differs = differing?.has(block) === true
    if (
      last?.access === look.access &&
      last.contiguity === look.contiguity &&
      last.changed === look.changed &&
      last.differs === differs
    )
      last.blocks++
    else runs.push({ ...look, differs, block, blocks: 1 })
  })
  return runs
}

/** A look in words. */
export function describeLook({ access, contiguity }: BlockLook): string {
  const words =
    access === 'prot-none' ? 'PROT_NONE' : access === 'marker' ? 'migration entry or marker' : access
  if (contiguity === 'folded') return `${words}, contiguous`
  if (contiguity === 'broken') return `${words}, contiguous bit differs within the block`
  return words
}

/** Entries of a part of the region, as they are when cells are drawn. */
export interface NearEntries {
  /** Index of the first one in the region. */
  readonly first: number
  /** `PTE_VIEW_BITS` and `TRACE_ENTRY_BITS`. */
  readonly flags: readonly number[]
}
