import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { SimulatorInfo } from '../../protocol/services'

export type SimulatorState = 'starting' | 'ready' | 'restarting' | 'failed'

/** How the simulator process is. `session.ts` keeps it up to date. */
export const useSimulatorStore = defineStore('simulator', () => {
  const state = ref<SimulatorState>('starting')
  const restarts = ref(0)
  /** What ended the last one, in words. */
  const reason = ref<string>()
  const info = shallowRef<SimulatorInfo>()
  return { state, restarts, reason, info }
})
