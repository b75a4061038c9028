import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, nextTick, shallowRef, type EffectScope } from 'vue'
import { useTraceStore } from '../stores/trace'
import { unhurried } from './unhurried'

let scope: EffectScope

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
  scope = effectScope()
})

afterEach(() => {
  scope.stop()
  useTraceStore().scrubbing = false
  vi.useRealTimers()
})

it('is the value itself at rest', () => {
  const source = shallowRef(1)
  const shown = scope.run(() => unhurried(() => source.value))
  source.value = 2
  expect(shown?.value).toBe(2)
})

it('waits for the beat while a pointer drags, and everything follows the same one', async () => {
  const trace = useTraceStore()
  const source = shallowRef(1)
  const work = vi.fn(() => source.value * 10)
  const [one, two] = scope.run(() => [unhurried(() => source.value), unhurried(work)]) ?? []
  trace.scrubbing = true
  await nextTick()
  work.mockClear()
  for (source.value = 2; source.value < 9; source.value++) {
    await nextTick()
    expect([one?.value, two?.value]).toEqual([1, 10])
  }
  expect(work).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(250)
  expect([one?.value, two?.value]).toEqual([9, 90])
  expect(work).toHaveBeenCalledTimes(1)
})

it('is at once what it should be when the pointer rests', async () => {
  const trace = useTraceStore()
  const source = shallowRef(1)
  const shown = scope.run(() => unhurried(() => source.value))
  trace.scrubbing = true
  await nextTick()
  source.value = 7
  await nextTick()
  expect(shown?.value).toBe(1)
  trace.scrubbing = false
  expect(shown?.value).toBe(7)
  expect(vi.getTimerCount()).toBe(0)
})
