import { defineStore } from 'pinia'
import { ref } from 'vue'

export type NoticeTone = 'good' | 'info' | 'warn' | 'bad'

/** A message that must be read: it stays until dismissed and never takes the focus. */
export interface Notice {
  readonly id: number
  readonly tone: NoticeTone
  /** What happened. */
  readonly text: string
  /** What was kept, and what to do. */
  readonly details?: string
  readonly action?: { readonly label: string; run(): void | Promise<void> }
  /** Replaces a shown notice of the same key, so that a repeating fault does not pile up. */
  readonly key?: string
}

/** Notices on screen, newest last, and the two live regions. */
export const useNoticesStore = defineStore('notices', () => {
  const notices = ref<readonly Notice[]>([])
  /** Text of the polite live region: run state, verdicts, what was saved. */
  const announcement = ref('')
  let next = 1

  /** Shows a notice; answers its id. */
  function notify(notice: Omit<Notice, 'id'>): number {
    const id = next++
    notices.value = [
      ...notices.value.filter((shown) => notice.key === undefined || shown.key !== notice.key),
      { ...notice, id }
    ]
    return id
  }

  function dismiss(id: number): void {
    notices.value = notices.value.filter((notice) => notice.id !== id)
  }

  /** Drops the newest notice: Escape in the list. */
  function dismissLast(): void {
    notices.value = notices.value.slice(0, -1)
  }

  /** Drops the notice of a key once its cause is gone. */
  function settle(key: string): void {
    notices.value = notices.value.filter((notice) => notice.key !== key)
  }

  /** Says something to screen readers and in the status bar without interrupting. */
  function announce(text: string): void {
    announcement.value = text
  }

  /** Shows an error of ours or of a call: its message first, its stack never. */
  function fail(what: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    notify({ tone: 'bad', text: what, details: reason, key: `fail:${what}` })
  }

  return { notices, announcement, notify, dismiss, dismissLast, settle, announce, fail }
})
