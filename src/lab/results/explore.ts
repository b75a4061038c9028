/** Sequences of page-table updates and what the explorer says of them, as panels show them. */

/** FEAT_BBM; `2-noabort` is level 2 on CPUs known never to abort. */
export type ExploreBbm = '0' | '1' | '2' | '2-noabort'

/** Who acts beside the sequence: the actors of `docs/vmemmap-verdicts.md`. */
export type ExploreActor =
  /** Reads a tail. */
  | 'R'
  /** Tries a refcount on a tail. */
  | 'T'
  /** Takes and drops references of the head; `H frozen` finds its refcount at 0. */
  | 'H'
  | 'H frozen'
  /** Writes a neighbour. */
  | 'N'

/** Which sequence: one that contpte-lab knows, or the model that a script exports. */
export type ExploreSource =
  | {
      readonly kind: 'known'
      readonly sequence: string
      /** Pages after the head's, drawn; the explorer takes one, because all are treated alike. */
      readonly tails: number
      readonly actors: readonly ExploreActor[]
    }
  | { readonly kind: 'script'; readonly file: string; readonly text: string }

/** What is set instead of the model's own. */
export interface ExploreBounds {
  readonly cpus?: number
  readonly bbm?: ExploreBbm
  readonly content?: 'strict' | 'ignored'
}

/** A sequence that contpte-lab knows. */
export interface KnownSequence {
  readonly name: string
  readonly title: string
  readonly source: string
}

/** One cell of the table. */
export interface SequenceEntry {
  readonly access: 'rw' | 'ro' | 'clean' | 'none'
  readonly frame?: string
  /** The page the entry had before the first step, or another one. */
  readonly page: 'old' | 'new' | 'none'
  /** Part of a block. */
  readonly block: boolean
}

/** What the judge says of a step. */
export interface SequenceFinding {
  readonly verdict: 'meets' | 'violates' | 'relies'
  /** B1 to B10 of Arm, K1 to K10 of the kernel. */
  readonly rule: string
  /** The rule's own name. */
  readonly name: string
  readonly text: string
  readonly entry?: string
}

export interface SequenceStepView {
  readonly text: string
  /** The rule it relies on, and why, where the sequence says so. */
  readonly rule?: string
  readonly why?: string
  readonly entries: readonly SequenceEntry[]
  /** Entries, by number, that the step changes, and those an old translation of which TLBs may hold. */
  readonly changed: readonly number[]
  readonly stale: readonly number[]
  readonly findings: readonly SequenceFinding[]
}

/** Counted over the steps; see `SequenceCost` of the engine. */
export interface SequenceCostView {
  readonly stores: number
  readonly tlbis: number
  readonly invalidated: number
  readonly dsbs: number
  readonly copies: number
  readonly allocated: number
  readonly freed: number
  readonly invalidSteps: number
  readonly staleSteps: number
}

/** A sequence as a table of steps, judged. */
export interface SequenceView {
  readonly name: string
  readonly title: string
  readonly claim?: string
  readonly source: string
  readonly entries: readonly string[]
  readonly start: readonly SequenceEntry[]
  readonly steps: readonly SequenceStepView[]
  readonly cost: SequenceCostView
  /** The configuration it is judged and explored under. */
  readonly cpus: number
  readonly bbm: ExploreBbm
  readonly content: 'strict' | 'ignored'
  readonly architecture: 'arm64' | 'x86-64'
  /** Who acts, a sentence each. */
  readonly agents: readonly string[]
}

/** A translation that a TLB holds in a state of a counterexample. */
export interface ExploreHeld {
  /** Undefined for one of the whole range. */
  readonly entry?: string
  readonly text: string
  readonly access: 'rw' | 'ro' | 'clean'
  /** The tables say otherwise by now. */
  readonly stale: boolean
  /** A TLBI of it waits for its DSB. */
  readonly pending: boolean
}

export interface ExploreState {
  /** What stands above the entries, where that changes. */
  readonly upper?: string
  /** In the order of `ExploreCounterexample.entries`. */
  readonly entries: readonly {
    readonly access: 'rw' | 'ro' | 'clean' | 'none'
    readonly frame?: string
    readonly text: string
  }[]
  readonly frames: readonly { readonly name: string; readonly holds: string }[]
  /** By CPU. */
  readonly tlbs: readonly (readonly ExploreHeld[])[]
  /** Steps of the sequence done. */
  readonly done: number
}

export interface ExploreStep {
  readonly cpu: number
  readonly text: string
  /** Step of the sequence, from 1. */
  readonly step?: number
  readonly rule?: string
}

/** The shortest way to a harm. */
export interface ExploreCounterexample {
  readonly property: string
  readonly hazard?: string
  readonly rule?: string
  readonly text: string
  readonly entry?: string
  /** Names of the entries of its states. */
  readonly entries: readonly string[]
  readonly steps: readonly ExploreStep[]
  /** Before the first step, and after each but the last, which does the harm. */
  readonly states: readonly ExploreState[]
}

/** How far a search is. */
export interface ExploreProgress {
  readonly states: number
  readonly frontier: number
  readonly transitions: number
  readonly depth: number
  readonly bytes: number
  /** Milliseconds of wall time; for people, never part of a result. */
  readonly elapsedMs: number
}

export interface ExploreAnswer {
  readonly verdict: 'safe' | 'counterexample' | 'open' | 'undecided'
  /** The verdict in words. */
  readonly sentence: string
  /** Who asked to stop, or that a bound was reached: only of `undecided`. */
  readonly cancelled: boolean
  /** What was explored, in one line. */
  readonly bounds: string
  readonly progress: ExploreProgress
  readonly counterexample?: ExploreCounterexample
  /** A script that replays the counterexample. */
  readonly experiment?: { readonly file: string; readonly text: string }
}
