import { defineStore } from 'pinia'
import { ref } from 'vue'

export type DialogName = 'palette' | 'quick-open' | 'keys' | 'settings' | 'about' | 'log'
export type Preset = 'write' | 'step' | 'compare'

export const PRESETS: readonly { readonly id: Preset; readonly title: string; readonly hint: string }[] = [
  { id: 'write', title: 'Write', hint: 'Editor and results' },
  { id: 'step', title: 'Step', hint: 'Panel and timeline, editor narrow' },
  { id: 'compare', title: 'Compare', hint: 'Two columns' }
]

export const SIDEBAR_WIDTH = { least: 160, most: 420, usual: 244 } as const

/** The frame around editor and panels: which dialog is open, preset, side list. */
export const useShellStore = defineStore('shell', () => {
  const dialog = ref<DialogName | null>(null)
  const preset = ref<Preset>('write')
  const sidebarOpen = ref(true)
  const sidebarWidth = ref<number>(SIDEBAR_WIDTH.usual)
  /** Commands by last use, newest first: the palette lists them before the others. */
  const recent = ref<readonly string[]>([])

  function show(name: DialogName): void {
    dialog.value = name
  }

  function close(): void {
    dialog.value = null
  }

  function remember(commandId: string): void {
    recent.value = [commandId, ...recent.value.filter((id) => id !== commandId)].slice(0, 20)
  }

  return { dialog, preset, sidebarOpen, sidebarWidth, recent, show, close, remember }
})
