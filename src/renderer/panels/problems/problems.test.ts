import { describe, expect, it } from 'vitest'
import type { Diagnostic } from '../../../protocol/results'
import { gatherProblems, neighbourProblem } from './problems'

const diagnostic = (line: number, severity: Diagnostic['severity'] = 'error', message = `line ${line}`): Diagnostic => ({
  code: 'type-error',
  severity,
  message,
  file: 'a.ts',
  line,
  column: 3
})

describe('gatherProblems', () => {
  it('lists errors first, each in the order of the script, and a message said twice once', () => {
    const editor = [diagnostic(9), diagnostic(2, 'warning'), diagnostic(4)]
    const problems = gatherProblems(editor, [diagnostic(4), { code: 'lost', severity: 'error', message: 'no place' }])
    expect(problems.map(({ diagnostic: { message }, from }) => [message, from])).toEqual([
      ['no place', 'run'],
      ['line 4', 'editor'],
      ['line 9', 'editor'],
      ['line 2', 'editor']
    ])
    expect(problems[0].at).toBeUndefined()
    expect(problems[1].at).toBe('a.ts:4:3')
  })
})

describe('neighbourProblem', () => {
  const problems = gatherProblems([diagnostic(4), diagnostic(9), diagnostic(2, 'warning')], [])
  const line = (caret: number, direction: 'next' | 'previous') =>
    neighbourProblem(problems, 'a.ts', { line: caret, column: 3 }, direction)?.diagnostic.line

  it('goes by place, not by severity', () => expect([line(1, 'next'), line(2, 'next'), line(4, 'next')]).toEqual([2, 4, 9]))
  it('goes round at the ends', () => expect([line(9, 'next'), line(2, 'previous')]).toEqual([2, 9]))
  it('finds none in another file', () =>
    expect(neighbourProblem(problems, 'b.ts', { line: 1, column: 1 }, 'next')).toBeUndefined())
})
