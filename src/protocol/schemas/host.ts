/** Schemas of the host's calls and events. */
import * as v from 'valibot'
import { MAX_DRAFTS, MAX_FILE_BYTES, MAX_LOG_LINES, MAX_SCRIPT_CHARS, MAX_STATE_NODES } from '../limits'
import type { Contract } from '../contract'
import type { Draft, ExperimentEntry, HostEvent, HostInfo, HostService } from '../services'
import * as s from './base'

type Event<T extends HostEvent['type']> = Extract<HostEvent, { type: T }>
type Request<M extends 'saveFile' | 'saveExperiment'> = Parameters<HostService[M]>[0]

const id = s.name
const text = s.textOf(MAX_SCRIPT_CHARS)
const nothing: s.Schema<void> = v.pipe(
  v.nullish(v.undefined()),
  v.transform(() => undefined)
)

export const experimentEntry = s.shape<ExperimentEntry>({
  id,
  file: s.name,
  title: s.line,
  claim: s.maybe(s.line),
  source: s.maybe(s.line),
  topic: s.line,
  readOnly: s.flag
})

export const draft = s.shape<Draft>({
  id,
  text,
  caret: s.shape<Draft['caret']>({ line: s.integer(1), column: s.integer(1) }),
  base: text
})

/** Settings and layout of the window. */
export const state = s.jsonObject(MAX_STATE_NODES)

const ofId = s.shape({ id })
const withText = s.shape<Request<'saveExperiment'>>({ id, text })

export const hostContract: Contract<HostService, HostEvent> = {
  name: 'host',
  calls: {
    info: { reply: s.shape<HostInfo>({ version: s.name, shell: s.name, platform: s.name }) },
    listExperiments: { reply: s.list(experimentEntry, 100_000) },
    readExperiment: { request: ofId, reply: s.shape({ entry: experimentEntry, text }) },
    saveExperiment: { request: withText, reply: experimentEntry },
    duplicateExperiment: { request: withText, reply: experimentEntry },
    deleteExperiment: { request: ofId, reply: nothing },
    loadDrafts: { reply: s.list(draft, MAX_DRAFTS) },
    saveDraft: { request: draft, reply: nothing },
    discardDraft: { request: ofId, reply: nothing },
    loadState: { reply: s.shape({ state, notice: s.maybe(s.line) }) },
    saveState: { request: s.shape({ state }), reply: nothing },
    saveFile: {
      request: s.shape<Request<'saveFile'>>({
        name: s.name,
        bytes: s.bytes(MAX_FILE_BYTES),
        filter: s.shape<Request<'saveFile'>['filter']>({ name: s.name, extensions: s.list(s.name, 16) })
      }),
      reply: s.shape({ outcome: s.oneOf('saved', 'cancelled', 'download'), name: s.name })
    },
    restartSimulator: { reply: nothing },
    readLog: { reply: s.list(s.line, MAX_LOG_LINES) }
  },
  events: {
    simulator: s.shape<Event<'simulator'>>({
      type: s.literal('simulator'),
      state: s.oneOf('starting', 'ready', 'restarting', 'failed'),
      restarts: s.count,
      reason: s.maybe(s.line)
    }),
    command: s.shape<Event<'command'>>({ type: s.literal('command'), id })
  }
}
