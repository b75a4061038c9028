import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { ExperimentEntry } from '../../protocol/services'
import { host } from '../platform/clients-in-use'

/** Experiments of one topic, in the host's order. */
export interface TopicGroup {
  readonly topic: string
  readonly entries: readonly ExperimentEntry[]
}

/** The experiments the host knows: examples and the user's own. */
export const useLibraryStore = defineStore('library', () => {
  const entries = shallowRef<readonly ExperimentEntry[]>([])
  const loaded = shallowRef(false)

  const groups = computed<readonly TopicGroup[]>(() => {
    const byTopic = new Map<string, ExperimentEntry[]>()
    for (const entry of entries.value) {
      const topic = entry.readOnly ? entry.topic : 'Yours'
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), entry])
    }
    const yours = byTopic.get('Yours')
    byTopic.delete('Yours')
    const groups = [...byTopic].map(([topic, found]) => ({ topic, entries: found }))
    return yours ? [...groups, { topic: 'Yours', entries: yours }] : groups
  })

  async function refresh(): Promise<void> {
    entries.value = await host().listExperiments()
    loaded.value = true
  }

  function find(id: string): ExperimentEntry | undefined {
    return entries.value.find((entry) => entry.id === id)
  }

  return { entries, groups, loaded, refresh, find }
})
