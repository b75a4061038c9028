import { defineStore } from 'pinia'
import { computed, ref, shallowRef } from 'vue'
import type { ExperimentEntry } from '../../protocol/services'
import type { Position } from '../ui/position'

/** One open experiment: a tab with a text. */
export interface OpenDocument {
  /** Key of the tab; stays the same when an example is saved as a copy. */
  readonly key: string
  /** The experiment's id in the library: `examples/...` or `yours/...`. */
  readonly id: string
  readonly file: string
  readonly title: string
  readonly readOnly: boolean
  /** The text as it is in the library. */
  readonly saved: string
  /** The text as it is in the editor. */
  readonly text: string
  readonly caret: { readonly line: number; readonly column: number }
  /** The text was restored from a draft after a crash or a kill. */
  readonly recovered: boolean
}

/** Open experiments and which of them the window is about. */
export const useDocumentsStore = defineStore('documents', () => {
  const documents = ref<readonly OpenDocument[]>([])
  const activeKey = ref<string>()
  /** Where the editor is asked to go; a new object for each request. */
  const revealRequest = shallowRef<{ readonly key: string; readonly line: number; readonly column: number }>()

  const active = computed(() => documents.value.find((open) => open.key === activeKey.value))

  /** Whether the text differs from the library's; true to the character, so undoing clears it. */
  function isDirty(document: Pick<OpenDocument, 'text' | 'saved'>): boolean {
    return document.text !== document.saved
  }

  function find(key: string): OpenDocument | undefined {
    return documents.value.find((open) => open.key === key)
  }

  /** Changes a document in place; a key that is not open is ignored. */
  function patch(key: string, change: Partial<Omit<OpenDocument, 'key'>>): void {
    documents.value = documents.value.map((open) => (open.key === key ? { ...open, ...change } : open))
  }

  /** Adds a tab for an entry and makes it the active one; an open one is only made active. Answers its key. */
  function add(
    entry: ExperimentEntry,
    saved: string,
    draft?: { text: string; caret: OpenDocument['caret'] }
  ): string {
    const known = documents.value.find((open) => open.id === entry.id)
    if (known) {
      activeKey.value = known.key
      return known.key
    }
    const key = `editor:${entry.id}`
    documents.value = [
      ...documents.value,
      {
        key,
        id: entry.id,
        file: entry.file,
        title: entry.title,
        readOnly: entry.readOnly,
        saved,
        text: draft?.text ?? saved,
        caret: draft?.caret ?? { line: 1, column: 1 },
        recovered: draft !== undefined && draft.text !== saved
      }
    ]
    activeKey.value = key
    return key
  }

  /** Removes a tab; its neighbour becomes active. */
  function remove(key: string): void {
    const at = documents.value.findIndex((open) => open.key === key)
    if (at < 0) return
    documents.value = documents.value.filter((open) => open.key !== key)
    if (activeKey.value === key)
      activeKey.value = documents.value[Math.min(at, documents.value.length - 1)]?.key
  }

  /** Puts the caret at a place in an open script and focuses the editor; false when no such file is open. */
  function reveal(place: Position): boolean {
    const preferred = active.value?.file === place.file ? active.value : undefined
    const document = preferred ?? documents.value.find((open) => open.file === place.file)
    if (!document) return false
    activeKey.value = document.key
    revealRequest.value = { key: document.key, line: place.line, column: place.column }
    return true
  }

  return { documents, activeKey, active, revealRequest, isDirty, find, patch, add, remove, reveal }
})
