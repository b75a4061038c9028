import { describe, expect, it } from 'vitest'
import type { ConsoleLine } from '../../../protocol/results'
import { drawnLines, LONGEST_LINE, printingCells, type Level } from './lines'

const all = new Set<Level>(['log', 'info', 'warn', 'error'])
const printed: ConsoleLine[] = [
  { cell: 1, level: 'log', text: 'one\ntwo', at: 'a.ts:3:1' },
  { cell: 0, level: 'error', text: 'broken' },
  { cell: -1, level: 'info', text: 'done' }
]

it('draws each line of a print, with its place on the first only', () => {
  expect(
    drawnLines(printed, { text: '', levels: all }).map(({ text, at, first }) => [text, at, first])
  ).toEqual([
    ['one', 'a.ts:3:1', true],
    ['two', undefined, false],
    ['broken', undefined, true],
    ['done', undefined, true]
  ])
})

describe('filters', () => {
  it('keep a print whole', () => expect(drawnLines(printed, { text: 'TWO', levels: all })).toHaveLength(2))
  it('go by level', () =>
    expect(drawnLines(printed, { text: '', levels: new Set(['error']) })).toHaveLength(1))
  it('go by cell', () =>
    expect(drawnLines(printed, { text: '', levels: all, cell: -1 })[0].text).toBe('done'))
})

it('cuts what no window can draw, and says how much', () => {
  const [line] = drawnLines([{ cell: 0, level: 'log', text: 'x'.repeat(LONGEST_LINE + 10) }], {
    text: '',
    levels: all
  })
  expect(line.text.endsWith('… (10 more characters)')).toBe(true)
})

it('names the cells that printed', () => expect(printingCells(printed)).toEqual([-1, 0, 1]))
