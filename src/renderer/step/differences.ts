import { computed } from 'vue'
import type { TraceDifferences, TraceTwo } from '../../protocol/trace'
import { simulator } from '../platform/clients-in-use'
import { useTraceStore } from '../stores/trace'
import { useLatest } from './latest'

/** Entries that are told one by one; all are counted. */
const CELLS = 32

interface Wish {
  readonly two: TraceTwo
  readonly aEvent: number
  readonly bEvent: number
}

/** What differs between the two sides where they stand. */
export function useDifferences() {
  const trace = useTraceStore()
  const wish = computed<Wish | undefined>((before) => {
    const { compared: two } = trace
    if (!two) return undefined
    const [aEvent = 0, bEvent = 0] = trace.positions
    const same = before?.two === two && before.aEvent === aEvent && before.bEvent === bEvent
    return same ? before : { two, aEvent, bEvent }
  })
  return useLatest<Wish, TraceDifferences>(
    () => wish.value,
    ({ two, aEvent, bEvent }) => simulator().traceDiff({ ...two, aEvent, bEvent, cells: CELLS })
  )
}
