/**
 * Calls about sequences of page-table updates and the explorer. Explorations run in the simulator, a slice
 * at a time; the one that asks gives each a name, by which it hears of it and ends it.
 *
 * Calls about a script reject with the code of its first diagnostic (`no-model`, `bad-model`,
 * `syntax-error`, ...); `explore` also with `too-many-searches`, and `limit-memory` where the states do
 * not fit into memory.
 */
import type {
  ExploreAnswer,
  ExploreBounds,
  ExploreProgress,
  ExploreSource,
  KnownSequence,
  SequenceView
} from '../lab/results/explore'

export type * from '../lab/results/explore'

export interface SequenceRequest {
  readonly source: ExploreSource
  readonly bounds: ExploreBounds
}

export interface ExploreRequest extends SequenceRequest {
  /** The asker's own name for it, unlike any other's. */
  readonly id: string
  /** States before it gives up; default the model's. */
  readonly maxStates?: number
}

export interface ExploreEvent extends ExploreProgress {
  readonly type: 'explore-progress'
  readonly id: string
}

/** The part of the simulator's service that is about sequences. */
export interface ExploreService {
  /** Sequences that are known by name, in the order of the literature. */
  knownSequences(): Promise<{ readonly sequences: readonly KnownSequence[] }>
  /** A sequence as a table of steps, judged. */
  sequenceView(request: SequenceRequest): Promise<SequenceView>
  /** Explores to the end, a bound, or `cancelExplore`; how far it is comes as `explore-progress`. */
  explore(request: ExploreRequest): Promise<ExploreAnswer>
  /** Ends an exploration within a second: it answers with what it has. False where none is under way. */
  cancelExplore(request: { readonly id: string }): Promise<{ readonly cancelled: boolean }>
}
