import { watchDebounced } from '@vueuse/core'
import { effectScope, watch } from 'vue'
import type { Draft, HostEvent } from '../protocol/services'
import { clients, host, simulator } from './platform/clients-in-use'
import { readWindowState } from './platform/state'
import { runCommand } from './commands/registry'
import { arrangements } from './layout/arrangements'
import { bookmarks } from './step/bookmarks'
import { followTrace } from './step/follow'
import { useDocumentsStore } from './stores/documents'
import { keepDrafts } from './stores/drafts'
import { useLibraryStore } from './stores/library'
import { useNoticesStore } from './stores/notices'
import { useRunsStore } from './stores/runs'
import { useSettingsStore } from './stores/settings'
import { useShellStore } from './stores/shell'
import { useSimulatorStore } from './stores/simulator'

/** The experiment that is open on a first start. */
const FIRST_EXPERIMENT = 'examples/fork-batching.ts'
const STATE_PAUSE_MS = 300

/**
 * Brings a window to life: what was chosen and open before comes back, with unsaved text; then the
 * simulator and the history. A part that fails is told and leaves the others standing. Answers its end.
 */
export async function startSession(): Promise<() => void> {
  const scope = effectScope(true)
  const ends: (() => void)[] = [() => scope.stop()]
  ends.push(scope.run(followSimulator) as () => void)
  const state = await restoreState()
  await openBefore(state.open, state.front)
  scope.run(() => {
    ends.push(keepDrafts(), keepState(), followTrace())
  })
  return () => ends.splice(0).forEach((end) => end())
}

async function restoreState() {
  const notices = useNoticesStore()
  let stored: unknown
  try {
    const { state, notice } = await host().loadState()
    stored = state
    if (notice)
      notices.notify({ tone: 'warn', text: 'Settings were reset to their defaults', details: notice })
  } catch (error) {
    notices.fail('Settings could not be read; the defaults are used', error)
  }
  const state = readWindowState(stored)
  useSettingsStore().change(state.settings)
  const shell = useShellStore()
  shell.preset = state.preset
  shell.sidebarOpen = state.sidebarOpen
  shell.sidebarWidth = state.sidebarWidth
  shell.recent = state.recent
  arrangements.restore(state.layouts)
  bookmarks.value = state.bookmarks
  return state
}

async function openBefore(open: readonly string[], front: string | undefined): Promise<void> {
  const documents = useDocumentsStore()
  const library = useLibraryStore()
  const notices = useNoticesStore()
  try {
    await library.refresh()
  } catch (error) {
    notices.fail('The experiments could not be listed', error)
  }
  const drafts = await host()
    .loadDrafts()
    .catch((error: unknown): readonly Draft[] => {
      notices.fail('Unsaved changes could not be read', error)
      return []
    })
  const wanted = [...new Set([...open, ...drafts.map((draft) => draft.id)])]
  const first = library.find(FIRST_EXPERIMENT) ?? library.entries[0]
  if (wanted.length === 0 && first) wanted.push(first.id)
  for (const id of wanted) {
    await openWithDraft(
      id,
      drafts.find((draft) => draft.id === id)
    )
  }
  if (documents.documents.length === 0 && first) await openWithDraft(first.id, undefined)
  const before = documents.documents.find((known) => known.id === front)
  if (before) documents.activeKey = before.key
  const recovered = documents.documents.filter((known) => known.recovered)
  if (recovered.length > 0) {
    const names = recovered.map((known) => known.file).join(', ')
    notices.announce(`Unsaved changes were recovered: ${names}`)
  }
}

async function openWithDraft(id: string, draft: Draft | undefined): Promise<void> {
  const documents = useDocumentsStore()
  try {
    const { entry, text } = await host().readExperiment({ id })
    documents.add(entry, text, draft)
  } catch {
    if (!draft) return
    // The experiment is gone, its unsaved text must not be.
    const file = id.split('/').pop() ?? id
    const entry = { id, file, title: file, topic: 'Yours', readOnly: false }
    documents.add(entry, '', draft)
  }
}

