import { describe, expect, it } from 'vitest'
import type { RunSummary } from '../../../protocol/services'
import { runFacts, startedText, statusMark, sweptText } from './history'

const RUN: RunSummary = {
  runId: 'r1',
  file: 'fork.ts',
  title: 'Fork',
  status: 'finished',
  seed: 1,
  cellsDone: 15,
  cellsTotal: 15,
  passed: 25,
  failed: 0,
  elapsedMs: 1234,
  startedAt: '2026-11-23T10:00:00.000Z'
}

describe('statusMark', () => {
  it.each([
    [{}, 'holds'],
    [{ failed: 1 }, 'does not hold'],
    [{ passed: 0 }, 'finished'],
    [{ status: 'cancelled' as const }, 'cancelled'],
    [{ status: 'lost' as const }, 'lost with the simulator']
  ])('%j is %s', (change, word) => expect(statusMark({ ...RUN, ...change }).word).toBe(word))
})

it('states counts and costs', () => {
  expect(runFacts(RUN)).toBe('15 cells · 25 expectations hold · seed 1 · 1.2 s')
  expect(runFacts({ ...RUN, cellsDone: 2, passed: 3, failed: 1 })).toBe(
    '2 of 15 cells · 1 of 4 expectations fail · seed 1 · 1.2 s'
  )
})

it('names what was swept', () => {
  expect(sweptText({ kernel: ['a', 'b'], cpus: [1, 2, 4, 8, 16, 32] })).toBe(
    'kernel a, b; cpus 1 to 32 (6 values)'
  )
  expect(sweptText(undefined)).toBe('')
})

it('names the day of older runs only', () => {
  const at = new Date(2026, 10, 23, 9, 5, 7)
  expect(startedText(at.toISOString(), new Date(2026, 10, 23, 22))).toBe('09:05:07')
  expect(startedText(at.toISOString(), new Date(2026, 10, 24))).toBe('2026-11-23 09:05:07')
})
