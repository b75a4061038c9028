import { tabTrapKey } from './keys'
import { registerCommand, implementCommand } from './registry'
import { arrangements } from '../layout/arrangements'
import { dock } from '../layout/dock'
import { cycleRegion } from '../layout/regions'
import { PANELS } from '../panels/registry'
import { registerTraceCommands } from '../step/commands'
import { host } from '../platform/clients-in-use'
import { focusEditor, triggerEditor } from '../editor/focus'
import { useDocumentsStore } from '../stores/documents'
import { useEditorStore } from '../stores/editor'
import { useFilesStore } from '../stores/files'
import { useLibraryStore } from '../stores/library'
import { useNoticesStore } from '../stores/notices'
import { useRunsStore } from '../stores/runs'
import { useSettingsStore, type ThemeChoice } from '../stores/settings'
import { PRESETS, useShellStore, type Preset } from '../stores/shell'

/** Gives every command of the app what it does. Answers what takes them away again. */
export function registerAppCommands(): () => void {
  const removals = [
    ...fileCommands(),
    ...runCommands(),
    ...editCommands(),
    ...layoutCommands(),
    ...panelCommands(),
    ...dialogCommands(),
    ...themeCommands(),
    registerTraceCommands()
  ]
  return () => removals.forEach((remove) => remove())
}

function fileCommands(): (() => void)[] {
  const files = useFilesStore()
  const documents = useDocumentsStore()
  const library = useLibraryStore()
  const notices = useNoticesStore()
  const isOpen = () => documents.active !== undefined
  const ofUser = () => documents.active?.readOnly === false && library.find(documents.active.id) !== undefined
  return [
    implementCommand('experiment.new', () => files.create()),
    implementCommand('experiment.open', () => useShellStore().show('quick-open')),
    implementCommand('experiment.save', () => files.save(), { enabled: isOpen }),
    implementCommand('experiment.duplicate', () => files.duplicate(), { enabled: isOpen }),
    implementCommand('experiment.close', () => files.close(documents.activeKey ?? ''), { enabled: isOpen }),
    registerCommand({
      id: 'experiment.delete',
      title: 'Delete experiment from your library',
      category: 'File',
      enabled: ofUser,
      run: () => {
        const document = documents.active
        if (!document) return
        notices.notify({
          tone: 'warn',
          text: `Delete ${document.file} from your library?`,
          details: 'Its runs are kept.',
          action: { label: 'Delete', run: () => files.remove(document.key) },
          key: 'delete'
        })
      }
    })
  ]
}

function runCommands(): (() => void)[] {
  const runs = useRunsStore()
  const documents = useDocumentsStore()
  return [
    implementCommand('run.start', () => runs.run(), {
      enabled: () => !runs.isRunning && documents.active !== undefined
    }),
    implementCommand('run.cancel', () => runs.cancel(), { enabled: () => runs.isRunning }),
    implementCommand('bundle.export', () => runs.exportBundle(), { enabled: () => runs.canExport }),
    implementCommand('simulator.restart', () => host().restartSimulator())
  ]
}

function editCommands(): (() => void)[] {
  const documents = useDocumentsStore()
  const editor = useEditorStore()
  const notices = useNoticesStore()
  const enabled = () => documents.active !== undefined
  const native = (id: string, title: string, keys: string, action: string) =>
    registerCommand({
      id,
      title,
      category: 'Edit',
      keys: [keys],
      editorKeys: true,
      enabled,
      run: () => triggerEditor(action)
    })
  return [
    implementCommand('problem.next', () => triggerEditor('editor.action.marker.next'), { enabled }),
    implementCommand('problem.previous', () => triggerEditor('editor.action.marker.prev'), { enabled }),
    native('editor.find', 'Find in the editor', 'Mod+F', 'actions.find'),
    native('editor.replace', 'Replace in the editor', 'Mod+H', 'editor.action.startFindReplaceAction'),
    // The editor's own key for it differs from system to system; this one works on all.
    registerCommand({
      id: 'editor.format',
      title: 'Format the experiment',
      category: 'Edit',
      keys: ['Shift+Alt+KeyF'],
      enabled,
      run: () => triggerEditor('editor.action.formatDocument')
    }),
    native('editor.suggest', 'Suggest completions', 'Mod+I', 'editor.action.triggerSuggest'),
    native('editor.rename', 'Rename symbol', 'F2', 'editor.action.rename'),
    registerCommand({
      id: 'editor.tabTrap',
      title: 'Let Tab leave the editor, or write tabs again',
      category: 'Edit',
      keys: [tabTrapKey()],
      scope: 'editor',
      run: () => {
        editor.tabMovesFocus = !editor.tabMovesFocus
        notices.announce(editor.tabMovesFocus ? 'Tab moves the focus' : 'Tab writes a tab in the editor')
      }
    }),
    native('editor.undo', 'Undo', 'Mod+Z', 'undo')
  ]
}

