import type { SequenceRequest, SequenceView } from '../../../protocol/explore'
import { simulator } from '../../platform/clients-in-use'
import { useLatest, type Latest } from '../../step/latest'
import { useVmemmapStore } from './view-store'

/** The table of each side, asked for again when what is wanted of it changes. */
export function useSequenceViews(): readonly Latest<SequenceView>[] {
  const store = useVmemmapStore()
  return [0, 1].map((side) =>
    useLatest<SequenceRequest, SequenceView>(
      () => store.requests[side],
      (request) => simulator().sequenceView(request)
    )
  )
}
