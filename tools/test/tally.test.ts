import { describe, expect, it } from 'vitest'
import { addTally, emptyTally, playwrightTally, single, totalLine, vitestTally } from './tally.mjs'

const file = (name: string, statuses: string[], status = 'passed', message = '') => ({
  name,
  status,
  message,
  assertionResults: statuses.map((result, index) => ({ fullName: `test ${index}`, status: result }))
})

describe('vitestTally', () => {
  it('counts passed, failed and switched-off tests', () => {
    const tally = vitestTally({
      testResults: [
        file('a.test.ts', ['passed', 'failed', 'pending'], 'failed'),
        file('b.test.ts', ['passed', 'todo'])
      ]
    })
    expect(totalLine(tally)).toBe('2 passed, 1 failed, 2 skipped')
    expect(tally.failures).toEqual(['a.test.ts: test 1'])
  })

  it('counts a file that does not load as one failure', () => {
    const tally = vitestTally({ testResults: [file('a.test.ts', [], 'failed', 'Cannot find module\nat x')] })
    expect(tally.failures).toEqual(['a.test.ts: Cannot find module'])
  })
})

const spec = (title: string, status: string, annotations: { type: string; description?: string }[] = []) => ({
  title,
  file: 'e2e/run.spec.ts',
  tests: [{ projectName: 'web', status, annotations }]
})

describe('playwrightTally', () => {
  it('counts nested suites, and keeps the reasons of skipped tests', () => {
    const reason = 'the Electron binary is not installed'
    const tally = playwrightTally({
      suites: [
        {
          title: 'run.spec.ts',
          specs: [spec('one', 'expected')],
          suites: [
            {
              title: 'in',
              specs: [
                spec('two', 'unexpected'),
                spec('three', 'skipped', [{ type: 'skip', description: reason }])
              ]
            }
          ]
        }
      ]
    })
    expect(totalLine(tally)).toBe('1 passed, 1 failed, 1 skipped')
    expect(tally.failures).toEqual(['e2e/run.spec.ts: two [web]'])
    expect([...tally.reasons]).toEqual([[reason, 1]])
  })

  it('counts an error outside of tests as failed, and a test that passed the second time as passed', () => {
    const tally = playwrightTally({
      suites: [{ title: 'run.spec.ts', specs: [spec('one', 'flaky')] }],
      errors: [{ message: 'no tests found\nat y' }]
    })
    expect([tally.failed, tally.passed]).toEqual([1, 1])
  })
})

it('adds tallies up', () => {
  const total = emptyTally()
  addTally(total, single('layers', true))
  addTally(total, single('lint', false))
  expect(totalLine(total)).toBe('1 passed, 1 failed, 0 skipped')
  expect(total.failures).toEqual(['lint'])
})
