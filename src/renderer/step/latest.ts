/**
 * Asks again whenever what is wanted changes, with one question under way at a time: while the answer is
 * awaited only the newest wish is kept, so that scrubbing never queues. The last answer stays on screen.
 */
import { onScopeDispose, shallowRef, watch, type ShallowRef } from 'vue'

let asking = 0

/** Questions under way in the whole window; for tests that wait until nothing is. */
export const questionsUnderWay = (): number => asking

/** Counts a question until it is answered. */
export async function counted<T>(question: Promise<T>): Promise<T> {
  asking++
  try {
    return await question
  } finally {
    asking--
  }
}

export interface Latest<T> {
  readonly value: Readonly<ShallowRef<T | undefined>>
  /** Set while an answer is awaited. */
  readonly loading: Readonly<ShallowRef<boolean>>
  readonly error: Readonly<ShallowRef<unknown>>
}

/**
 * @param wanted what is wanted now; `undefined` for nothing, which clears the value
 * @param ask answers for it
 */
export function useLatest<W extends object, T>(
  wanted: () => W | undefined,
  ask: (wanted: W) => Promise<T>
): Latest<T> {
  const value = shallowRef<T>()
  const loading = shallowRef(false)
  const error = shallowRef<unknown>()
  let next: W | undefined
  let waiting = false
  let gone = false

  async function go(): Promise<void> {
    loading.value = true
    while (waiting && next !== undefined && !gone) {
      waiting = false
      const asked = next
      try {
        const answer = await counted(ask(asked))
        // Late, but nothing newer has come: still the best there is.
        if (next !== undefined) value.value = answer
        error.value = undefined
      } catch (reason) {
        if (!waiting) error.value = reason
      }
    }
    loading.value = false
  }

  watch(
    wanted,
    (now) => {
      next = now
      if (now === undefined) {
        value.value = undefined
        error.value = undefined
        return
      }
      waiting = true
      if (!loading.value) void go()
    },
    { immediate: true }
  )
  onScopeDispose(() => (gone = true))
  return { value, loading, error }
}
