import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { Limits } from '../../protocol/results'
import { DEFAULT_LIMITS } from '../../protocol/results'
import type { ThemeName } from '../theme/tokens'

export type ThemeChoice = 'system' | 'dark' | 'light' | 'high-contrast'

export interface Settings {
  readonly theme: ThemeChoice
  /** Pixels of the editor's text, 8 to 32. */
  readonly editorFontSize: number
  /** Name of an installed family, or empty for the bundled one. */
  readonly editorFontFamily: string
  readonly ligatures: boolean
  /** Cells at once; 0 is one for each core. */
  readonly workers: number
  readonly limits: Limits
  readonly seed: number
  /** Events a trace keeps at most. */
  readonly traceEvents: number
  /** Runs are traced as they go: what they say carries its event, and their bundles hold the traces. */
  readonly traceRuns: boolean
}

export const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  editorFontSize: 12.5,
  editorFontFamily: '',
  ligatures: false,
  workers: 0,
  limits: DEFAULT_LIMITS,
  seed: 1,
  traceEvents: 4_000_000,
  traceRuns: false
}

/** What the user chose. Changes show at once and are saved by the session. */
export const useSettingsStore = defineStore('settings', () => {
  const settings = ref<Settings>(DEFAULT_SETTINGS)
  /** What the system asks for; kept up to date by `theme/system.ts`. */
  const systemDark = ref(true)
  const systemContrast = ref(false)

  const theme = computed<ThemeName>(() => {
    const { theme: choice } = settings.value
    if (choice === 'high-contrast') return systemDark.value ? 'hc-dark' : 'hc-light'
    const dark = choice === 'system' ? systemDark.value : choice === 'dark'
    if (choice === 'system' && systemContrast.value) return dark ? 'hc-dark' : 'hc-light'
    return dark ? 'dark' : 'light'
  })

  function change(patch: Partial<Settings>): void {
    settings.value = { ...settings.value, ...patch }
  }

  return { settings, systemDark, systemContrast, theme, change }
})
