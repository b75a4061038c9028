/** Sequences and explorations for windows: the calls of `ExploreService`. */
import { SEQUENCE_NAMES, sequenceOf } from '../../engine/hugetlb/sequences'
import type { Sequence } from '../../engine/hugetlb/sequences/step'
import type { Model } from '../../explorer/model'
import type { Counterexample } from '../../explorer/replay'
import type { Progress } from '../../explorer/search'
import { valueText } from '../../explorer/values'
import type { ExploreEvent, ExploreRequest, ExploreService, SequenceRequest } from '../../protocol/explore'
import { LabError, problem } from '../diagnostic'
import type { Diagnostic } from '../results/types'
import type { ExploreAnswer, ExploreCounterexample, ExploreProgress, SequenceView } from '../results/explore'
import { boundsText, verdictSentence } from './document'
import { replayExperiment } from './experiment'
import { exploreModel, modelFrom, type Explored } from './explore'
import { ruleText } from './harm'
import { knownModel, overridesOf, sequenceView } from './sequence-view'

/** Explorations at once, over all windows. */
export const MAX_EXPLORATIONS = 4
/** Events of one exploration come at most this often. */
const EVERY_MS = 100
/** What the explorer takes of a known sequence: all tails are treated alike. */
const EXPLORED_TAILS = 1

/** Evaluates a script's model, as `Laboratory.model` does. */
export type ModelOf = (
  file: string,
  text: string
) => Promise<{ readonly definition?: unknown; readonly diagnostics: readonly Diagnostic[] }>

/** What a request is about: the model that is explored, and its sequence as it is drawn. */
interface Asked {
  readonly model: Model
  readonly drawn: Sequence
}

export class Explorations {
  readonly #underWay = new Map<string, { stop: boolean }>()

  /**
   * @param now monotonic milliseconds
   * @param told hears how far explorations are
   */
  constructor(
    private readonly modelOf: ModelOf,
    private readonly now: () => number,
    private readonly told: (event: ExploreEvent) => void
  ) {}

  service(): ExploreService {
    return {
      knownSequences: async () => ({ sequences: known() }),
      sequenceView: (request) => this.#view(request),
      explore: (request) => this.#explore(request),
      cancelExplore: async ({ id }) => {
        const asked = this.#underWay.get(id)
        if (asked !== undefined) asked.stop = true
        return { cancelled: asked !== undefined }
      }
    }
  }

  async #asked({ source, bounds }: SequenceRequest): Promise<Asked> {
    if (source.kind === 'known') {
      const { sequence, tails, actors } = source
      const definition = knownModel(sequence, EXPLORED_TAILS, actors)
      const model = modelFrom(sequence, { ...definition, ...overridesOf(bounds) })
      return { model, drawn: sequenceOf(sequence, tails) ?? model.sequence }
    }
    const { file, text } = source
    const { definition, diagnostics } = await this.modelOf(file, text)
    const [first] = diagnostics
    if (first !== undefined && definition === undefined) throw placed(first)
    const model = modelFrom(file, { ...(definition as object), ...overridesOf(bounds) })
    return { model, drawn: model.sequence }
  }

  async #view(request: SequenceRequest): Promise<SequenceView> {
    const { model, drawn } = await this.#asked(request)
    return sequenceView(model, drawn)
  }

  async #explore(request: ExploreRequest): Promise<ExploreAnswer> {
    const { id, maxStates } = request
    if (this.#underWay.size >= MAX_EXPLORATIONS)
      throw new LabError(
        problem('too-many-searches', `${MAX_EXPLORATIONS} explorations are under way already`, {
          hint: 'Cancel one of them.'
        })
      )
    const asked = { stop: false }
    this.#underWay.set(id, asked)
    try {
      const { model } = await this.#asked(request)
      return await this.#search(id, maxStates === undefined ? model : { ...model, maxStates }, asked)
    } finally {
      this.#underWay.delete(id)
    }
  }

  async #search(id: string, model: Model, asked: { readonly stop: boolean }): Promise<ExploreAnswer> {
    const started = this.now()
    let shown = started
    let last: ExploreProgress | undefined
    const progress = ({ states, frontier, transitions, depth, bytes }: Progress): ExploreProgress => ({
      states,
      frontier,
      transitions,
      depth,
      bytes,
      elapsedMs: this.now() - started
    })
    try {
      const explored = await exploreModel(
        model,
        () => asked.stop,
        (now) => {
          last = progress(now)
          if (this.now() - shown < EVERY_MS) return
          shown = this.now()
          this.told({ type: 'explore-progress', id, ...last })
        }
      )
      return answerOf(explored, progress(explored.progress), asked.stop)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw new LabError(
        problem('limit-memory', `${last?.states ?? 0} states are all that memory takes: ${error.message}`, {
          hint: 'Take fewer CPUs, entries or agents, or a lower `maxStates` in the model.'
        })
      )
    }
  }
}

function known() {
  return SEQUENCE_NAMES.map((name) => {
    const { title, source } = sequenceOf(name, EXPLORED_TAILS)!
    return { name, title, source }
  })
}

/** A diagnostic as an error that still says where. */
function placed(diagnostic: Diagnostic): LabError {
  const { file, line, column, message } = diagnostic
  const place = line === undefined ? '' : `${file ?? ''}:${line}:${column ?? 1}: `
  return new LabError({ ...diagnostic, message: `${place}${message}` })
}

function counterexampleOf(model: Model, told: Counterexample): ExploreCounterexample {
  const { property, hazard, rule, entry, steps, states } = told
  return {
    property,
    ...(hazard === undefined ? {} : { hazard }),
    ...(rule === undefined ? {} : { rule }),
    text: ruleText(told),
    ...(entry === undefined ? {} : { entry }),
    entries: model.sequence.entries,
    steps,
    states: states.map(({ upper, table, frames, held, done }) => ({
      ...(upper === undefined ? {} : { upper }),
      entries: table.map((value) =>
        value === 'invalid'
          ? { access: 'none', text: valueText(value) }
          : { access: value.access, frame: value.frame, text: valueText(value) }
      ),
      frames: Object.entries(frames).map(([name, holds]) => ({ name, holds })),
      tlbs: held,
      done
    }))
  }
}

function answerOf(explored: Explored, progress: ExploreProgress, stopped: boolean): ExploreAnswer {
  const { model, result, counterexample } = explored
  const experiment = replayExperiment(explored)
  return {
    verdict: result.verdict,
    sentence: verdictSentence(explored),
    cancelled: stopped && result.verdict === 'undecided',
    bounds: boundsText(model),
    progress,
    ...(counterexample === undefined ? {} : { counterexample: counterexampleOf(model, counterexample) }),
    ...(experiment === undefined ? {} : { experiment })
  }
}
