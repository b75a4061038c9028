import { expect, it } from 'vitest'
import { endedEarly } from './ended-early'

it.each([
  ['finished', 3, undefined],
  ['running', 0, undefined],
  ['cancelled', 0, 'This run was cancelled before a cell had finished.'],
  ['cancelled', 2, 'This run was cancelled before its charts were drawn.'],
  ['failed', 0, 'This run stopped with an error before a cell had finished.'],
  ['lost', 2, 'The simulator stopped before its charts were drawn; it has been started again.']
] as const)('a run that is %s with %s cells: %s', (status, cellsDone, text) =>
  expect(endedEarly({ status, cellsDone }, 'its charts were drawn')).toBe(text)
)
