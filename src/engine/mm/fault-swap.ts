/**
 * Faults in entries that are neither present nor none: swap entries, migration entries, markers.
 */
import { MARKER } from '../arch/descriptor'
import { EngineError } from '../error'
import type { World } from '../world'
import type { Mm, Vma } from './mm'

/** `do_swap_page`. */
export function swapFault(
  _world: World,
  _mm: Mm,
  _vma: Vma,
  _vpn: number,
  _slot: number,
  entry: number,
  _write: boolean
): void {
  throw new EngineError(
    'not-modelled',
    (entry & MARKER) === 0 ? 'Swapping in is not simulated yet.' : 'A PTE marker is not simulated yet.'
  )
}

/** `folio_free_swap`: gives the slots of a folio in the swap cache back if nobody else refers to them. */
export function freeFolioSwap(_world: World, _pfn: number): void {
  throw new EngineError('not-modelled', 'The swap cache is not simulated yet.')
}
