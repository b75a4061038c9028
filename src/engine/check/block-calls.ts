/**
 * What another kernel call would make of a block as it stands, above all of one that is half cleared:
 * the block is copied into a world of its own, with the same kernel, and the call is really made there.
 * Nothing is counted or changed where it was copied from.
 *
 * Source: the comment of v2 14/14 on "other APIs" (15 Nov 2023), Alistair Popple's question about its
 * fragility, and reference `teardown.md` section 5, R6.
 */
import {
  AF,
  MARKER,
  PAGE_READONLY,
  VALID,
  isDirty,
  isPresent,
  isValidCont,
  mkwrite
} from '../arch/descriptor'
import type { KernelRecord } from '../kernel/record'
import { newMm } from '../mm/fork'
import { findSlot, makeSlot } from '../mm/walk'
import { World } from '../world'
import { misprogrammed } from './contiguity'
import type { ObservedState } from './observe'

/** Calls that may meet a block in the middle of a teardown. */
export const BLOCK_CALLS = [
  'ptep_get',
  'ptep_get_lockless',
  'marker',
  'set_pte',
  'pte_clear',
  'ptep_get_and_clear',
  'wrprotect',
  'access_flags',
  'clear_young'
] as const

export type BlockCall = (typeof BLOCK_CALLS)[number]

/** What a call did, or would have to wait for. */
export interface BlockCallResult {
  readonly call: BlockCall
  /** Index in the block it was made at. */
  readonly index: number
  /** What a getter answers; of calls that clear, what was there. */
  readonly answer: { readonly present: boolean; readonly young: boolean; readonly dirty: boolean }
  /** Reads again until somebody finishes with the block: it answers only then. */
  readonly waits: boolean
  /** The block was rewritten entry by entry (`contpte_convert`). */
  readonly unfolded: boolean
  readonly tlbi: number
  /** Indices that were cleared and are valid now, though their pages were unmapped. */
  readonly mappedAgain: readonly number[]
  /** Valid entries of the block disagree now. */
  readonly misprogrammed: boolean
  /** Neither of the last two. */
  readonly safe: boolean
}

/** Memory of the copy's world: a few of the largest blocks. */
const SCRATCH_BYTES = 2 ** 26

/**
 * Makes `call` on entry `index` of the block around page `vpn`, in a copy. `marker` stores an entry that
 * is not valid, `set_pte` a valid one without the contiguous bit; `access_flags` makes the entry
 * writable for a store, `wrprotect` takes that away.
 */
export function callOnBlock(
  state: ObservedState & { readonly kernel: KernelRecord },
  mm: { readonly root: number },
  vpn: number,
  index: number,
  call: BlockCall
): BlockCallResult {
  const { geometry, tables } = state
  const c = geometry.contPtes
  const from = findSlot(state, mm, vpn - (vpn % c))
  const world = new World({
    kernel: state.kernel,
    granule: geometry.name,
    memoryBytes: Math.max(SCRATCH_BYTES, 4 * 2 ** geometry.maxOrder * geometry.pageSize)
  })
  const scratch = newMm(world, 1)
  const pfn = world.folios.alloc(geometry.contShift)
  const slot = makeSlot(world, scratch, c * geometry.tableEntries)
  for (let i = 0; i < c; i++) {
    const attr = from === 0 ? 0 : tables.attr(from + i)
    world.tables.set(slot + i, attr, isPresent(attr) ? pfn + i : 0)
  }
  const before = Array.from({ length: c }, (_, i) => world.tables.attr(slot + i))
  const { counters } = world
  const unfolds = counters.get('unfold')
  const answered = make(world, slot + index, pfn + index, call, before[index], scratch)
  const after = Array.from({ length: c }, (_, i) => world.tables.attr(slot + i))
  const mappedAgain = after.flatMap((attr, i) =>
    (attr & VALID) !== 0 && (before[i] & VALID) === 0 && !(call === 'set_pte' && i === index) ? [i] : []
  )
  const wrong = misprogrammed(world, slot)
  return {
    call,
    index,
    answer: { present: isPresent(answered), young: (answered & AF) !== 0, dirty: isDirty(answered) },
    waits: call === 'ptep_get_lockless' && restarts(state.kernel, before, index),
    unfolded: counters.get('unfold') > unfolds,
    tlbi: counters.get('tlbi'),
    mappedAgain,
    misprogrammed: wrong,
    safe: !wrong && mappedAgain.length === 0
  }
}

function make(
  { ops }: World,
  slot: number,
  pfn: number,
  call: BlockCall,
  entry: number,
  mm: ReturnType<typeof newMm>
): number {
  switch (call) {
    case 'ptep_get':
      return ops.ptepGet(mm, slot)
    case 'ptep_get_lockless':
      return ops.ptepGetLockless(mm, slot)
    case 'marker':
      ops.setPtes(mm, slot, 0, MARKER, 1)
      return 0
    case 'set_pte':
      ops.setPtes(mm, slot, pfn, PAGE_READONLY | AF, 1)
      return 0
    case 'pte_clear':
      ops.pteClear(mm, slot)
      return entry
    case 'ptep_get_and_clear':
      return ops.ptepGetAndClear(mm, slot)
    case 'wrprotect':
      if (isPresent(entry)) ops.wrprotectPtes(mm, slot, 1)
      return 0
    case 'access_flags':
      if (isPresent(entry)) ops.ptepSetAccessFlags(mm, slot, mkwrite(entry | AF), true)
      return 0
    case 'clear_young':
      ops.ptepTestAndClearYoung(mm, slot)
      return 0
  }
}

/**
 * Whether `ptep_get_lockless` of a remaining entry finds the block inconsistent. That of v2 14/14 passes
 * over entries that are zero; every other contpte kernel begins again while some entry is not folded.
 */
function restarts({ pteOps, zap }: KernelRecord, block: readonly number[], index: number): boolean {
  if (pteOps === 'absent' || pteOps === 'exposed' || !isValidCont(block[index])) return false
  const skipsZero = zap === 'full-v2' || zap === 'full-v2-robust'
  return block.some((attr) => !isValidCont(attr) && !(skipsZero && attr === 0))
}
