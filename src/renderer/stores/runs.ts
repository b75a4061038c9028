import { defineStore } from 'pinia'
import { computed, shallowRef, watch } from 'vue'
import type { RunSummary, SimulatorEvent } from '../../protocol/services'
import type { Diagnostic, ForkView, ParameterValue } from '../../protocol/results'
import { host, simulator } from '../platform/clients-in-use'
import { download } from '../platform/download'
import { bookmarksOf } from '../step/bookmarks'
import { useDocumentsStore } from './documents'
import { fromRecord, fromSummary, isLive, RunCollector, runSentence, type LiveRun } from './live-run'
import { useNoticesStore } from './notices'
import { useSettingsStore } from './settings'
import { useSimulatorStore } from './simulator'

export type { LiveRun, Progress } from './live-run'

/** Growing runs are redrawn at most this often. */
const REDRAW_MS = 40

/** Runs: the one on screen, the one that goes on, and the history. */
export const useRunsStore = defineStore('runs', () => {
  const documents = useDocumentsStore()
  const notices = useNoticesStore()

  /** All runs the simulator knows, newest first. */
  const summaries = shallowRef<readonly RunSummary[]>([])
  /** The run the panels show; replaced, never mutated, a few times a second while it grows. */
  const current = shallowRef<LiveRun | null>(null)
  /** The run this window started and that goes on, also while another experiment's run is on screen. */
  const active = shallowRef<LiveRun | null>(null)
  /** What the editor's own check says of the active script, beside the run's diagnostics. */
  const checkDiagnostics = shallowRef<readonly Diagnostic[]>([])
  const starting = shallowRef(false)
  const cancelling = shallowRef(false)
  /** Cancel was asked before the run had an id: it is carried out as soon as it has one. */
  let cancelAtStart = false
  const exporting = shallowRef(false)

  const isRunning = computed(() => starting.value || active.value !== null)
  const canExport = computed(() => current.value?.status === 'finished' && !exporting.value)

  const collectors = new Map<string, RunCollector>()
  /** Text of each run started here, and the tab it belongs to. */
  const started = new Map<string, { text: string; key: string }>()
  const latestOfTab = new Map<string, string>()
  let redraw: ReturnType<typeof setTimeout> | undefined

  /** Runs the active experiment, or only some of its cells. Does nothing while a run goes on. */
  async function run(only?: {
    parameters?: Readonly<Record<string, readonly ParameterValue[]>>
  }): Promise<void> {
    const document = documents.active
    if (!document || isRunning.value) return
    const { seed, workers, limits, traceRuns, traceEvents } = useSettingsStore().settings
    starting.value = true
    cancelAtStart = false
    try {
      const { runId } = await simulator().startRun({
        file: document.file,
        text: document.text,
        ...(only?.parameters ? { parameters: only.parameters } : {}),
        seed,
        ...(workers > 0 ? { workers } : {}),
        limits,
        ...(traceRuns ? { trace: { limit: traceEvents } } : {})
      })
      started.set(runId, { text: document.text, key: document.key })
      latestOfTab.set(document.key, runId)
      const collector = collectors.get(runId) ?? collect(blank(runId, document.file, document.title, seed))
      current.value = collector.value
      active.value = collector.live ? collector.value : null
      notices.announce(runSentence(collector.value))
      if (cancelAtStart) await cancel()
    } catch (error) {
      notices.fail('The run could not start', error)
    } finally {
      starting.value = false
    }
  }

  function blank(runId: string, file: string, title: string, seed: number): RunSummary {
    const counts = { cellsDone: 0, cellsTotal: 0, passed: 0, failed: 0, elapsedMs: 0 }
    return { runId, file, title, seed, status: 'checking', startedAt: new Date().toISOString(), ...counts }
  }

  function collect(summary: RunSummary): RunCollector {
    const text = started.get(summary.runId)?.text ?? documents.active?.text ?? ''
    const collector = new RunCollector(fromSummary(summary, text, useSimulatorStore().info?.engine))
    collectors.set(summary.runId, collector)
    return collector
  }

  /** Ends the run that goes on, with all its cells, within a second. */
  async function cancel(): Promise<void> {
    const runId = active.value?.runId
    if (!runId) cancelAtStart = starting.value
    if (!runId || cancelling.value) return
    cancelling.value = true
    try {
      await simulator().cancelRun({ runId })
    } catch (error) {
      notices.fail('The run could not be cancelled', error)
    } finally {
      cancelling.value = false
    }
  }

  /** Shows a run of the history. */
  async function open(runId: string): Promise<void> {
    const known = collectors.get(runId)
    current.value = known ? known.value : fromRecord(await simulator().getRun({ runId }))
  }

  /** Builds the bundle of the run on screen and offers it as a file. */
  async function exportBundle(): Promise<void> {
    const run = current.value
    if (run?.status !== 'finished' || exporting.value) return
    exporting.value = true
    try {
      const marked = bookmarksOf(run)
      const { name, bytes, sha256 } = await simulator().exportRun({
        runId: run.runId,
        ...(marked.length > 0 ? { bookmarks: marked } : {})
      })
      const filter = { name: 'contpte-lab bundle', extensions: ['zip'] }
      const saved = await host().saveFile({ name, bytes, filter })
      if (saved.outcome === 'cancelled') return
      if (saved.outcome === 'download') download(name, bytes, 'application/zip')
      notices.notify({
        tone: 'good',
        text: `Exported ${saved.name}`,
        details: `SHA-256 ${sha256}. Anyone can check it with: contpte-lab verify ${saved.name}`,
        key: 'export'
      })
      notices.announce(`Exported ${saved.name}`)
    } catch (error) {
      notices.fail('The bundle was not exported; the run itself is unchanged', error)
    } finally {
      exporting.value = false
    }
  }

  /** What one fork of the run on screen did. Rejects when it was not captured. */
  function forkView(cell: number, fork: number): Promise<ForkView> {
    if (!current.value) return Promise.reject(new Error('there is no run'))
    return simulator().forkView({ runId: current.value.runId, cell, fork })
  }

  /** Reads the history again, and shows the active experiment's last run if nothing is on screen. */
  async function refresh(): Promise<void> {
    summaries.value = await simulator().listRuns()
    if (!current.value) await showLatest(documents.activeKey)
  }

  /** Takes in an event of the simulator; also of runs that other windows started. */
  function take(event: SimulatorEvent): void {
    if (event.type === 'run-started') {
      if (!collectors.has(event.run.runId)) collect(event.run)
      summaries.value = [event.run, ...summaries.value.filter((known) => known.runId !== event.run.runId)]
      return
    }
    if (event.type === 'trace-progress' || event.type === 'explore-progress') return
    const runId = event.type === 'run-ended' ? event.run.runId : event.runId
    const collector = collectors.get(runId)
    const before = collector?.status
    collector?.apply(event)
    if (before === 'checking' && collector?.status === 'running' && started.has(runId)) {
      notices.announce(runSentence(collector.value))
    }
    if (event.type !== 'run-ended') {
      redraw ??= setTimeout(show, REDRAW_MS)
      return
    }
    summarise(event.run)
    show()
    if (collector && started.has(runId)) notices.announce(runSentence(collector.value))
    if (current.value?.runId !== runId && !started.has(runId)) collectors.delete(runId)
  }

  function summarise(run: RunSummary): void {
    const { runId, file, title, status, seed, cellsDone, cellsTotal, passed, failed, elapsedMs, startedAt } =
      run
    const summary = {
      runId,
      file,
      title,
      status,
      seed,
      cellsDone,
      cellsTotal,
      passed,
      failed,
      elapsedMs,
      startedAt,
      ...(run.parameters ? { parameters: run.parameters } : {})
    }
    const others = summaries.value.filter((known) => known.runId !== runId)
    summaries.value = [summary, ...others].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
  }

  function show(): void {
    clearTimeout(redraw)
    redraw = undefined
    const shown = current.value && collectors.get(current.value.runId)
    if (shown) current.value = shown.value
    const moving = active.value && collectors.get(active.value.runId)
    if (moving) active.value = moving.live ? moving.value : null
  }

  /** The simulator is gone: runs that went on are over, and their finished cells stay. Answers how many. */
  function loseAll(): number {
    const lost = [...collectors.values()].filter((collector) => collector.live)
    for (const collector of lost) {
      collector.lose()
      summarise(collector.value)
    }
    show()
    return lost.length
  }

  async function showLatest(key: string | undefined): Promise<void> {
    const document = key === undefined ? undefined : documents.find(key)
    if (!document) return
    const runId =
      latestOfTab.get(document.key) ??
      summaries.value.find((run) => run.file === document.file && !isLive(run))?.runId
    if (runId === current.value?.runId) return
    current.value = (runId !== undefined && collectors.get(runId)?.value) || null
    if (runId === undefined || current.value) return
    try {
      const record = await simulator().getRun({ runId })
      if (documents.activeKey === key && !current.value) current.value = fromRecord(record)
    } catch {
      // A run that cannot be read any more is as good as none.
    }
  }

  watch(
    () => documents.activeKey,
    (key) => showLatest(key)
  )

  return {
    summaries,
    current,
    active,
    checkDiagnostics,
    starting,
    cancelling,
    exporting,
    isRunning,
    canExport,
    run,
    cancel,
    open,
    exportBundle,
    forkView,
    refresh,
    take,
    loseAll
  }
})
