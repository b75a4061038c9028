import { shallowRef } from 'vue'

/** The entry that panels are about: chosen in one, shown in the others. */
export interface LookedAt {
  readonly pid: number
  readonly address: number
}

export const lookedAt = shallowRef<LookedAt>()
