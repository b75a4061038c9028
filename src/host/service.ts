/** The host's service, the same in both shells; what only a shell can do is given to it. */
import type { HostEvent, HostInfo, HostService } from '../protocol/services'
import { layoutOf } from './data-dir'
import { Drafts } from './drafts'
import { Library } from './library'
import type { Log } from './log'
import { loadState, saveState } from './state'
import type { Supervisor } from './supervise'

export interface HostOptions<C> {
  /** Folder of the user's data. */
  readonly dataDir: string
  /** Folder of the examples that come with the app. */
  readonly examplesDir: string
  readonly info: HostInfo
  readonly log: Log
  readonly supervisor: Supervisor<C>
  /** Offers a file to the user. */
  readonly saveFile: HostService['saveFile']
}

export interface Host {
  readonly service: HostService
  /** Hears the host's events; the state of the simulator comes at once. Answers what ends it. */
  on(listener: (event: HostEvent) => void): () => void
  /** Sends an event to every window. */
  emit(event: HostEvent): void
}

/** Makes the host. It starts nothing: the shell starts the supervisor when it is ready to hear of it. */
export function createHost<C>(options: HostOptions<C>): Host {
  const { info, log, supervisor } = options
  const paths = layoutOf(options.dataDir)
  const library = new Library({ examples: options.examplesDir, yours: paths.experiments })
  const drafts = new Drafts(paths.drafts)
  const listeners = new Set<(event: HostEvent) => void>()
  const emit = (event: HostEvent): void => {
    for (const listener of [...listeners]) listener(event)
  }
  supervisor.onState((state) => emit({ type: 'simulator', ...state }))

  const service: HostService = {
    info: async () => info,
    listExperiments: () => library.list(),
    readExperiment: ({ id }) => library.read(id),
    saveExperiment: ({ id, text }) => library.save(id, text),
    duplicateExperiment: ({ id, text }) => library.duplicate(id, text),
    deleteExperiment: ({ id }) => library.delete(id),
    loadDrafts: () => drafts.load(),
    saveDraft: (draft) => drafts.save(draft),
    discardDraft: ({ id }) => drafts.discard(id),
    loadState: async () => {
      const loaded = await loadState(paths.state)
      if (loaded.notice !== undefined) log.add('warn', 'host', loaded.notice)
      return loaded
    },
    saveState: ({ state }) => saveState(paths.state, state),
    saveFile: options.saveFile,
    restartSimulator: async () => supervisor.restart('the user asked for it'),
    readLog: async () => log.lines()
  }
  return {
    service,
    on: (listener) => {
      listeners.add(listener)
      listener({ type: 'simulator', ...supervisor.state })
      return () => listeners.delete(listener)
    },
    emit
  }
}
