import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { useClients } from '../platform/clients-in-use'
import { fakeClients, type FakeClients } from '../platform/fake'
import { startSession } from '../session'
import { useDocumentsStore } from './documents'
import { useFilesStore } from './files'
import { useNoticesStore } from './notices'
import { useRunsStore } from './runs'
import { useSettingsStore } from './settings'
import { useSimulatorStore } from './simulator'

const EXAMPLE = 'examples/fork-batching.ts'

let fake: FakeClients
let end: () => void = () => undefined

async function open(before?: (fake: FakeClients) => void): Promise<void> {
  fake = fakeClients({})
  before?.(fake)
  useClients(fake)
  end = await startSession()
  await vi.waitFor(() => expect(useSimulatorStore().info).toBeDefined())
}

beforeEach(() => {
  vi.useFakeTimers()
  setActivePinia(createPinia())
})
afterEach(() => {
  end()
  vi.useRealTimers()
})

describe('a first start', () => {
  it('has an example open, unchanged and not recovered', async () => {
    await open()
    expect(useDocumentsStore().active).toMatchObject({ id: EXAMPLE, recovered: false })
    expect(useDocumentsStore().isDirty(useDocumentsStore().active!)).toBe(false)
  })
})

describe('text', () => {
  it('is kept as a draft within two seconds, also while typing goes on', async () => {
    await open()
    const documents = useDocumentsStore()
    for (let i = 0; i < 10; i++) {
      documents.patch(documents.activeKey!, { text: `text ${i}`, caret: { line: 3, column: i + 1 } })
      await vi.advanceTimersByTimeAsync(200)
    }
    expect(fake.drafts.get(EXAMPLE)?.text).toMatch(/^text \d/)
    expect(fake.drafts.get(EXAMPLE)?.caret.line).toBe(3)
  })

  it('comes back from a draft with its caret, marked as recovered', async () => {
    await open((fake) =>
      fake.drafts.set(EXAMPLE, { id: EXAMPLE, text: 'unsaved', caret: { line: 1, column: 5 }, base: '' })
    )
    expect(useDocumentsStore().active).toMatchObject({
      text: 'unsaved',
      caret: { line: 1, column: 5 },
      recovered: true
    })
  })

  it('of a draft whose experiment is gone is not lost', async () => {
    const id = 'yours/gone.ts'
    await open((fake) => fake.drafts.set(id, { id, text: 'mine', caret: { line: 1, column: 1 }, base: '' }))
    expect(useDocumentsStore().documents.find((known) => known.id === id)?.text).toBe('mine')
  })

  it('is not marked as changed after it was typed back', async () => {
    await open()
    const documents = useDocumentsStore()
    const { key, saved } = documents.active!
    documents.patch(key, { text: `${saved}x` })
    expect(documents.isDirty(documents.find(key)!)).toBe(true)
    await vi.advanceTimersByTimeAsync(2000)
    expect(fake.drafts.has(EXAMPLE)).toBe(true)
    documents.patch(key, { text: saved })
    expect(documents.isDirty(documents.find(key)!)).toBe(false)
    await vi.advanceTimersByTimeAsync(2000)
    expect(fake.drafts.has(EXAMPLE)).toBe(false)
  })
})

describe('saving', () => {
  it('puts the text of an example into a copy, goes on there and says so', async () => {
    await open()
    const documents = useDocumentsStore()
    const { key } = documents.active!
    documents.patch(key, { text: 'changed' })
    await useFilesStore().save()
    expect(documents.find(key)).toMatchObject({
      id: 'yours/fork-batching-copy.ts',
      readOnly: false,
      saved: 'changed'
    })
    expect(fake.library.get(EXAMPLE)?.text).not.toBe('changed')
    expect(useNoticesStore().announcement).toBe('Saved to your library as fork-batching-copy.ts')
  })

  it('saves in place from then on', async () => {
    await open()
    const documents = useDocumentsStore()
    const { key } = documents.active!
    documents.patch(key, { text: 'one' })
    await useFilesStore().save()
    documents.patch(key, { text: 'two' })
    await useFilesStore().save()
    expect(fake.library.get('yours/fork-batching-copy.ts')?.text).toBe('two')
    expect([...fake.library.keys()]).toHaveLength(2)
  })

  it('duplicates into a second tab with the same text', async () => {
    await open()
    const documents = useDocumentsStore()
    documents.patch(documents.activeKey!, { text: 'same' })
    await useFilesStore().duplicate()
    expect(documents.documents.map((known) => known.text)).toEqual(['same', 'same'])
    expect(documents.active?.id).toBe('yours/fork-batching-copy.ts')
  })

  it('keeps what a closed tab had not saved, and can open it again', async () => {
    await open()
    const documents = useDocumentsStore()
    const { key } = documents.active!
    documents.patch(key, { text: 'unsaved' })
    await useFilesStore().close(key)
    expect(documents.documents).toHaveLength(0)
    expect(fake.drafts.get(EXAMPLE)?.text).toBe('unsaved')
    await useNoticesStore().notices[0].action?.run()
    expect(documents.active?.text).toBe('unsaved')
  })
})

