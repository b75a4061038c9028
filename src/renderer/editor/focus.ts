/** The editor that commands act on, without pulling Monaco into whoever only wants to focus it. */
export interface EditorHandle {
  readonly key: string
  focus(): void
  /** Runs one of the editor's own actions. */
  trigger(action: string): void
}

const handles = new Map<string, EditorHandle>()
let front: string | undefined
/** Asked for before the editor was there. */
let focusWhenThere: string | undefined

/** Makes an editor known; answers what makes it unknown again. */
export function registerEditor(handle: EditorHandle): () => void {
  handles.set(handle.key, handle)
  if (focusWhenThere === handle.key) {
    focusWhenThere = undefined
    handle.focus()
  }
  return () => {
    if (handles.get(handle.key) === handle) handles.delete(handle.key)
  }
}

/** Says whose editor commands mean. */
export function setFrontEditor(key: string | undefined): void {
  front = key
}

/** Focuses an experiment's editor, now or as soon as it is there. */
export function focusEditor(key: string | undefined = front): void {
  if (key === undefined) return
  const handle = handles.get(key)
  if (handle) handle.focus()
  else focusWhenThere = key
}

/** Focuses the front editor and runs one of its actions. */
export function triggerEditor(action: string): void {
  const handle = front === undefined ? undefined : handles.get(front)
  handle?.focus()
  handle?.trigger(action)
}
