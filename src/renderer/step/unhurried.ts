import { refThrottled } from '@vueuse/core'
import { computed, type ComputedRef } from 'vue'
import { useTraceStore } from '../stores/trace'

/** How often tables are drawn anew while a pointer drags the position, in milliseconds. */
const EVERY_MS = 200

/**
 * A value as it is, or while a pointer drags through the trace as it was at most 200 ms ago: a table of
 * hundreds of cells cannot be read at 60 frames a second, and would cost the drawings their frames.
 */
export function unhurried<T>(value: () => T): ComputedRef<T> {
  const trace = useTraceStore()
  const now = computed(value)
  const late = refThrottled(now, EVERY_MS, true)
  return computed(() => (trace.scrubbing ? late.value : now.value))
}
