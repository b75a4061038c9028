import { shallowRef } from 'vue'
import type { Preset } from '../stores/shell'

/** The user's own arrangement of panels in each preset, as dockview serialises it. */
const all = shallowRef<Readonly<Record<string, unknown>>>({})

export const arrangements = {
  all,
  restore(stored: Readonly<Record<string, unknown>>): void {
    all.value = stored
  },
  of: (preset: Preset): unknown => all.value[preset],
  keep(preset: Preset, arrangement: unknown): void {
    all.value = { ...all.value, [preset]: arrangement }
  },
  forget(preset: Preset): void {
    const { [preset]: _forgotten, ...others } = all.value
    all.value = others
  }
}
