import { EngineError } from '../error'
import type { World } from '../world'
import type { PinHow } from './gup'
import type { Mm } from './mm'

/** Pins pages `[vpn, end)` by way of faults. */
export function pinSlowly(
  _world: World,
  _mm: Mm,
  _vpn: number,
  _end: number,
  _how: PinHow,
  _some: boolean
): number {
  throw new EngineError('not-modelled', 'Pinning a page that a fault must bring in is not simulated yet.')
}
