import { watchDebounced } from '@vueuse/core'
import { host } from '../platform/clients-in-use'
import { useDocumentsStore, type OpenDocument } from './documents'
import { useNoticesStore } from './notices'

/** A pause in typing after which drafts are written, and the longest they wait while it goes on. */
export const DRAFT_PAUSE_MS = 400
export const DRAFT_LONGEST_MS = 1500

/**
 * Keeps a draft of every tab whose text differs from the library's, so that nothing typed is lost when
 * the window, the host or the machine dies. Answers what ends it.
 */
export function keepDrafts(): () => void {
  const documents = useDocumentsStore()
  const notices = useNoticesStore()
  /** What the host has, by experiment. */
  const kept = new Map<string, string>()

  async function write(open: OpenDocument): Promise<void> {
    const { id, text, caret, saved } = open
    if (!documents.isDirty(open)) {
      if (!kept.has(id)) return
      kept.delete(id)
      await host().discardDraft({ id })
      return
    }
    const state = `${caret.line}:${caret.column}:${text}`
    if (kept.get(id) === state) return
    kept.set(id, state)
    await host().saveDraft({ id, text, caret, base: saved })
  }

  async function writeAll(): Promise<void> {
    try {
      await Promise.all(documents.documents.map(write))
      notices.settle('drafts')
    } catch (error) {
      kept.clear()
      notices.notify({
        tone: 'warn',
        text: 'Your changes could not be kept as a draft',
        details: `${error instanceof Error ? error.message : String(error)}. The text is still in the editor; it is tried again with the next change.`,
        key: 'drafts'
      })
    }
  }

  for (const open of documents.documents) {
    if (open.recovered) kept.set(open.id, '')
  }
  return watchDebounced(() => documents.documents, writeAll, {
    debounce: DRAFT_PAUSE_MS,
    maxWait: DRAFT_LONGEST_MS
  })
}
