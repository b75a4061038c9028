import { allCommands, runCommand, type Command } from './registry'
import { isKey } from './keys'

/** How long Mod+K in the editor waits for the second key of one of the editor's own chords. */
export const CHORD_MS = 500

const inEditor = (target: EventTarget | null) =>
  target instanceof Element && target.closest('.monaco-editor') !== null

/** Whether typing at the target makes text. */
function isText(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false
  if (inEditor(target)) return true
  return target.matches('input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable=true]')
}

/** Monaco waits for a second key for seconds, with the focus on a field of its own: Escape ends that. */
function leaveEditorChord(document: Document): void {
  const init = { key: 'Escape', code: 'Escape', keyCode: 27, bubbles: true, cancelable: true }
  document.activeElement?.dispatchEvent(new KeyboardEvent('keydown', init))
}

/** The command whose key it is; one whose condition holds goes before one without any. */
function meant(event: KeyboardEvent): Command | undefined {
  const bound = allCommands().filter((known) => known.keys?.some((key) => isKey(event, key)))
  return bound.find((known) => known.when?.()) ?? bound.find((known) => known.when === undefined)
}

/** An open modal dialog has the keys to itself, but for those that open another one. */
const inDialog = (target: EventTarget | null) =>
  target instanceof Element && target.closest('[role=dialog][data-modal]') !== null

/**
 * Listens for the keys of all commands, before the editor sees them, so that Mod+Enter runs from
 * anywhere. Keys without a command are left alone. Answers what ends it.
 */
export function listenForKeys(target: Window = window): () => void {
  let chord: ReturnType<typeof setTimeout> | undefined

  const endChord = () => {
    clearTimeout(chord)
    chord = undefined
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing || ['Control', 'Meta', 'Shift', 'Alt'].includes(event.key)) return
    if (chord !== undefined) {
      // The second key of an editor chord: Monaco's, whatever it is.
      endChord()
      return
    }
    const command = meant(event)
    if (!command || command.editorKeys) return
    if (command.scope === 'outside-text' && isText(event.target)) return
    if (command.scope === 'editor' && !inEditor(event.target)) return
    if (inDialog(event.target) && !command.id.startsWith('palette.') && command.id !== 'experiment.open')
      return
    if (isKey(event, 'Mod+K') && inEditor(event.target)) {
      // Monaco's chords start with Mod+K too: the palette opens when none follows.
      chord = setTimeout(() => {
        endChord()
        leaveEditorChord(target.document)
        void runCommand(command.id)
      }, CHORD_MS)
      return
    }
    event.preventDefault()
    event.stopPropagation()
    void runCommand(command.id)
  }

  target.addEventListener('keydown', onKeyDown, { capture: true })
  return () => {
    endChord()
    target.removeEventListener('keydown', onKeyDown, { capture: true })
  }
}
