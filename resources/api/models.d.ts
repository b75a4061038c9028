/** Models for the explorer: sequences of page-table updates and who may interfere with them. */
declare module 'contpte-lab' {
  /** A name of a sequence that contpte-lab knows; see `docs/explorer.md`. */
  export type SequenceName =
    | 'split-direct'
    | 'split-nt'
    | 'split-ro'
    | 'split-bbm'
    | 'split-bbm-paused'
    | 'S0'
    | 'S0-freed-early'
    | 'S0-batched'
    | 'S1'
    | 'S1b'
    | 'S2'
    | 'S3'
    | 'S4'
    | 'S5'
    | 'S6'
    | 'S6-copy-early'
    | 'S6-one-store'
    | 'S7'
    | 'S7-rfc'
    | 'S8'
    | 'D0'
    | 'D1'
    | 'D1-reset-first'
    | 'D7'

  /** What a translation permits; `clean` is writable by hardware's dirty update only. */
  export type EntryAccess = 'rw' | 'ro' | 'clean'

  /** A value of a level-3 entry. `accessed: false` has no access flag yet; `cont` is the contiguous bit. */
  export type EntryValue =
    'invalid' | { frame: string; access: EntryAccess; cont?: boolean; accessed?: boolean }

  /** What stands above the entries: a table of them, or one block over the same range. */
  export type UpperValue = 'table' | 'invalid' | { block: string; access: EntryAccess; nt?: boolean }

  /** One step of a sequence. `rule` names what it relies on: `B1` to `B10` of Arm, `K1` to `K10` of the kernel. */
  export type SequenceStep = { rule?: string; why?: string } & (
    | {
        do: 'write entry'
        entry: string
        value: EntryValue
        how?: 'store' | 'exchange'
        dirty?: 'gathered'
      }
    | { do: 'write upper'; value: UpperValue }
    | { do: 'tlbi'; entries?: readonly string[] }
    | { do: 'dsb'; domain?: 'ish' | 'ishst' }
    | { do: 'copy page'; from: string; to: string }
    | { do: 'reset page' | 'allocate' | 'free frame'; frame: string }
    | { do: 'lock'; irqs?: 'on' | 'off' }
    | {
        do:
          | 'isb'
          | 'synchronize_rcu'
          | 'unlock'
          | 'begin stop_machine'
          | 'end stop_machine'
          | 'pause remote CPUs'
          | 'resume remote CPUs'
          | 'irqs off'
          | 'irqs on'
          | 'steer readers'
          | 'stop steering'
      }
  )

  /** A sequence of your own. */
  export interface SequenceDefinition {
    name?: string
    title?: string
    source?: string
    /** Entries in the order of their addresses, 1 to 16. */
    entries: readonly string[]
    /** Frames in the order of their numbers: what they hold, or `'free'` for one that `allocate` takes. */
    frames: Readonly<Record<string, string>>
    /** What the entries are at the start; left out: invalid. */
    start: Readonly<Record<string, EntryValue>>
    upper?: UpperValue
    steps: readonly SequenceStep[]
    /** Refcount attempts that began earlier have ended before the first step. */
    settled?: boolean
  }

  /** Somebody who may act between any two steps: on the other CPUs, in interrupts on the first, or both. */
  export type ModelAgent =
    | { kind: 'allocator' }
    | {
        kind: 'reader' | 'writer' | 'refcount'
        entries: readonly string[]
        on?: 'remote' | 'interrupt' | 'both'
        /** Of a writer: the refcount is 0 meanwhile, so that it makes no access. */
        frozen?: boolean
        /** It runs at EL0: its faults are served and are no harm. */
        user?: boolean
      }
    | {
        /** Reads the contiguous block of an entry on another CPU without the lock, one load at a time. */
        kind: 'gather'
        entries: readonly string[]
        /** It takes the entries as they come, and does not begin anew where they do not agree. */
        unchecked?: boolean
      }

