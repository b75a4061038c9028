/** The simulator's service: runs under way, runs on disk, and their events for every window. */
import type { RunHandle } from '../lab/run/types'
import type { FileRunStore } from '../host/run-store'
import type {
  CheckReply,
  CheckRequest,
  RunBookmark,
  RunRecord,
  RunRequest,
  SimulatorEvent,
  SimulatorInfo,
  SimulatorService
} from '../protocol/services'
import type { ExploreEvent, ExploreService } from '../protocol/explore'
import type { TraceService } from '../protocol/trace'
import { SimulatorError } from './error'
import { withoutExplorer } from './explore'
import { withoutTraces } from './traces'

/** Runs at once, over all windows; each uses as many workers as it is given. */
export const MAX_RUNS_AT_ONCE = 8

/** What the laboratory does for the simulator. */
export interface Laboratory {
  info(): SimulatorInfo
  check(request: CheckRequest): Promise<CheckReply>
  startRun(request: RunRequest): RunHandle
  /** The bundle of a finished run. */
  bundle(
    record: RunRecord,
    bookmarks?: readonly RunBookmark[]
  ): Promise<{ readonly name: string; readonly bytes: Uint8Array; readonly sha256: string }>
  /** Traces of runs that `record` answers; a laboratory without any refuses every call about them. */
  traces?(record: (runId: string) => Promise<RunRecord>, told: (event: SimulatorEvent) => void): TraceService
  /** Sequences and explorations; a laboratory without any refuses every call about them. */
  explorations?(told: (event: ExploreEvent) => void): ExploreService
}

export interface Simulator {
  readonly service: SimulatorService
  /** Hears the events of all runs. Answers what ends it. */
  on(listener: (event: SimulatorEvent) => void): () => void
}

export function createSimulator(laboratory: Laboratory, store: FileRunStore): Simulator {
  /** Runs under way, and ended ones that could not be stored. */
  const handles = new Map<string, RunHandle>()
  const underWay = new Set<string>()
  const listeners = new Set<(event: SimulatorEvent) => void>()

  const tell = (event: SimulatorEvent): void => {
    for (const listener of [...listeners]) listener(event)
  }

  const follow = (handle: RunHandle): void => {
    handles.set(handle.runId, handle)
    underWay.add(handle.runId)
    handle.events.subscribe(tell)
    void handle.done.then(async ({ runId, status }) => {
      underWay.delete(runId)
      const stored = await store.get(runId).catch(() => undefined)
      if (stored?.status === status) handles.delete(runId)
    })
  }

  const record = async (runId: string): Promise<RunRecord> =>
    handles.get(runId)?.record() ?? (await store.get(runId))

  const service: SimulatorService = {
    ...(laboratory.traces?.(record, tell) ?? withoutTraces()),
    ...(laboratory.explorations?.(tell) ?? withoutExplorer()),
    hello: async () => laboratory.info(),
    check: (request) => laboratory.check(request),
    startRun: async (request) => {
      if (underWay.size >= MAX_RUNS_AT_ONCE)
        throw new SimulatorError(
          'too-many-runs',
          `${MAX_RUNS_AT_ONCE} runs are under way already`,
          'Cancel one of them.'
        )
      const handle = laboratory.startRun(request)
      follow(handle)
      return { runId: handle.runId }
    },
    cancelRun: async ({ runId }) => {
      const handle = handles.get(runId)
      return { status: handle === undefined ? (await store.get(runId)).status : await handle.cancel() }
    },
    listRuns: async () => {
      const live = [...handles.values()].map((handle) => handle.summary())
      const stored = (await store.list()).filter(({ runId }) => !handles.has(runId))
      return [...live, ...stored].sort((a, b) =>
        a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0
      )
    },
    getRun: ({ runId }) => record(runId),
    forkView: async ({ runId, cell, fork }) =>
      handles.get(runId)?.forkView(cell, fork) ?? (await store.forkView(runId, cell, fork)),
    exportRun: async ({ runId, bookmarks }) => {
      const found = await record(runId)
      if (found.status !== 'finished')
        throw new SimulatorError(
          'not-finished',
          `Only a finished run can be exported; this one is ${found.status}`,
          'Run it to its end first.'
        )
      return laboratory.bundle(found, bookmarks)
    }
  }
  return {
    service,
    on: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    }
  }
}
