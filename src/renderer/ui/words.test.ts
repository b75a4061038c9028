import { describe, expect, it } from 'vitest'
import { parsePosition } from './position'
import { bytesText, parametersText, seconds } from './words'

describe('words', () => {
  it('tells wall time as people say it', () => {
    expect([0, 449, 9_949, 9_950, 59_499, 59_500, 200_000].map(seconds)).toEqual([
      '0.0 s',
      '0.4 s',
      '9.9 s',
      '10 s',
      '59 s',
      '1 min 0 s',
      '3 min 20 s'
    ])
  })

  it('tells parameters in the order they were declared', () => {
    expect(parametersText({ kernel: 'contpte-v2', cpus: 8 })).toBe('kernel contpte-v2, cpus 8')
  })

  it('tells bytes in the largest unit that keeps them whole', () => {
    expect([0, 1023, 1024, 268435456, 3 * 2 ** 30 + 1024].map(bytesText)).toEqual([
      '0 B',
      '1023 B',
      '1 KiB',
      '256 MiB',
      '3145729 KiB'
    ])
  })
})

describe('parsePosition', () => {
  it('reads a position with and without a column', () => {
    expect(parsePosition('fork-batching.ts:12:7')).toEqual({ file: 'fork-batching.ts', line: 12, column: 7 })
    expect(parsePosition('a.ts:3')).toEqual({ file: 'a.ts', line: 3, column: 1 })
  })

  it.each(['', 'a.ts', ':3', 'a.ts:x'])('refuses %j', (text) => expect(parsePosition(text)).toBeUndefined())
})
