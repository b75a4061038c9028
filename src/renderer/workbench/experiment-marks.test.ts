import { describe, expect, it } from 'vitest'
import type { ExperimentEntry, RunSummary } from '../../protocol/services'
import { filterEntries, markOf } from './experiment-marks'

const run = (status: RunSummary['status'], failed = 0, file = 'a.ts'): RunSummary => ({
  runId: 'r',
  file,
  title: 'A',
  status,
  seed: 1,
  cellsDone: 1,
  cellsTotal: 1,
  passed: 1,
  failed,
  elapsedMs: 0,
  startedAt: '2026-01-01T00:00:00.000Z'
})

describe('markOf', () => {
  const entry = { file: 'a.ts' }

  it('says how the last run that came to an end stands to the claim', () => {
    expect(markOf(entry, [], null)).toBe('none')
    expect(markOf(entry, [run('finished')], null)).toBe('holds')
    expect(markOf(entry, [run('finished', 1), run('finished')], null)).toBe('fails')
    expect(markOf(entry, [run('failed')], null)).toBe('error')
    expect(markOf(entry, [run('finished', 0, 'b.ts')], null)).toBe('none')
  })

  it('takes nothing from a run that was cancelled or lost', () => {
    expect(markOf(entry, [run('cancelled'), run('lost'), run('finished')], null)).toBe('holds')
  })

  it('shows a run that goes on', () => {
    expect(markOf(entry, [run('finished')], run('checking'))).toBe('running')
  })
})

describe('filterEntries', () => {
  const entries: ExperimentEntry[] = [
    {
      id: '1',
      file: 'fork-batching.ts',
      title: 'Fork cost',
      claim: 'Batched',
      topic: 'Fork',
      readOnly: true
    },
    {
      id: '2',
      file: 'exit.ts',
      title: 'Exit of 1 GiB',
      source: 'Ryan Roberts',
      topic: 'Teardown',
      readOnly: true
    }
  ]

  it('finds every word anywhere: topic, title, claim, source, file', () => {
    const found = (query: string) => filterEntries(entries, query, 'Thread').map((entry) => entry.id)
    expect(found('')).toEqual(['1', '2'])
    expect(found('batched fork')).toEqual(['1'])
    expect(found('ROBERTS')).toEqual(['2'])
    expect(found('thread')).toEqual(['1', '2'])
    expect(found('fork exit')).toEqual([])
  })
})
