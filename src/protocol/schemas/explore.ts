/** Schemas of the calls about sequences and the explorer. */
import type { Contract } from '../contract'
import type * as e from '../explore'
import { MAX_EXPLORE_STATES, MAX_SCRIPT_CHARS, MAX_SEQUENCE_STEPS } from '../limits'
import * as v from 'valibot'
import * as s from './base'

/** Entries and frames of one sequence, TLB entries of one CPU. */
const MAX_NAMES = 64
const MAX_CHOICES = 10_000

const access = s.oneOf('rw', 'ro', 'clean', 'none')
const bbm = s.oneOf('0', '1', '2', '2-noabort')
const content = s.oneOf('strict', 'ignored')
const names = s.list(s.name, MAX_NAMES)
const numbers = s.list(s.count, MAX_NAMES)

type Known = Extract<e.ExploreSource, { kind: 'known' }>
type Script = Extract<e.ExploreSource, { kind: 'script' }>

const source: s.Schema<e.ExploreSource> = v.union([
  s.shape<Known>({
    kind: s.literal('known'),
    sequence: s.name,
    tails: s.integer(1, 7),
    actors: s.list(s.oneOf('R', 'T', 'H', 'H frozen', 'N'), 5)
  }),
  s.shape<Script>({ kind: s.literal('script'), file: s.name, text: s.textOf(MAX_SCRIPT_CHARS) })
])

const bounds = s.shape<e.ExploreBounds>({
  cpus: s.maybe(s.integer(2, 4)),
  bbm: s.maybe(bbm),
  content: s.maybe(content)
})

const entry = s.shape<e.SequenceEntry>({
  access,
  frame: s.maybe(s.name),
  page: s.oneOf('old', 'new', 'none'),
  block: s.flag
})

const finding = s.shape<e.SequenceFinding>({
  verdict: s.oneOf('meets', 'violates', 'relies'),
  rule: s.name,
  name: s.line,
  text: s.line,
  entry: s.maybe(s.name)
})

const step = s.shape<e.SequenceStepView>({
  text: s.line,
  rule: s.maybe(s.line),
  why: s.maybe(s.line),
  entries: s.list(entry, MAX_NAMES),
  changed: numbers,
  stale: numbers,
  findings: s.list(finding, 1_000)
})

const view = s.shape<e.SequenceView>({
  name: s.line,
  title: s.line,
  claim: s.maybe(s.line),
  source: s.line,
  entries: names,
  start: s.list(entry, MAX_NAMES),
  steps: s.list(step, MAX_SEQUENCE_STEPS),
  cost: s.shape<e.SequenceCostView>({
    stores: s.count,
    tlbis: s.count,
    invalidated: s.count,
    dsbs: s.count,
    copies: s.count,
    allocated: s.count,
    freed: s.count,
    invalidSteps: s.count,
    staleSteps: s.count
  }),
  cpus: s.integer(2, 4),
  bbm,
  content,
  architecture: s.oneOf('arm64', 'x86-64'),
  agents: s.list(s.line, 1_000)
})

const held = s.shape<e.ExploreHeld>({
  entry: s.maybe(s.name),
  text: s.line,
  access: s.oneOf('rw', 'ro', 'clean'),
  stale: s.flag,
  pending: s.flag
})

const state = s.shape<e.ExploreState>({
  upper: s.maybe(s.line),
  entries: s.list(
    s.shape<e.ExploreState['entries'][number]>({ access, frame: s.maybe(s.name), text: s.line }),
    MAX_NAMES
  ),
  frames: s.list(s.shape<e.ExploreState['frames'][number]>({ name: s.name, holds: s.line }), MAX_NAMES),
  tlbs: s.list(s.list(held, MAX_NAMES), 4),
  done: s.count
})

const progressEntries = {
  states: s.count,
  frontier: s.count,
  transitions: s.count,
  depth: s.count,
  bytes: s.count,
  elapsedMs: s.finite
}

const counterexample = s.shape<e.ExploreCounterexample>({
  property: s.name,
  hazard: s.maybe(s.name),
  rule: s.maybe(s.line),
  text: s.line,
  entry: s.maybe(s.name),
  entries: names,
  steps: s.list(
    s.shape<e.ExploreStep>({
      cpu: s.integer(0, 3),
      text: s.line,
      step: s.maybe(s.integer(1)),
      rule: s.maybe(s.line)
    }),
    MAX_CHOICES
  ),
  states: s.list(state, MAX_CHOICES)
})

const answer = s.shape<e.ExploreAnswer>({
  verdict: s.oneOf('safe', 'counterexample', 'open', 'undecided'),
  sentence: s.line,
  cancelled: s.flag,
  bounds: s.line,
  progress: s.shape<e.ExploreProgress>(progressEntries),
  counterexample: s.maybe(counterexample),
  experiment: s.maybe(
    s.shape<NonNullable<e.ExploreAnswer['experiment']>>({
      file: s.name,
      text: s.textOf(MAX_SCRIPT_CHARS)
    })
  )
})

export const exploreCalls: Contract<e.ExploreService, never>['calls'] = {
  knownSequences: {
    reply: s.shape({
      sequences: s.list(s.shape<e.KnownSequence>({ name: s.name, title: s.line, source: s.line }), 1_000)
    })
  },
  sequenceView: { request: s.shape<e.SequenceRequest>({ source, bounds }), reply: view },
  explore: {
    request: s.shape<e.ExploreRequest>({
      source,
      bounds,
      id: s.name,
      maxStates: s.maybe(s.integer(1, MAX_EXPLORE_STATES))
    }),
    reply: answer
  },
  cancelExplore: {
    request: s.shape<{ readonly id: string }>({ id: s.name }),
    reply: s.shape({ cancelled: s.flag })
  }
}

export const exploreEvent = s.shape<e.ExploreEvent>({
  type: s.literal('explore-progress'),
  id: s.name,
  ...progressEntries
})
