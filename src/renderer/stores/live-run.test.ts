import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import type { RunSummary, SimulatorEvent } from '../../protocol/services'
import { fromSummary, partialOf, RunCollector, runSentence } from './live-run'

const summary: RunSummary = {
  runId: 'r',
  file: 'a.ts',
  title: 'A',
  status: 'checking',
  seed: 1,
  cellsDone: 0,
  cellsTotal: 0,
  passed: 0,
  failed: 0,
  elapsedMs: 0,
  startedAt: '2026-01-01T00:00:00.000Z'
}

const collector = () => new RunCollector(fromSummary(summary, ''))

function cell(
  index: number,
  status: 'pass' | 'fail' = 'pass'
): Extract<SimulatorEvent, { type: 'cell-finished' }> {
  const parameters = { cpus: index }
  return {
    type: 'cell-finished',
    runId: 'r',
    forks: 1,
    cell: {
      index,
      key: `k${index}`,
      parameters,
      rows: [{ parameters, metric: 'fork', value: index, unit: 'ns' }],
      expectations: [{ name: 'e', parameters, status, expected: '0', found: '1', at: 'a.ts:1:1' }],
      console: []
    }
  }
}

const progress = (
  cellsDone: number,
  elapsedMs = 0,
  part = 0
): Extract<SimulatorEvent, { type: 'run-progress' }> => ({
  type: 'run-progress',
  runId: 'r',
  status: 'running',
  cellsDone,
  cellsTotal: 100,
  elapsedMs,
  remainingMs: -1,
  share: cellsDone + part
})

describe('a growing run', () => {
  test.prop([fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 1 })])(
    'shows rows and expectations in cell order, however cells finish',
    (order) => {
      const run = collector()
      for (const index of order) run.apply(cell(index))
      const sorted = [...order].sort((a, b) => a - b)
      expect(run.value.rows.map((row) => row.value)).toEqual(sorted)
      expect(run.value.expectations.map((each) => each.parameters.cpus)).toEqual(sorted)
      expect(run.value.passed).toBe(order.length)
    }
  )

  test.prop([fc.array(fc.tuple(fc.nat(100), fc.nat(10_000), fc.nat(7)), { maxLength: 30 })])(
    'never goes backwards, however late a report is',
    (reports) => {
      const run = collector()
      let before = run.value.progress
      for (const [done, elapsed, eighths] of reports) {
        run.apply(progress(done, elapsed, eighths / 8))
        const now = run.value.progress
        expect(now.done).toBeGreaterThanOrEqual(before.done)
        expect(now.share).toBeGreaterThanOrEqual(Math.max(before.share, now.done))
        expect(now.elapsedMs).toBeGreaterThanOrEqual(before.elapsedMs)
        before = now
      }
    }
  )

  it('leaves a hole for a cell that has not finished, marked by -1 forks', () => {
    const run = collector()
    run.apply(cell(2))
    expect(run.value.cells.map((each) => each.forks)).toEqual([-1, -1, 1])
  })

  it('is the same object until something changes', () => {
    const run = collector()
    run.apply(cell(0))
    const first = run.value
    expect(run.value).toBe(first)
    run.apply(cell(1))
    expect(run.value).not.toBe(first)
  })

  it('keeps finished cells when the simulator dies, and says how many', () => {
    const run = collector()
    run.apply(progress(2))
    run.apply(cell(0))
    run.apply(cell(1))
    run.lose()
    expect(run.live).toBe(false)
    expect(run.value).toMatchObject({ status: 'lost', partial: '2/100' })
    expect(run.value.rows).toHaveLength(2)
    expect(runSentence(run.value)).toBe(
      'Run lost because the simulator stopped, finished cells 2/100 are kept'
    )
  })
})

describe('partialOf', () => {
  it('marks only runs that ended before their last cell', () => {
    expect(partialOf({ status: 'cancelled', cellsDone: 2, cellsTotal: 100 })).toBe('2/100')
    expect(partialOf({ status: 'running', cellsDone: 2, cellsTotal: 100 })).toBeUndefined()
    expect(partialOf({ status: 'finished', cellsDone: 100, cellsTotal: 100 })).toBeUndefined()
  })
})

describe('runSentence', () => {
  const ended = (passed: number, failed: number) =>
    runSentence({ ...fromSummary(summary, ''), status: 'finished', passed, failed })

  it('says how many expectations hold, in the right number', () => {
    expect(ended(0, 0)).toBe('Run finished: nothing was expected')
    expect(ended(1, 0)).toBe('Run finished: the one expectation holds')
    expect(ended(55, 0)).toBe('Run finished: all 55 expectations hold')
    expect(ended(2, 1)).toBe('Run finished: 1 of 3 expectations does not hold')
    expect(ended(0, 3)).toBe('Run finished: 3 of 3 expectations do not hold')
  })

  it('names the place of the first error', () => {
    const diagnostics = [{ code: 'x', severity: 'error' as const, message: 'boom', file: 'a.ts', line: 12 }]
    expect(runSentence({ ...fromSummary(summary, ''), status: 'failed', diagnostics })).toBe(
      'Run failed: a.ts:12: boom'
    )
  })
})
