import { watch } from 'vue'
import type { Diagnostic, Severity } from '../../protocol/results'
import { useDocumentsStore, type OpenDocument } from '../stores/documents'
import { useRunsStore } from '../stores/runs'
import { monaco } from './monaco'

type Model = monaco.editor.ITextModel

/** Whose markers are the run's; all others are the editor's own. */
const RUN = 'run'

const models = new Map<string, Model>()

/** The text model of a tab. It lives as long as the tab, so undo survives switching tabs and running. */
export function modelOf(open: OpenDocument): Model {
  const known = models.get(open.key)
  if (known) return known
  follow()
  // The name is that of the tab: two experiments of one file name must not be one module.
  const uri = monaco.Uri.from({ scheme: 'file', path: `/${open.key.replace(/[^\w./-]/g, '_')}` })
  const model = monaco.editor.createModel(open.saved, 'typescript', uri)
  // A recovered text is an edit of the saved one: undo goes back to what the library has.
  if (open.text !== open.saved) replaceText(model, open.text)
  models.set(open.key, model)
  model.onDidChangeContent(() => useDocumentsStore().patch(open.key, { text: model.getValue() }))
  return model
}

function replaceText(model: Model, text: string): void {
  model.pushStackElement()
  model.pushEditOperations([], [{ range: model.getFullModelRange(), text }], () => null)
  model.pushStackElement()
}

let following = false

/** Once: drops models of closed tabs, shows the run's diagnostics in the margin, reads the editor's. */
function follow(): void {
  if (following) return
  following = true
  const documents = useDocumentsStore()
  const runs = useRunsStore()

  watch(
    () => documents.documents.map((open) => open.key),
    (keys) => {
      for (const [key, model] of models) {
        if (keys.includes(key)) continue
        model.dispose()
        models.delete(key)
      }
    }
  )
  // A text set from outside the editor (a script taken back from a run) becomes an edit that can be undone.
  watch(
    () => documents.documents,
    (open) => {
      for (const { key, text } of open) {
        const model = models.get(key)
        if (model && model.getValue() !== text) replaceText(model, text)
      }
    }
  )
  watch(
    [() => documents.activeKey, () => runs.current?.runId, () => runs.current?.diagnostics],
    () => markRun(),
    { immediate: true }
  )
  monaco.editor.onDidChangeMarkers(() => readMarkers())
  watch(() => documents.activeKey, readMarkers)
}

/** Puts the diagnostics of the run on screen into the margin of the script they are about. */
function markRun(): void {
  const documents = useDocumentsStore()
  const { current } = useRunsStore()
  for (const [key, model] of models) {
    const file = documents.find(key)?.file
    const about = current && key === documents.activeKey ? current.diagnostics : []
    const markers = about
      .filter((diagnostic) => diagnostic.line !== undefined && (diagnostic.file ?? file) === file)
      .map((diagnostic) => toMarker(diagnostic, model))
    monaco.editor.setModelMarkers(model, RUN, markers)
  }
}

const SEVERITIES: Readonly<Record<Severity, monaco.MarkerSeverity>> = {
  error: monaco.MarkerSeverity.Error,
  warning: monaco.MarkerSeverity.Warning,
  info: monaco.MarkerSeverity.Info
}

function toMarker(diagnostic: Diagnostic, model: Model): monaco.editor.IMarkerData {
  const line = Math.min(diagnostic.line ?? 1, model.getLineCount())
  const column = Math.min(diagnostic.column ?? 1, model.getLineMaxColumn(line))
  const word = model.getWordAtPosition({ lineNumber: line, column })
  return {
    severity: SEVERITIES[diagnostic.severity],
    code: diagnostic.code,
    source: 'run',
    message: diagnostic.hint ? `${diagnostic.message}\n${diagnostic.hint}` : diagnostic.message,
    startLineNumber: line,
    startColumn: column,
    endLineNumber: Math.min(diagnostic.endLine ?? line, model.getLineCount()),
    endColumn: diagnostic.endColumn ?? word?.endColumn ?? column + 1
  }
}

/** Tells the Problems panel what the editor's own check says of the active script. */
function readMarkers(): void {
  const documents = useDocumentsStore()
  const open = documents.active
  const model = open && models.get(open.key)
  const markers = model ? monaco.editor.getModelMarkers({ resource: model.uri }) : []
  useRunsStore().checkDiagnostics = markers
    .filter((marker) => marker.owner !== RUN && marker.severity >= monaco.MarkerSeverity.Info)
    .map((marker) => fromMarker(marker, open?.file ?? ''))
}

function fromMarker(marker: monaco.editor.IMarker, file: string): Diagnostic {
  const code = typeof marker.code === 'string' ? marker.code : marker.code?.value
  const severity: Severity =
    marker.severity === monaco.MarkerSeverity.Error
      ? 'error'
      : marker.severity === monaco.MarkerSeverity.Warning
        ? 'warning'
        : 'info'
  return {
    code: code ? `ts${code}` : 'type-error',
    severity,
    message: marker.message,
    file,
    line: marker.startLineNumber,
    column: marker.startColumn,
    endLine: marker.endLineNumber,
    endColumn: marker.endColumn
  }
}
