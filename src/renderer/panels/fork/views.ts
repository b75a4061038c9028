import { shallowRef, watch, type Ref } from 'vue'
import type { ForkView } from '../../../protocol/results'
import { useRunsStore } from '../../stores/runs'

/** One side of the comparison as it is being fetched. */
export type SideView =
  | { readonly state: 'none' }
  | { readonly state: 'loading' }
  | { readonly state: 'ready'; readonly view: ForkView }
  | { readonly state: 'failed'; readonly error: unknown }

/** Views kept so that switching back and forth does not fetch again; a view is a few hundred kilobytes. */
const KEPT = 16
const kept = new Map<string, ForkView>()

function keep(key: string, view: ForkView) {
  kept.delete(key)
  kept.set(key, view)
  const oldest = kept.keys().next().value
  if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest)
}

/**
 * The view of fork `fork` of cell `cell` of the run on screen, fetched when either changes; `undefined`
 * cells give none. Answers of requests that were overtaken are dropped.
 */
export function useForkView(cell: Ref<number | undefined>, fork: Ref<number>) {
  const runs = useRunsStore()
  const side = shallowRef<SideView>({ state: 'none' })
  let latest = 0

  async function load() {
    const request = ++latest
    const runId = runs.current?.runId
    if (cell.value === undefined || runId === undefined) {
      side.value = { state: 'none' }
      return
    }
    const key = JSON.stringify([runId, cell.value, fork.value])
    const known = kept.get(key)
    if (known) {
      side.value = { state: 'ready', view: known }
      return
    }
    side.value = { state: 'loading' }
    try {
      const view = await runs.forkView(cell.value, fork.value)
      keep(key, view)
      if (request === latest) side.value = { state: 'ready', view }
    } catch (error) {
      if (request === latest) side.value = { state: 'failed', error }
    }
  }

  watch([cell, fork, () => runs.current?.runId], load, { immediate: true })
  return { side, reload: load }
}
