import { watch } from 'vue'
import { clients } from '../platform/clients-in-use'
import { useDocumentsStore } from '../stores/documents'
import { isLive } from '../stores/live-run'
import { useRunsStore } from '../stores/runs'
import { useShellStore } from '../stores/shell'
import { useTraceStore } from '../stores/trace'
import { parsePosition } from '../ui/position'
import { showCurrentLine } from './current-line'
import { openRun } from './open'

/**
 * Keeps the trace in step with the rest of the window: it is opened where stepping is what the preset is
 * for, closed when its run leaves the screen, and the editor shows the line that caused the event.
 */
export function followTrace(): () => void {
  const trace = useTraceStore()
  const runs = useRunsStore()
  const shell = useShellStore()
  const documents = useDocumentsStore()
  const ends = [
    clients().simulator.on((event) => {
      if (event.type !== 'trace-progress') return
      const { cell, phase, events } = event
      trace.progress = phase === 'ready' ? undefined : { cell, phase, events }
    }),
    watch(
      [() => runs.current?.runId, () => runs.current?.status, () => shell.preset],
      ([runId], [before]) => {
        if (runId !== before) trace.close()
        if (!runs.current || isLive(runs.current) || shell.preset === 'write') return
        const compared = shell.preset === 'compare'
        if (trace.opening || (trace.sides.length > 0 && (!compared || trace.sides.length > 1))) return
        void openRun(compared, true)
      }
    ),
    watch([() => trace.operation?.at, () => trace.leading?.summary.file, () => documents.activeKey], () => {
      const place = trace.operation?.at ? parsePosition(trace.operation.at) : undefined
      const file = trace.leading?.summary.file
      const open = documents.active?.file === file ? documents.active : undefined
      showCurrentLine(place && open ? { key: open.key, line: place.line } : undefined)
    })
  ]
  return () => ends.forEach((end) => end())
}
