/**
 * `folio_pte_batch` (6.9+): how far a run of entries maps consecutive pages of one large folio alike.
 * Used by fork, zap and madvise. Source: reference `fork.md` section 3, `teardown.md` section 3.
 */
import { AF, WRITE, isDirty, mkclean, wrprotect } from '../arch/descriptor'
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { Mm } from './mm'

/** The length of a batch, in the low bits of what `folioPteBatch` answers. */
export const BATCH_NR = (1 << 20) - 1
/** Above them: whether any entry that was read after the first one is writable, young, dirty. */
export const ANY_WRITABLE = 1 << 20
export const ANY_YOUNG = 1 << 21
export const ANY_DIRTY = 1 << 22

/** FPB_IGNORE_DIRTY: dirty may differ inside the batch. (arm64 has no soft-dirty bit to ignore.) */
export const FPB_IGNORE_DIRTY = 1

/** An entry without what a batch ignores: young and write always, dirty on demand. */
function comparable(attr: number, flags: number): number {
  return wrprotect((flags & FPB_IGNORE_DIRTY) === 0 ? attr : mkclean(attr)) & ~AF
}

/**
 * Entries from `slot` on, `maxNr` at most, that map consecutive pages of the large folio of page `pfn`
 * with equal attributes; `attr` is what `ptepGet` just answered for the first. Entries that a hint
 * covers are not read. The answer is `nr | ANY_...`. One read past the folio's end is made unless the
 * kernel clips the run to the folio first (`batchClipped`). `maxNr` must not leave the table.
 */
export function folioPteBatch(
  world: World,
  mm: Mm,
  slot: number,
  attr: number,
  pfn: number,
  maxNr: number,
  flags: number
): number {
  const { ops, tables, folios, kernel } = world
  world.calls[FN.folio_pte_batch]++
  const left = folios.head(pfn) + 2 ** folios.order(pfn) - pfn
  const limit = kernel.batchClipped ? Math.min(maxNr, left) : maxNr
  const expected = comparable(attr, flags)
  let nr = ops.batchHint(slot, attr)
  let any = 0
  while (nr < limit) {
    const at = slot + nr
    const entry = ops.ptepGet(mm, at)
    if (comparable(entry, flags) !== expected || tables.pfn(at) !== pfn + nr || nr >= left) break
    if ((entry & WRITE) !== 0) any |= ANY_WRITABLE
    if ((entry & AF) !== 0) any |= ANY_YOUNG
    if (isDirty(entry)) any |= ANY_DIRTY
    nr += ops.batchHint(at, entry)
  }
  return Math.min(nr, limit) | any
}
