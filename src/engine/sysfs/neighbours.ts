/**
 * The neighbours of the huge-page directories: `/sys/kernel/mm/lru_gen` and `/sys/kernel/mm/swap`.
 * They show what the kernel does; what it does cannot be switched here, so a write that would is
 * `not-modelled`.
 * Source: linux-6.12 mm/vmscan.c (`enabled_show` of the multi-generation LRU), mm/swap_state.c;
 * recorded: `A.tree.ksm-swap`.
 */
import { EngineError } from '../error'
import type { World } from '../world'
import { bool, unsigned } from './parse'
import type { SysfsTree } from './tree'

/** Parts of the multi-generation LRU: itself, and ageing by the access flags that hardware sets. */
const LRU_GEN_CORE = 1
const LRU_GEN_MM_WALK = 2

/** Adds both directories. Access flags in upper tables, a third part, arm64 has not; 5.15 has none of it. */
export function addNeighbours(tree: SysfsTree, { kernel, cpu }: World): void {
  tree.add('/sys/kernel/mm/swap/vma_ra_enabled', {
    show: () => 'true',
    store: (text) => {
      if (!bool(text)) throw new EngineError('not-modelled', 'read-ahead of swap is not simulated.')
    }
  })
  if (kernel.faultOrders === 'exposed') return
  const parts = kernel.lruGen ? LRU_GEN_CORE | (cpu.hafdbs ? LRU_GEN_MM_WALK : 0) : 0
  const shown = `0x${parts.toString(16).padStart(4, '0')}`
  tree.add('/sys/kernel/mm/lru_gen/enabled', {
    show: () => shown,
    store: () => {
      throw new EngineError(
        'not-modelled',
        'the multi-generation LRU cannot be switched in a simulated kernel.'
      )
    }
  })
  tree.add('/sys/kernel/mm/lru_gen/min_ttl_ms', {
    show: () => '0',
    store: (text) => {
      const milliseconds = unsigned(text, { min: 0, max: 2 ** 32 - 1, overflow: 'EINVAL' })
      if (milliseconds > 0)
        throw new EngineError('not-modelled', 'a working set kept by time is not simulated.')
    }
  })
}
