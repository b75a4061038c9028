import { focusEditor } from '../editor/focus'

/** Where the focus was before the first of the dialogs opened. */
let before: HTMLElement | null = null
const waiting: (() => void)[] = []

/** Remembers where the focus is; called when a dialog opens and none was open. */
export function rememberFocusBefore(): void {
  before = document.activeElement instanceof HTMLElement ? document.activeElement : null
}

/** Puts the focus back, unless somebody else has taken it since; called when the last dialog is gone. */
export function returnFocus(): void {
  const free = document.activeElement === null || document.activeElement === document.body
  if (free && before?.isConnected) {
    // The editor has several fields of its own; it knows which of them is for typing.
    if (before.closest('.monaco-editor')) focusEditor()
    else before.focus()
  }
  before = null
  waiting.splice(0).forEach((done) => done())
}

/** Resolves when the focus is back: for what must act where the user was. */
export function focusReturned(): Promise<void> {
  return new Promise((resolve) => waiting.push(resolve))
}
