import { describe, expect, it } from 'vitest'
import { positionText, readPosition, readSearch } from './words'

describe('the position box', () => {
  it('reads back what it shows', () => {
    expect(readPosition(positionText(1234, 98_765), 5, 98_765)).toBe(1234)
  })
  it.each([
    ['1,234', 1234],
    ['+10', 60],
    ['-10', 40],
    ['50%', 500],
    ['999999', 1000],
    ['-999', 0],
    ['somewhere', undefined],
    ['', undefined]
  ])('reads %s', (text, event) => {
    expect(readPosition(text, 50, 1000) ?? undefined).toBe(text === '1,234' ? 1000 : event)
  })
})

describe('the search', () => {
  const summary = {
    kinds: ['unfold', 'tlbi-page', 'tlbi-mm', 'cas'].map((kind) => ({ kind, events: 1, doc: '' })),
    machines: [{ pageSize: 4096 }]
  } as unknown as Parameters<typeof readSearch>[1]

  it('tells kinds, CPUs, processes, orders and addresses from words', () => {
    expect(readSearch('unfold cpu:1 pid:2 order:4', summary)).toEqual({
      kinds: ['unfold'],
      cpus: [1],
      pids: [2],
      order: 4
    })
    expect(readSearch('0xffff80001234', summary)).toEqual({
      address: { from: 0xffff80001000, to: 0xffff80002000 }
    })
    expect(readSearch('tlbi', summary)).toEqual({ kinds: ['tlbi-page', 'tlbi-mm'] })
    expect(readSearch('entry 9', summary)).toEqual({ text: 'entry 9' })
  })
  it('is none where nothing is typed', () => expect(readSearch('  ', summary)).toBeUndefined())
})