  /** A model for the explorer: plain data. Only `title` and `sequence` are required. */
  export interface ModelDefinition {
    title: string
    claim?: string
    source?: string
    /** Known sequences, in turn, or one of your own. */
    sequence: SequenceName | readonly SequenceName[] | SequenceDefinition
    /** Of known sequences: pages after the head's, 1 to 7. Default 1. */
    tails?: number
    agents?: readonly ModelAgent[]
    /** 2 to 4; the first one runs the sequence. Default 2. */
    cpus?: number
    /** FEAT_BBM. Default 0. */
    bbm?: 0 | 1 | 2 | '2-noabort'
    /** Whether the clause about contents of pages counts. Default `'strict'`. */
    content?: 'strict' | 'ignored'
    /** `x86-64` has no break-before-make rule. Default `'arm64'`. */
    architecture?: 'arm64' | 'x86-64'
    /** What thread and manual leave open; `'open'` tries both. */
    assume?: {
      /** Whether refcount attempts are ordered against the freeze (H6). Default `'open'`. */
      refcountChecks?: 'reliable' | 'unordered' | 'open'
      /** Size and permission in one store at level 2. Default `'open'`. */
      sizeWithPermission?: 'allowed' | 'forbidden' | 'open'
      /** Whether a load may need more than one word of a page (H12). Default `'one word'`. */
      readers?: 'one word' | 'several words' | 'open'
      /** Whether the kernel's fault handler waits for the updater's lock (S1). Default `'forbidden'`. */
      faults?: 'forbidden' | 'handled'
    }
    /** Entries whose harm counts. Default: all. */
    watch?: readonly string[]
    /** What it is held to. Default: everything. */
    properties?: readonly (
      | 'break-before-make'
      | 'contents'
      | 'fault'
      | 'freed-page'
      | 'tlb-conflict'
      | 'lost-write'
      | 'stale-read'
      | 'stale-translation'
      | 'torn-gather'
      | 'progress'
    )[]
    /** States before the search gives up. */
    maxStates?: number
  }

  /** What goes wrong in a schedule. */
  export interface ReplayedHarm {
    /** Line of the schedule, from 1. */
    readonly line: number
    readonly property: string
    /** H1 to H12 of the thread, where it is one. */
    readonly hazard?: string
    /** The rule that is broken, or that allows the harm, with its name. */
    readonly rule?: string
    readonly entry?: string
    readonly text: string
  }

  /** A state of a model. */
  export interface ReplayedState {
    /** What stands above the entries, where a step changes it. */
    readonly upper?: string
    readonly entries: Readonly<Record<string, string>>
    readonly frames: Readonly<Record<string, string>>
    /** By CPU: what its TLB holds; `all` is a translation of the whole range. */
    readonly tlbs: readonly Readonly<Record<string, string>>[]
    /** Steps of the sequence done. */
    readonly done: number
  }

  /** What `replay` answers. */
  export interface Replayed {
    /** The first harm in one line, as `contpte-lab explore` says it; empty where there is none. */
    readonly harm: string
    readonly harms: readonly ReplayedHarm[]
    /** Before the first line, and after each that leads on. */
    readonly states: readonly ReplayedState[]
  }

  /** Variables and what they must be: one value, or one of several. A name with `@` is the task's own. */
  export type TaskCondition = Readonly<Record<string, string | number | readonly (string | number)[]>>

  /** One atomic step of a task. */
  export interface TaskStep {
    /** What it does, for people. */
    text: string
    /** Waits until this holds. */
    when?: TaskCondition
    /** Is passed over unless this holds. */
    if?: TaskCondition
    /** Assigns: a value, or `$name` for what another variable holds. */
    set?: Readonly<Record<string, string | number>>
    /** Adds to numbers. */
    add?: Readonly<Record<string, number>>
    /** What must hold here; if not, it is the harm `harm` says. */
    must?: TaskCondition
    harm?: string
    /** Of the harm: a hazard or rule. */
    rule?: string
  }

  /** A model of 2 to 4 kernel tasks that act on shared state, a CPU each, in every order of their steps. */
  export interface TaskModelDefinition {
    title: string
    claim?: string
    source?: string
    /** Shared variables at the start. Own ones (`@name`) are 0 until they are set. */
    state: Readonly<Record<string, string | number>>
    tasks: readonly { name: string; steps: readonly TaskStep[] }[]
    /** States before the search gives up. */
    maxStates?: number
  }

  /** Defines a model for `contpte-lab explore`; use it as the default export. */
  export function model(definition: ModelDefinition): ModelDefinition
  export function model(definition: TaskModelDefinition): TaskModelDefinition
}
