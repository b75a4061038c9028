import { describe, expect, it } from 'vitest'
import type { Diagnostic } from '../../../protocol/results'
import { gatherProblems } from './problems'

const diagnostic = (
  line: number,
  severity: Diagnostic['severity'] = 'error',
  message = `line ${line}`
): Diagnostic => ({
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
    const problems = gatherProblems(editor, [
      diagnostic(4),
      { code: 'lost', severity: 'error', message: 'no place' }
    ])
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
