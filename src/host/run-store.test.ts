import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CellResult } from '../lab/results/types'
import { sampleForkView, sampleRecord } from '../protocol/testing/samples'
import type { RunRecord } from '../protocol/services'
import { FileRunStore } from './run-store'

const record = (runId: string, startedAt = '2026-11-23T21:00:00.000Z'): RunRecord => ({
  ...sampleRecord,
  runId,
  startedAt,
  status: 'running',
  cellsDone: 0,
  cellsTotal: 3,
  passed: 0,
  failed: 0,
  rows: [],
  expectations: [],
  charts: [],
  console: [],
  diagnostics: [],
  cells: [0, 1, 2].map((n) => ({ parameters: { n }, forks: -1, key: `k${n}` }))
})
const cell = (index: number): CellResult => ({
  index,
  key: `k${index}`,
  parameters: { n: index },
  rows: [{ parameters: { n: index }, metric: 'fork', value: index, unit: 'ns' }],
  expectations: [
    { name: 'e', parameters: { n: index }, status: 'pass', expected: '1', found: '1', at: 'a.ts:1:1' }
  ],
  console: [],
  forks: index === 2 ? [sampleForkView, { ...sampleForkView, index: 1 }] : []
})

describe('FileRunStore', () => {
  let folder: string
  const open = (alive: boolean, pid = 1, keep?: number) =>
    new FileRunStore(folder, { isAlive: () => alive, pid, keep })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lab-runs-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('gives a finished run back after a restart, with its forks', async () => {
    const store = open(true)
    await store.begin(record('r1'))
    await store.cellFinished('r1', cell(2))
    const end = { ...record('r1'), status: 'finished', cellsDone: 3, rows: cell(2).rows } as const
    await store.end(end)
    const later = open(false, 2)
    expect(await later.recover()).toEqual({ lost: [], dropped: [] })
    expect(await later.get('r1')).toEqual(end)
    expect(await later.forkView('r1', 2, 1)).toEqual({ ...sampleForkView, index: 1 })
    await expect(later.forkView('r1', 2, 2)).rejects.toMatchObject({ code: 'not-found' })
    await expect(later.forkView('r1', 0, 0)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('calls a run lost whose process died, and keeps its finished cells in order', async () => {
    const store = open(true)
    await store.begin(record('r1'))
    await store.cellFinished('r1', cell(2))
    await store.cellFinished('r1', cell(0))
    const later = open(false, 2)
    expect((await later.recover()).lost).toEqual(['r1'])
    const lost = await later.get('r1')
    expect(lost).toMatchObject({ status: 'lost', cellsDone: 2, passed: 2, failed: 0 })
    expect(lost.rows).toEqual([...cell(0).rows, ...cell(2).rows])
    expect(lost.cells.map(({ forks }) => forks)).toEqual([0, -1, 2])
    expect(lost.diagnostics).toMatchObject([
      { code: 'run-lost', message: expect.stringContaining('2 of 3 cells') }
    ])
    expect((await later.list()).map(({ status }) => status)).toEqual(['lost'])
    expect((await later.recover()).lost).toEqual([])
  })

  it('leaves a run alone that another living process owns', async () => {
    await open(true, 1).begin(record('r1'))
    const other = open(true, 2)
    expect((await other.recover()).lost).toEqual([])
    expect((await other.get('r1')).status).toBe('running')
  })

  it('calls a run lost whose process id is now ours', async () => {
    await open(true, 1).begin(record('r1'))
    expect((await open(true, 1).recover()).lost).toEqual(['r1'])
  })

  it('lists newest first and drops the oldest beyond the number kept', async () => {
    const store = open(true, 1, 2)
    for (const n of [2, 1, 3]) {
      await store.begin(record(`r${n}`, `2026-11-2${n}T00:00:00.000Z`))
      await store.end({ ...record(`r${n}`, `2026-11-2${n}T00:00:00.000Z`), status: 'finished' })
    }
    expect((await store.list()).map(({ runId }) => runId)).toEqual(['r3', 'r2', 'r1'])
    expect((await store.recover()).dropped).toEqual(['r1'])
    expect(await readdir(folder)).toEqual(['r2', 'r3'])
  })

  it('lets one broken run hide no other', async () => {
    const store = open(true)
    await store.begin(record('r1'))
    await store.begin(record('r2'))
    await writeFile(join(folder, 'r1', 'summary.json'), '{')
    await writeFile(join(folder, 'r2', 'run.json'), '{')
    expect((await store.list()).map(({ runId }) => runId)).toEqual(['r2'])
    await expect(store.get('r2')).rejects.toMatchObject({ code: 'bad-data' })
  })

  it('recovers the others when one lost run cannot be read', async () => {
    const store = open(true)
    await store.begin(record('r1'))
    await store.begin(record('r2'))
    await writeFile(join(folder, 'r2', 'run.json'), '{')
    expect((await open(false, 2).recover()).lost).toEqual(['r1'])
  })

  it.each(['../x', 'a/b', '', '.', '..', 'a\0b', 'x'.repeat(200)])('refuses the id %j', async (runId) => {
    await expect(open(true).get(runId)).rejects.toMatchObject({ code: 'bad-id' })
  })
})
