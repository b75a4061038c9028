/** What the Vmemmap panel shows: up to two sequences, the configuration, and what became of exploring them. */
import { refDebounced } from '@vueuse/core'
import { defineStore } from 'pinia'
import { computed, ref, shallowRef, watch } from 'vue'
import type {
  ExploreActor,
  ExploreAnswer,
  ExploreBbm,
  ExploreBounds,
  ExploreProgress,
  ExploreSource,
  KnownSequence,
  SequenceRequest
} from '../../../protocol/explore'
import { clients, simulator } from '../../platform/clients-in-use'
import { counted } from '../../step/latest'
import { useDocumentsStore } from '../../stores/documents'
import { useFilesStore } from '../../stores/files'
import { useNoticesStore } from '../../stores/notices'

/** Entries drawn of a known sequence: the head, seven tails, and a neighbour. */
export const TAILS = 7

/** A sequence by its name, or the model in an open tab. */
export type Choice =
  { readonly kind: 'known'; readonly name: string } | { readonly kind: 'script'; readonly key: string }

/** What is set in the panel; left out, it is as the model says. */
export interface Settings {
  readonly cpus?: 2 | 3 | 4
  readonly bbm?: ExploreBbm
  readonly content?: 'strict' | 'ignored'
}

/** What became of exploring one side. */
export interface Exploration {
  /** While it is under way. */
  readonly id?: string
  readonly cancelling?: boolean
  readonly progress?: ExploreProgress
  readonly answer?: ExploreAnswer
  readonly error?: unknown
  /** Position in the counterexample: 0 before its first step. */
  readonly at: number
}

const IDLE: Exploration = { at: 0 }
const SIDES = [0, 1] as const
/** Typing into a model draws it anew after this long. */
const TYPED_MS = 500

export const useVmemmapStore = defineStore('vmemmap', () => {
  const documents = useDocumentsStore()
  const notices = useNoticesStore()

  const known = shallowRef<readonly KnownSequence[]>([])
  const choices = ref<readonly (Choice | undefined)[]>([undefined, undefined])
  const settings = ref<Settings>({ cpus: 2, bbm: '0', content: 'strict' })
  const actors = ref<readonly ExploreActor[]>(['R', 'H frozen', 'N'])
  const explorations = ref<readonly Exploration[]>([IDLE, IDLE])
  /** The step of each table that is looked at. */
  const steps = ref<readonly number[]>([0, 0])

  /** Sides that show something. */
  const sides = computed(() => SIDES.filter((side) => choices.value[side] !== undefined))

  const sources = computed(() => choices.value.map(sourceOf))
  const settled = refDebounced(sources, TYPED_MS)
  /** What is asked of the simulator; text that is being typed waits. */
  const requests = computed<readonly (SequenceRequest | undefined)[]>((before) => {
    const next = choices.value.map((choice, side) => {
      const source = choice?.kind === 'script' ? settled.value[side] : sources.value[side]
      return source && { source, bounds: { ...settings.value } as ExploreBounds }
    })
    // One side's text must not ask the other side's question again.
    return next.map((request, side) =>
      JSON.stringify(request) === JSON.stringify(before?.[side]) ? before?.[side] : request
    )
  })

  function sourceOf(choice: Choice | undefined): ExploreSource | undefined {
    if (choice === undefined) return undefined
    if (choice.kind === 'known')
      return { kind: 'known', sequence: choice.name, tails: TAILS, actors: actors.value }
    const document = documents.find(choice.key)
    return document && { kind: 'script', file: document.file, text: document.text }
  }

  /** Learns which sequences there are; the list never changes while the app runs. */
  async function load(): Promise<void> {
    if (known.value.length > 0) return
    known.value = (await counted(simulator().knownSequences())).sequences
  }

  function put<T>(list: { value: readonly T[] }, side: number, value: T): void {
    list.value = list.value.map((each, index) => (index === side ? value : each))
  }

  function change(side: number, what: Partial<Exploration>): void {
    put(explorations, side, { ...explorations.value[side], ...what })
  }

  function choose(side: number, choice: Choice | undefined): void {
    // A model says itself under what it is to be looked at.
    if (choice?.kind === 'script' && !choices.value.some((each) => each?.kind === 'script'))
      settings.value = {}
    put(choices, side, choice)
    put(steps, side, 0)
  }

  // A verdict belongs to what was asked: it goes when that changes.
  SIDES.forEach((side) =>
    watch(
      () => requests.value[side],
      () => {
        void cancel(side)
        put(explorations, side, IDLE)
      }
    )
  )

  // A closed tab has no model any more.
  watch(
    () => documents.documents.map(({ key }) => key),
    (open) =>
      choices.value.forEach((choice, side) => {
        if (choice?.kind === 'script' && !open.includes(choice.key)) choose(side, undefined)
      })
  )

  let listening: (() => void) | undefined
  function listen(): void {
    listening ??= clients().simulator.on((event) => {
      if (event.type !== 'explore-progress') return
      const { type: _type, id, ...progress } = event
      explorations.value.forEach((exploration, side) => {
        if (exploration.id === id) change(side, { progress })
      })
    })
  }

  /** Explores one side until it is decided, full or cancelled. */
  async function explore(side: number): Promise<void> {
    const request = requests.value[side]
    if (request === undefined || explorations.value[side].id !== undefined) return
    listen()
    const id = crypto.randomUUID()
    put(explorations, side, { id, at: 0 })
    const mine = () => explorations.value[side].id === id
    try {
      const answer = await counted(simulator().explore({ ...request, id }))
      if (!mine()) return
      put(explorations, side, { answer, progress: answer.progress, at: 0 })
      notices.announce(`${nameOf(side)}: ${answer.sentence}`)
    } catch (error) {
      if (mine()) put(explorations, side, { error, at: 0 })
    }
  }

  /** Explores every side that has no verdict yet. */
  async function exploreAll(): Promise<void> {
    await Promise.all(
      sides.value.filter((side) => explorations.value[side].answer === undefined).map((side) => explore(side))
    )
  }

  async function cancel(side: number): Promise<void> {
    const { id } = explorations.value[side]
    if (id === undefined) return
    change(side, { cancelling: true })
    await simulator().cancelExplore({ id })
  }

  const nameOf = (side: number): string => {
    const choice = choices.value[side]
    if (choice === undefined) return ''
    return choice.kind === 'known' ? choice.name : (documents.find(choice.key)?.file ?? '')
  }

  /** Moves in the counterexample of a side, within its bounds. */
  function goTo(side: number, at: number): void {
    const last = explorations.value[side].answer?.counterexample?.steps.length ?? 0
    change(side, { at: Math.max(0, Math.min(last, at)) })
  }

  function look(side: number, step: number): void {
    put(steps, side, step)
  }

  /** The counterexample as an experiment of its own, in the editor. */
  async function openExperiment(side: number): Promise<void> {
    const experiment = explorations.value[side].answer?.experiment
    if (experiment) await useFilesStore().createFrom(experiment.file, experiment.text)
  }

  return {
    known,
    choices,
    settings,
    actors,
    explorations,
    steps,
    sides,
    requests,
    load,
    choose,
    explore,
    exploreAll,
    cancel,
    nameOf,
    goTo,
    look,
    openExperiment
  }
})
