import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { TraceSpan } from '../../../protocol/trace'
import { useTraceStore } from '../../stores/trace'
import { wholeOf, type Axis, type Range } from './viewport'

/** What the timeline shows; it outlives the panel. */
export const useTimelineStore = defineStore('timeline', () => {
  const trace = useTraceStore()
  const wanted = ref<Axis>()
  const view = shallowRef<Range>()
  const selected = shallowRef<TraceSpan>()
  const measured = shallowRef<Range>()
  /** Only matching events are drawn. */
  const filtered = ref(false)
  const list = ref(true)

  const longest = computed(() =>
    trace.sides.reduce(
      (most, { summary }) => ({
        events: Math.max(most.events, summary.events),
        durationNs: Math.max(most.durationNs, summary.durationNs)
      }),
      { events: 0, durationNs: 0 }
    )
  )
  /** Without a cost profile nothing takes time: such traces are drawn by event. */
  const axis = computed<Axis>(() => (longest.value.durationNs > 0 ? (wanted.value ?? 'time') : 'event'))
  const whole = computed(() => wholeOf(axis.value, longest.value.events, longest.value.durationNs))
  const shown = computed(() => view.value ?? whole.value)

  function setAxis(axis: Axis): void {
    wanted.value = axis
    reset()
  }

  function reset(): void {
    view.value = undefined
    selected.value = undefined
    measured.value = undefined
  }

  return { wanted, view, selected, measured, filtered, list, longest, axis, whole, shown, setAxis, reset }
})