/** Puts a preset in place, with the user's arrangement of it if there is one. */
export function applyPreset(preset: Preset): void {
  const shell = useShellStore()
  const documents = useDocumentsStore()
  const editing = Boolean(document.activeElement?.closest('.monaco-editor'))
  shell.preset = preset
  const sound = dock.arrange(preset, documents.documents, documents.activeKey)
  if (editing) requestAnimationFrame(() => focusEditor())
  if (sound) return
  arrangements.forget(preset)
  useNoticesStore().notify({
    tone: 'warn',
    text: 'The stored layout could not be read',
    details: 'The default layout is shown instead. Your experiments and runs are untouched.',
    key: 'layout'
  })
}

function layoutCommands(): (() => void)[] {
  const shell = useShellStore()
  const notices = useNoticesStore()
  const move = (direction: 'left' | 'right' | 'up' | 'down') => () => {
    const moved = dock.move(direction)
    notices.announce(moved ? `Moved ${moved} ${direction}` : `There is no room ${direction}`)
  }
  return [
    ...PRESETS.map(({ id }) => implementCommand(`layout.${id}`, () => applyPreset(id))),
    implementCommand('layout.reset', () => {
      arrangements.forget(shell.preset)
      shell.sidebarOpen = true
      applyPreset(shell.preset)
      notices.announce('Layout reset')
    }),
    implementCommand('region.next', () => cycleRegion(1)),
    registerCommand({
      id: 'region.previous',
      title: 'Go to previous region',
      category: 'View',
      keys: ['Shift+F6'],
      run: () => cycleRegion(-1)
    }),
    registerCommand({
      id: 'sidebar.toggle',
      title: 'Show or hide the experiment list',
      category: 'View',
      keys: ['Mod+B'],
      run: () => void (shell.sidebarOpen = !shell.sidebarOpen)
    }),
    registerCommand({
      id: 'panel.maximise',
      title: 'Maximise the active group, or restore it',
      category: 'View',
      keys: ['Mod+Shift+M'],
      run: () => dock.toggleMaximised()
    }),
    registerCommand({ id: 'panel.next', title: 'Next tab', category: 'View', run: () => dock.cycle(1) }),
    registerCommand({
      id: 'panel.previous',
      title: 'Previous tab',
      category: 'View',
      run: () => dock.cycle(-1)
    }),
    registerCommand({
      id: 'panel.close',
      title: 'Close the active tab',
      category: 'View',
      run: () => dock.close(dock.activePanel.value ?? '')
    }),
    ...(['left', 'right', 'up', 'down'] as const).map((direction) =>
      registerCommand({
        id: `panel.move.${direction}`,
        title: `Move the active tab ${direction}`,
        category: 'View',
        run: move(direction)
      })
    )
  ]
}

function panelCommands(): (() => void)[] {
  const shell = useShellStore()
  return PANELS.map((panel) =>
    registerCommand({
      id: `panel.show.${panel.id}`,
      title: `Show ${panel.title}`,
      category: 'View',
      run: () => void dock.show(panel.id, shell.preset)
    })
  )
}

function dialogCommands(): (() => void)[] {
  const shell = useShellStore()
  return [
    implementCommand('palette.show', () => shell.show('palette')),
    implementCommand('settings.show', () => shell.show('settings')),
    implementCommand('help.keys', () => shell.show('keys'), { scope: 'outside-text' }),
    implementCommand('help.log', () => shell.show('log')),
    implementCommand('help.about', () => shell.show('about'))
  ]
}

function themeCommands(): (() => void)[] {
  const settings = useSettingsStore()
  const titles: Readonly<Record<ThemeChoice, string>> = {
    system: 'Theme: follow the system',
    dark: 'Theme: dark',
    light: 'Theme: light',
    'high-contrast': 'Theme: high contrast'
  }
  return (Object.keys(titles) as ThemeChoice[]).map((theme) =>
    registerCommand({
      id: `theme.${theme}`,
      title: titles[theme],
      category: 'View',
      run: () => settings.change({ theme })
    })
  )
}
