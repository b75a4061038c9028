import { watch, type WatchHandle } from 'vue'
import { ariaKey, tabTrapKey } from '../commands/keys'
import { useDocumentsStore, type OpenDocument } from '../stores/documents'
import { useEditorStore } from '../stores/editor'
import { useSettingsStore, type Settings } from '../stores/settings'
import { currentLine } from '../step/current-line'
import { registerEditor, setFrontEditor } from './focus'
import { modelOf } from './models'
import { monaco, useMonacoTheme } from './monaco'

/** Line height over font size: 20 for 12.5, as the window's measures have it. */
const LINE_HEIGHT = 1.6

/** What a screen reader says of the editor: Tab is caught inside, so the way out is said with it. */
const editorName = (file: string) =>
  `Editor of ${file}. Press ${ariaKey(tabTrapKey())} so that Tab leaves the editor`

const fontOptions = (settings: Settings): monaco.editor.IEditorOptions => ({
  fontFamily: [
    settings.editorFontFamily && JSON.stringify(settings.editorFontFamily),
    "'JetBrains Mono'",
    'monospace'
  ]
    .filter(Boolean)
    .join(', '),
  fontSize: settings.editorFontSize,
  lineHeight: Math.round(settings.editorFontSize * LINE_HEIGHT),
  fontLigatures: settings.ligatures
})

/** Scroll and folding of tabs whose editor was taken away, e.g. by another arrangement. */
const views = new Map<string, monaco.editor.ICodeEditorViewState | null>()

/** Makes the editor of a tab inside an element. Answers what takes it away; the text stays. */
export function createEditor(element: HTMLElement, open: OpenDocument): () => void {
  const documents = useDocumentsStore()
  const settings = useSettingsStore()
  const store = useEditorStore()
  const { key } = open

  useMonacoTheme(settings.theme)
  const editor = monaco.editor.create(element, {
    model: modelOf(open),
    automaticLayout: true,
    fixedOverflowWidgets: true,
    minimap: { enabled: false },
    scrollBeyondLastLine: false,
    padding: { top: 8, bottom: 8 },
    lineNumbersMinChars: 3,
    overviewRulerBorder: false,
    hideCursorInOverviewRuler: true,
    renderLineHighlightOnlyWhenFocus: true,
    wordBasedSuggestions: 'off',
    stickyScroll: { enabled: false },
    tabFocusMode: store.tabMovesFocus,
    tabSize: 2,
    detectIndentation: true,
    smoothScrolling: false,
    cursorBlinking: reducedMotion() ? 'solid' : 'blink',
    ariaLabel: editorName(open.file),
    ...fontOptions(settings.settings)
  })
  const { line, column } = open.caret
  const view = views.get(key)
  if (view) editor.restoreViewState(view)
  editor.setPosition({ lineNumber: line, column })
  editor.revealLineInCenterIfOutsideViewport(line)

  const handle = {
    key,
    focus: () => editor.focus(),
    trigger: (action: string) => editor.trigger('command', action, undefined)
  }
  const stepping = editor.createDecorationsCollection()
  const watches: WatchHandle[] = [
    watch(
      () => settings.settings,
      (now) => editor.updateOptions(fontOptions(now))
    ),
    watch(() => settings.theme, useMonacoTheme),
    watch(
      () => store.tabMovesFocus,
      (tabFocusMode) => editor.updateOptions({ tabFocusMode })
    ),
    watch(
      () => documents.revealRequest,
      (request) => {
        if (request?.key === key) reveal(editor, request)
      },
      { immediate: true }
    ),
    watch(currentLine, (line) => markLine(editor, stepping, line?.key === key ? line.line : undefined), {
      immediate: true
    }),
    watch(
      () => documents.find(key)?.file,
      (file) =>
        editor.updateOptions({
          ariaLabel: editorName(file ?? open.file)
        })
    )
  ]
  editor.onDidChangeCursorPosition(({ position }) => {
    documents.patch(key, { caret: { line: position.lineNumber, column: position.column } })
  })
  editor.onDidFocusEditorText(() => {
    setFrontEditor(key)
    store.focused = true
  })
  editor.onDidBlurEditorText(() => (store.focused = false))
  const unregister = registerEditor(handle)
  store.ready = true

  return () => {
    unregister()
    watches.forEach((stop) => stop())
    store.focused = false
    views.set(key, editor.saveViewState())
    // The model belongs to the tab, not to this editor.
    editor.setModel(null)
    editor.dispose()
  }
}

/** Marks the line that the step at the cursor belongs to, and brings it into sight. */
function markLine(
  editor: monaco.editor.IStandaloneCodeEditor,
  marks: monaco.editor.IEditorDecorationsCollection,
  line: number | undefined
): void {
  const model = editor.getModel()
  if (line === undefined || !model || line > model.getLineCount()) {
    marks.clear()
    return
  }
  marks.set([
    {
      range: new monaco.Range(line, 1, line, 1),
      options: {
        isWholeLine: true,
        className: 'stepping-line',
        glyphMarginClassName: 'stepping-glyph',
        linesDecorationsClassName: 'stepping-edge'
      }
    }
  ])
  editor.revealLineInCenterIfOutsideViewport(line)
}

function reveal(
  editor: monaco.editor.IStandaloneCodeEditor,
  { line, column }: { readonly line: number; readonly column: number }
): void {
  const position = { lineNumber: line, column }
  editor.setPosition(position)
  editor.revealPositionInCenterIfOutsideViewport(position)
  editor.focus()
}

const reducedMotion = () => matchMedia('(prefers-reduced-motion: reduce)').matches
