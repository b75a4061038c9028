import { defineStore } from 'pinia'
import { ref } from 'vue'

/** What the status bar says of the editor. */
export const useEditorStore = defineStore('editor', () => {
  const focused = ref(false)
  /** Tab leaves the editor instead of writing a tab (Ctrl+M). */
  const tabMovesFocus = ref(false)
  /** Monaco is loaded and the front editor can be typed into. */
  const ready = ref(false)
  return { focused, tabMovesFocus, ready }
})