describe('a run', () => {
  it('runs the text in the editor with the seed and the limits that are set', async () => {
    await open()
    useDocumentsStore().patch(useDocumentsStore().activeKey!, { text: 'changed' })
    useSettingsStore().change({ seed: 7, workers: 2 })
    await useRunsStore().run()
    expect(fake.started).toMatchObject([{ file: 'fork-batching.ts', text: 'changed', seed: 7, workers: 2 }])
    expect(useRunsStore().isRunning).toBe(true)
  })

  it('is not started twice', async () => {
    await open()
    await Promise.all([useRunsStore().run(), useRunsStore().run()])
    await useRunsStore().run()
    expect(fake.started).toHaveLength(1)
  })

  it('that could not start says why and can be started again', async () => {
    await open()
    fake.simulator.call.startRun = () => Promise.reject(new Error('no room'))
    await useRunsStore().run()
    expect(useNoticesStore().notices).toMatchObject([{ tone: 'bad', details: 'no room' }])
    expect(useRunsStore().isRunning).toBe(false)
  })

  it('is cancelled also before the simulator has said that it started', async () => {
    await open()
    const runs = useRunsStore()
    const started = runs.run()
    expect(runs.starting).toBe(true)
    await runs.cancel()
    await started
    await vi.waitFor(() => expect(runs.current?.status).toBe('cancelled'))
    expect(runs.isRunning).toBe(false)
  })

  it('is cancelled as a whole and says so', async () => {
    await open()
    await useRunsStore().run()
    await useRunsStore().cancel()
    expect(useRunsStore().isRunning).toBe(false)
    expect(useRunsStore().current?.status).toBe('cancelled')
    expect(useNoticesStore().announcement).toMatch(/^Run cancelled/)
  })

  it('that another window started is in the history, not on screen', async () => {
    await open()
    const run = { ...(await fakeRun()), runId: 'other' }
    fake.simulator.emit({ type: 'run-started', run })
    expect(useRunsStore().current).toBeNull()
    expect(useRunsStore().isRunning).toBe(false)
    expect(useRunsStore().summaries.map((each) => each.runId)).toContain('other')
  })

  it('belongs to its experiment: another tab shows its own or none', async () => {
    await open()
    await useRunsStore().run()
    await useRunsStore().cancel()
    const first = useDocumentsStore().activeKey
    await useFilesStore().duplicate()
    await nextTick()
    expect(useRunsStore().current).toBeNull()
    useDocumentsStore().activeKey = first
    await nextTick()
    expect(useRunsStore().current?.runId).toBe('run-1')
  })
})

describe('the death of the simulator', () => {
  it('costs the run in progress only, is told, and ends by itself', async () => {
    await open()
    const runs = useRunsStore()
    await runs.run()
    const { runId } = runs.current!
    const cell = { index: 0, key: 'k', parameters: {}, rows: [], expectations: [], console: [] }
    fake.simulator.emit({ type: 'cell-finished', runId, cell, forks: 0 })
    fake.simulator.become('connecting')
    fake.host.emit({ type: 'simulator', state: 'restarting', restarts: 1, reason: 'killed (SIGKILL)' })
    await nextTick()
    expect(runs.isRunning).toBe(false)
    expect(runs.current).toMatchObject({ status: 'lost', cellsDone: 1 })
    expect(useNoticesStore().notices).toHaveLength(1)
    expect(useNoticesStore().notices[0].text).toBe('The simulator stopped')
    expect(useNoticesStore().notices[0].details).toMatch(/finished cells are kept/)

    fake.simulator.become('ready')
    await vi.waitFor(() => expect(useSimulatorStore().state).toBe('ready'))
    await nextTick()
    expect(useNoticesStore().notices).toHaveLength(1)
    expect(useNoticesStore().notices[0].text).toBe('The simulator stopped and was restarted')
    expect(useNoticesStore().notices[0].details).toMatch(/SIGKILL.*finished cells are kept/)
  })

  it('that cannot be mended offers to try again', async () => {
    await open()
    fake.host.emit({ type: 'simulator', state: 'failed', restarts: 5, reason: 'no such file' })
    fake.simulator.become('failed')
    await nextTick()
    expect(useSimulatorStore().state).toBe('failed')
    expect(useNoticesStore().notices[0].action?.label).toBe('Restart simulator')
  })
})

async function fakeRun() {
  await fake.simulator.call.startRun({ file: 'x.ts', text: '', seed: 1 })
  return fake.simulator.call.getRun({ runId: 'run-1' })
}
