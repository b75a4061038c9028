import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileRunStore } from '../host/run-store'
import type { RunHandle } from '../lab/run/types'
import type { RunRecord, SimulatorEvent } from '../protocol/services'
import { sampleForkView, sampleRecord, simulatorSamples } from '../protocol/testing/samples'
import { createSimulator, MAX_RUNS_AT_ONCE, type Laboratory, type Simulator } from './service'

/** A run that goes on until told. */
class FakeRun implements RunHandle {
  readonly runId: string
  #status: RunRecord['status'] = 'running'
  #listener: (event: SimulatorEvent) => void = () => undefined
  #end: (record: RunRecord) => void = () => undefined
  readonly done = new Promise<RunRecord>((resolve) => (this.#end = resolve))
  readonly events = {
    subscribe: (listener: (event: SimulatorEvent) => void) => {
      this.#listener = listener
      return () => undefined
    }
  }
  constructor(n: number) {
    this.runId = `r${n}`
  }
  record(): RunRecord {
    return {
      ...sampleRecord,
      runId: this.runId,
      status: this.#status,
      startedAt: `2026-11-23T21:00:0${this.runId.slice(1)}.000Z`
    }
  }
  summary() {
    const { runId, file, title, status, seed, cellsDone, cellsTotal, passed, failed, elapsedMs, startedAt } =
      this.record()
    return { runId, file, title, status, seed, cellsDone, cellsTotal, passed, failed, elapsedMs, startedAt }
  }
  forkView(cell: number) {
    return cell === 0 ? sampleForkView : undefined
  }
  async cancel() {
    return this.finish('cancelled')
  }
  finish(status: RunRecord['status']) {
    this.#status = status
    this.#listener({ type: 'run-ended', runId: this.runId, run: this.record() })
    this.#end(this.record())
    return status
  }
}

describe('the simulator service', () => {
  let folder: string
  let store: FileRunStore
  let runs: FakeRun[]
  let simulator: Simulator
  const request = { file: 'a.ts', text: 'x', seed: 1 }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lab-simulator-'))
    store = new FileRunStore(folder, { isAlive: () => true })
    runs = []
    const laboratory: Laboratory = {
      info: () => simulatorSamples.replies.hello,
      check: async () => simulatorSamples.replies.check,
      startRun: () => {
        runs.push(new FakeRun(runs.length))
        return runs[runs.length - 1]
      },
      bundle: async () => simulatorSamples.replies.exportRun
    }
    simulator = createSimulator(laboratory, store)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('tells the events of a run to every window', async () => {
    const heard: string[] = []
    const end = simulator.on(({ type }) => heard.push(`one ${type}`))
    simulator.on(({ type }) => heard.push(`two ${type}`))
    await simulator.service.startRun(request)
    runs[0].finish('finished')
    end()
    await simulator.service.startRun(request)
    runs[1].finish('finished')
    expect(heard).toEqual(['one run-ended', 'two run-ended', 'two run-ended'])
  })

  it('lists runs under way and runs on disk once each, newest first', async () => {
    const old = {
      ...sampleRecord,
      runId: 'old',
      status: 'finished',
      startedAt: '2026-01-01T00:00:00.000Z'
    } as const
    await store.begin(old)
    await store.end(old)
    await simulator.service.startRun(request)
    await simulator.service.startRun(request)
    await store.begin(runs[1].record())
    expect((await simulator.service.listRuns()).map(({ runId }) => runId)).toEqual(['r1', 'r0', 'old'])
    expect((await simulator.service.getRun({ runId: 'old' })).status).toBe('finished')
    expect((await simulator.service.getRun({ runId: 'r0' })).status).toBe('running')
  })

  it('keeps a run in memory that could not be stored', async () => {
    await simulator.service.startRun(request)
    runs[0].finish('finished')
    await runs[0].done
    await store.list()
    expect((await simulator.service.getRun({ runId: 'r0' })).status).toBe('finished')
  })

  it('cancels twice with one answer, and says how an old run ended', async () => {
    await simulator.service.startRun(request)
    await store.begin(runs[0].record())
    expect(await simulator.service.cancelRun({ runId: 'r0' })).toEqual({ status: 'cancelled' })
    expect(await simulator.service.cancelRun({ runId: 'r0' })).toEqual({ status: 'cancelled' })
    await expect(simulator.service.cancelRun({ runId: 'never' })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('exports only what is finished', async () => {
    await simulator.service.startRun(request)
    await expect(simulator.service.exportRun({ runId: 'r0' })).rejects.toMatchObject({
      code: 'not-finished',
      message: expect.stringContaining('running')
    })
    runs[0].finish('finished')
    expect(await simulator.service.exportRun({ runId: 'r0' })).toMatchObject({ name: 'a.contpte.zip' })
  })

  it('gives fork views of a run under way', async () => {
    await simulator.service.startRun(request)
    expect(await simulator.service.forkView({ runId: 'r0', cell: 0, fork: 0 })).toEqual(sampleForkView)
    await expect(simulator.service.forkView({ runId: 'r0', cell: 1, fork: 0 })).rejects.toMatchObject({
      code: 'not-found'
    })
  })

  it('runs so many at once and no more', async () => {
    for (let n = 0; n < MAX_RUNS_AT_ONCE; n++) await simulator.service.startRun(request)
    await expect(simulator.service.startRun(request)).rejects.toMatchObject({ code: 'too-many-runs' })
    runs[0].finish('cancelled')
    await runs[0].done
    await expect(simulator.service.startRun(request)).resolves.toEqual({ runId: `r${MAX_RUNS_AT_ONCE}` })
  })
})
