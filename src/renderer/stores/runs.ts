import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'
import type { RunSummary, SimulatorEvent } from '../../protocol/services'
import type { Diagnostic, ForkView } from '../../protocol/results'
import { simulator } from '../platform/clients-in-use'
import { useDocumentsStore } from './documents'
import { fromRecord, isLive, RunCollector, type LiveRun } from './live-run'
import { useSettingsStore } from './settings'

export type { LiveRun, Progress } from './live-run'

/** Runs: the one on screen, the one that goes on, and the history. */
export const useRunsStore = defineStore('runs', () => {
  /** All runs the simulator knows, newest first. */
  const summaries = shallowRef<readonly RunSummary[]>([])
  /** The run the panels show; replaced, never mutated, at most once a frame while it grows. */
  const current = shallowRef<LiveRun | null>(null)
  /** What the editor's check says of the active script, beside the run's own diagnostics. */
  const checkDiagnostics = shallowRef<readonly Diagnostic[]>([])

  const isRunning = computed(() => isLive(current.value))

  const collectors = new Map<string, RunCollector>()

  /** Runs the active experiment, or only some of its cells. */
  async function run(only?: {
    parameters?: Readonly<Record<string, readonly (string | number | boolean)[]>>
  }) {
    const document = useDocumentsStore().active
    if (!document || isRunning.value) return
    const { seed, workers, limits } = useSettingsStore().settings
    await simulator().startRun({
      file: document.file,
      text: document.text,
      parameters: only?.parameters,
      seed,
      workers: workers || undefined,
      limits
    })
  }

  /** Ends the run on screen within a second. */
  async function cancel(): Promise<void> {
    if (current.value && isRunning.value) await simulator().cancelRun({ runId: current.value.runId })
  }

  /** Shows a run of the history. */
  async function open(runId: string): Promise<void> {
    current.value = collectors.get(runId)?.value ?? fromRecord(await simulator().getRun({ runId }))
  }

  /** Builds the bundle of the run on screen and offers it as a file. */
  async function exportBundle(): Promise<void> {
    if (!current.value) return
    await simulator().exportRun({ runId: current.value.runId })
  }

  /** What one fork of the run on screen did. Throws when it was not captured. */
  function forkView(cell: number, fork: number): Promise<ForkView> {
    if (!current.value) return Promise.reject(new Error('there is no run'))
    return simulator().forkView({ runId: current.value.runId, cell, fork })
  }

  /** Reads the history again. */
  async function refresh(): Promise<void> {
    summaries.value = await simulator().listRuns()
  }

  /** Takes in an event of the simulator. */
  function take(_event: SimulatorEvent): void {}

  return {
    summaries,
    current,
    checkDiagnostics,
    isRunning,
    run,
    cancel,
    open,
    exportBundle,
    forkView,
    refresh,
    take
  }
})
