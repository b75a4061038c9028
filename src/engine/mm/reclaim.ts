/** stub */
import { EngineError } from '../error'
import type { World } from '../world'
export function isolateForReclaim(_world: World, _pfn: number): boolean {
  throw new EngineError('not-modelled', 'Reclaim is not simulated yet.')
}
export function reclaimPages(_world: World, _heads: readonly number[]): void {}
