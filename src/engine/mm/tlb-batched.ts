/**
 * The mark that reclaim and migration leave on an mm when they put off the DSB of their per-page
 * invalidations (arm64 from 6.6 on). Whoever walks tables of that mm to change them invalidates the
 * whole ASID once, then the mark is gone; the batch's own DSB does not take it away.
 * Source: reference `swap-reclaim.md` section 2.1, 5 (recorded, 6.12.117); Linux 6.12 mm/rmap.c,
 * `flush_tlb_batched_pending`, `set_tlb_ubc_flush_pending`.
 */
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { Mm } from './mm'

/** `flush_tlb_batched_pending`: before entries of one table are changed under its lock. */
export function flushBatchedPending(world: World, mm: Mm): void {
  if (world.kernel.unmapFlush !== 'batched') return
  world.calls[FN.flush_tlb_batched_pending]++
  if (!mm.tlbFlushBatched) return
  mm.tlbFlushBatched = false
  world.tlbi.mm(mm)
}