function keepState(): () => void {
  const shell = useShellStore()
  const documents = useDocumentsStore()
  const settings = useSettingsStore()
  const notices = useNoticesStore()
  const state = () => ({
    settings: settings.settings,
    preset: shell.preset,
    layouts: arrangements.all.value,
    sidebarOpen: shell.sidebarOpen,
    sidebarWidth: shell.sidebarWidth,
    open: documents.documents.map((known) => known.id),
    front: documents.active?.id,
    recent: shell.recent,
    bookmarks: bookmarks.value
  })
  let saved = JSON.stringify(state())
  return watchDebounced(
    state,
    async (next) => {
      const text = JSON.stringify(next)
      if (text === saved) return
      saved = text
      try {
        await host().saveState({ state: JSON.parse(text) as Record<string, unknown> })
      } catch (error) {
        notices.fail('Settings could not be saved', error)
      }
    },
    { debounce: STATE_PAUSE_MS, maxWait: 2000 }
  )
}

function followSimulator(): () => void {
  const runs = useRunsStore()
  const store = useSimulatorStore()
  const { host: hostClient, simulator: simulatorClient } = clients()
  const greet = async () => {
    try {
      store.info = await simulator().hello()
      if (simulatorClient.state === 'ready') store.state = 'ready'
      await runs.refresh()
    } catch {
      // The connection broke again; the next one greets anew.
    }
  }
  const ends = [
    simulatorClient.on((event) => runs.take(event)),
    hostClient.on((event) => takeHostEvent(event)),
    simulatorClient.onState((state) => {
      if (state === 'ready') void greet()
      else if (state === 'failed') store.state = 'failed'
      else if (store.state === 'ready') simulatorLost()
    })
  ]
  if (simulatorClient.state === 'ready') void greet()
  ends.push(watch(() => store.state, tellState))
  return () => ends.forEach((end) => end())
}

/** What goes on is over; says so once, until the simulator is back. */
function simulatorLost(): void {
  const store = useSimulatorStore()
  store.state = 'restarting'
}

function takeHostEvent(event: HostEvent): void {
  if (event.type === 'command') {
    void runCommand(event.id)
    return
  }
  const store = useSimulatorStore()
  store.restarts = event.restarts
  store.reason = event.reason ?? store.reason
  // `ready` is said by the greeting, when calls are known to go through.
  if (event.state !== 'ready') store.state = event.state
}

/** Says what happened, what was kept and what to do; one notice, which follows what happens. */
function tellState(state: string, before: string): void {
  const store = useSimulatorStore()
  const notices = useNoticesStore()
  const why = store.reason ? `: ${store.reason}` : ''
  if (state === 'restarting' || state === 'failed') {
    if (before === 'ready' || before === 'starting') runsLost = 0
    runsLost += useRunsStore().loseAll()
    const restart = { label: 'Restart simulator', run: () => runCommand('simulator.restart') }
    notices.notify({
      tone: 'bad',
      text: 'The simulator stopped',
      details: `${what(why)} ${state === 'failed' ? 'It could not be started again.' : 'It is being started again.'}`,
      ...(state === 'failed' ? { action: restart } : {}),
      key: 'simulator'
    })
  }
  if (state === 'ready' && (before === 'restarting' || before === 'failed')) {
    notices.notify({
      tone: 'warn',
      text: 'The simulator stopped and was restarted',
      details: `${what(why)} You can run again.`,
      key: 'simulator'
    })
    notices.announce('The simulator was restarted; you can run again')
  }
}

/** Runs that the last death of the simulator cost. */
let runsLost = 0

function what(why: string): string {
  const lost =
    runsLost > 0 ? 'The run in progress ended; its finished cells are kept.' : 'No run was in progress.'
  return `It ended${why}. ${lost} Your text and earlier results are untouched.`
}
