import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { nextTick } from 'vue'
import type { ExploreAnswer, ExploreRequest, ExploreService } from '../../../protocol/explore'
import { exploreSamples } from '../../../protocol/testing/explore-samples'
import { useClients } from '../../platform/clients-in-use'
import { fakeClients } from '../../platform/fake'
import { useDocumentsStore } from '../../stores/documents'
import { useVmemmapStore } from './view-store'

const ANSWER = exploreSamples.replies.explore
const { replies } = exploreSamples

/** Explorations that a test ends itself. */
function setUp() {
  setActivePinia(createPinia())
  const asked: ExploreRequest[] = []
  const ends: ((answer: ExploreAnswer | Error) => void)[] = []
  const cancelled: string[] = []
  const exploring: ExploreService = {
    knownSequences: async () => replies.knownSequences,
    sequenceView: async () => replies.sequenceView,
    explore: (request) => {
      asked.push(request)
      return new Promise((done, fail) =>
        ends.push((answer) => (answer instanceof Error ? fail(answer) : done(answer)))
      )
    },
    cancelExplore: async ({ id }) => {
      cancelled.push(id)
      return { cancelled: true }
    }
  }
  const clients = fakeClients({ exploring })
  useClients(clients)
  return { asked, ends, cancelled, clients, store: useVmemmapStore(), documents: useDocumentsStore() }
}

const entry = (file: string) => ({ id: `yours/${file}`, file, title: file, topic: 'Yours', readOnly: false })

describe('the Vmemmap panel', () => {
  let all: ReturnType<typeof setUp>
  beforeEach(() => (all = setUp()))

  it('asks for the sequence that is chosen under the configuration that is set', async () => {
    const { store } = all
    await store.load()
    expect(store.known).toEqual(replies.knownSequences.sequences)
    expect(store.sides).toEqual([])
    store.choose(1, { kind: 'known', name: 'S4' })
    store.settings = { ...store.settings, bbm: '2-noabort' }
    expect(store.sides).toEqual([1])
    expect(store.requests[1]).toEqual({
      source: { kind: 'known', sequence: 'S4', tails: 7, actors: ['R', 'H frozen', 'N'] },
      bounds: { cpus: 2, bbm: '2-noabort', content: 'strict' }
    })
  })

  it('takes the model of an open tab as it says itself, and lets go of it with the tab', async () => {
    const { store, documents } = all
    const key = documents.add(entry('mine.ts'), 'text')
    store.choose(0, { kind: 'script', key })
    expect(store.settings).toEqual({})
    expect(store.nameOf(0)).toBe('mine.ts')
    await expect
      .poll(() => store.requests[0])
      .toEqual({ source: { kind: 'script', file: 'mine.ts', text: 'text' }, bounds: {} })
    documents.patch(key, { text: 'more' })
    await expect.poll(() => store.requests[0]?.source).toMatchObject({ text: 'more' })
    documents.remove(key)
    await nextTick()
    expect(store.sides).toEqual([])
  })

  it('shows how far each side is, and its verdict', async () => {
    const { store, asked, ends, clients } = all
    store.choose(0, { kind: 'known', name: 'S4' })
    store.choose(1, { kind: 'known', name: 'S6' })
    await nextTick()
    const done = store.exploreAll()
    expect(asked.map(({ source }) => source.kind === 'known' && source.sequence)).toEqual(['S4', 'S6'])
    clients.simulator.emit({ ...exploreSamples.events['explore-progress'], id: asked[1].id, states: 7 })
    expect(store.explorations.map(({ progress }) => progress?.states)).toEqual([undefined, 7])
    ends[0](ANSWER)
    ends[1]({ ...ANSWER, verdict: 'safe', counterexample: undefined })
    await done
    expect(store.explorations.map(({ answer }) => answer?.verdict)).toEqual(['counterexample', 'safe'])
    // What has a verdict is not asked again.
    await store.exploreAll()
    expect(asked).toHaveLength(2)
  })

  it('steps through a counterexample within its bounds, and opens it as an experiment', async () => {
    const { store, ends, clients, documents } = all
    store.choose(0, { kind: 'known', name: 'S4' })
    await nextTick()
    const done = store.explore(0)
    ends[0](ANSWER)
    await done
    const last = ANSWER.counterexample!.steps.length
    store.goTo(0, -1)
    expect(store.explorations[0].at).toBe(0)
    store.goTo(0, 99)
    expect(store.explorations[0].at).toBe(last)
    await store.openExperiment(0)
    expect(documents.active?.text).toBe(ANSWER.experiment!.text)
    expect(documents.active?.file).toMatch(/^s4-counterexample/)
    expect([...clients.library.values()].map(({ text }) => text)).toContain(ANSWER.experiment!.text)
  })

  it('lets go of a verdict, and ends a search, when what was asked changes', async () => {
    const { store, asked, ends, cancelled } = all
    store.choose(0, { kind: 'known', name: 'S4' })
    await nextTick()
    const first = store.explore(0)
    ends[0](ANSWER)
    await first
    store.settings = { ...store.settings, content: 'ignored' }
    await nextTick()
    expect(store.explorations[0].answer).toBeUndefined()
    const second = store.explore(0)
    store.actors = ['H']
    await nextTick()
    expect(cancelled).toEqual([asked[1].id])
    ends[1](ANSWER)
    await second
    expect(store.explorations[0].answer).toBeUndefined()
  })

  it('keeps an error with its side, and can be asked again', async () => {
    const { store, ends } = all
    store.choose(0, { kind: 'known', name: 'S4' })
    await nextTick()
    const failed = store.explore(0)
    ends[0](new Error('no memory'))
    await failed
    expect(store.explorations[0]).toMatchObject({ error: new Error('no memory') })
    const again = store.explore(0)
    ends[1](ANSWER)
    await again
    expect(store.explorations[0]).toMatchObject({ answer: ANSWER })
  })
})
