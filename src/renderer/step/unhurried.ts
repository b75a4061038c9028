import { computed, shallowRef, watch, type ComputedRef } from 'vue'
import { useTraceStore } from '../stores/trace'

/**
 * A value as it is, or while a pointer drags through the trace as it was at the last beat: a table of
 * hundreds of cells cannot be read at 60 frames a second, and would cost the drawings their frames. All of
 * them follow the same beat, so that the page is laid out once for all; between beats nothing is worked out.
 */
export function unhurried<T>(value: () => T): ComputedRef<T> {
  const trace = useTraceStore()
  const now = computed(value)
  const kept = shallowRef(now.value)
  watch(
    () => (trace.scrubbing ? trace.beat : now.value),
    () => (kept.value = now.value)
  )
  return computed(() => (trace.scrubbing ? kept.value : now.value))
}
