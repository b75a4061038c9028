/**
 * The mmu_gather of calls that change entries but free no page (mprotect, MADV_COLD, MADV_FREE): the
 * hull of what changed, and the flush at the end of each VMA. `gather.ts` is the one that frees.
 * Source: reference `teardown.md` section 2; Linux 6.1 and 6.12, asm-generic/tlb.h, asm/tlb.h.
 */
import { FN } from '../trace/functions'
import type { World } from '../world'
import type { Mm } from './mm'

/** One such gather: from `tlb_gather_mmu` to `finish`. */
export class RangeFlush {
  #start = Infinity
  #end = 0
  #entries = false

  constructor(
    readonly world: World,
    readonly mm: Mm,
    /** The compiler of 6.12 put `tlb_flush` into its caller (madvise): the range flush is entered instead. */
    readonly inlined = false
  ) {
    world.calls[FN.tlb_gather_mmu]++
  }

  /** `nr` last-level entries from page `vpn` on were changed. */
  entries(vpn: number, nr: number): void {
    this.#hull(vpn, nr)
    this.#entries = true
  }

  /** The PMD leaf at page `vpn` was changed. */
  leaf(vpn: number): void {
    this.#hull(vpn, this.world.geometry.tableEntries)
  }

  /** The end of a VMA: leaf entries of the hull, in strides of what was changed. */
  flush(): void {
    const { world, mm } = this
    if (this.#end === 0) return
    const old = world.kernel.functionNames === 'linux-6.1'
    world.calls[this.inlined && !old ? FN.__flush_tlb_range_nosync : FN.tlb_flush]++
    const stride = this.#entries ? 1 : world.geometry.tableEntries
    world.tlbi.range(mm, this.#start, this.#end - this.#start, stride, true)
    this.#start = Infinity
    this.#end = 0
    this.#entries = false
  }

  /** `tlb_finish_mmu`. */
  finish(): void {
    this.flush()
    this.world.calls[FN.tlb_finish_mmu]++
    if (this.world.kernel.functionNames === 'linux-6.1') this.world.calls[FN.tlb_batch_pages_flush]++
  }

  #hull(vpn: number, nr: number): void {
    this.#start = Math.min(this.#start, vpn)
    this.#end = Math.max(this.#end, vpn + nr)
  }
}
