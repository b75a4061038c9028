import { questionsUnderWay } from './step/latest'
import { useEditorStore } from './stores/editor'
import { useRunsStore } from './stores/runs'
import { useSimulatorStore } from './stores/simulator'
import { useTraceStore } from './stores/trace'

/**
 * For end-to-end tests: whether the window has nothing left to do by itself. A test waits for it with
 * `page.waitForFunction(() => window.__contpteLab?.idle())` instead of sleeping. It answers a boolean
 * and gives access to nothing, so it is always there.
 */
export interface TestHook {
  /** The editor can be typed into, the simulator answers, and no run, export, trace or question about one is under way. */
  idle(): boolean
}

declare global {
  interface Window {
    __contpteLab?: TestHook
  }
}

/** Puts the hook on the page. */
export function offerTestHook(started: () => boolean): void {
  const editor = useEditorStore()
  const runs = useRunsStore()
  const simulator = useSimulatorStore()
  const trace = useTraceStore()
  const idle = () =>
    started() &&
    editor.ready &&
    simulator.state === 'ready' &&
    !runs.isRunning &&
    !runs.exporting &&
    !trace.opening &&
    questionsUnderWay() === 0
  window.__contpteLab = Object.freeze({ idle })
}
