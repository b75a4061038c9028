/** Sequences and the explorer, where a laboratory has none. */
import type { ExploreService } from '../protocol/explore'
import { SimulatorError } from './error'

export function withoutExplorer(): ExploreService {
  const refuse = (): Promise<never> =>
    Promise.reject(new SimulatorError('not-found', 'This simulator explores nothing'))
  return { knownSequences: refuse, sequenceView: refuse, explore: refuse, cancelExplore: refuse }
}
