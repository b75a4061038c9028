/** Numbered states say what three plain lanes say, whatever happens to be numbered how. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { FOLIO_CHUNK_SHIFT, PageStates, PageStateTable } from './page-states'

const CHUNK = 1 << FOLIO_CHUNK_SHIFT
const WORD = fc.oneof(fc.integer(), fc.nat(5), fc.constantFrom(-1, 0, 2 ** 31 - 1, -(2 ** 31)))

/** More states than a byte can number. */
function crowded(): PageStateTable {
  const table = new PageStateTable()
  for (let refs = 1; refs <= 300; refs++) table.of(7, refs, 0)
  return table
}

describe('the table', () => {
  test.prop([fc.array(fc.tuple(WORD, WORD, fc.nat(0xffff)), { maxLength: 400 })])(
    'gives the same state the same number, others another, nobody’s page 0',
    (states) => {
      const table = new PageStateTable()
      const numbers = new Map<string, number>([['0,0,0', 0]])
      for (const [word, refs, flags] of [...states, ...states]) {
        const number = table.of(word, refs, flags)
        const key = [word, refs, flags].map((n) => String(n | 0)).join()
        if (!numbers.has(key)) numbers.set(key, number)
        expect(number).toBe(numbers.get(key))
        expect([table.words[number], table.refs[number], table.flags[number]]).toEqual([
          word | 0,
          refs | 0,
          flags
        ])
      }
      expect(new Set(numbers.values()).size).toBe(numbers.size)
      expect(table.size).toBe(numbers.size)
    }
  )

  test.prop([WORD, WORD, fc.nat(0xffff), WORD])(
    'changes one part and keeps the others',
    (word, refs, flags, other) => {
      const table = new PageStateTable()
      const parts = (state: number) => [table.words[state], table.refs[state], table.flags[state]]
      const state = table.of(word, refs, flags)
      expect(parts(table.withWord(state, other))).toEqual([other | 0, refs | 0, flags])
      expect(parts(table.withRefs(state, other))).toEqual([word | 0, other | 0, flags])
      expect(parts(table.withFlags(state, other))).toEqual([word | 0, refs | 0, other & 0xffff])
    }
  )
})

describe('the states of pages', () => {
  const page = fc.nat(3 * CHUNK - 1)
  const change = fc.oneof(
    fc.record({ what: fc.constant('set' as const), page, state: fc.nat(299) }),
    fc.record({
      what: fc.constant('fill' as const),
      page,
      pages: fc.integer({ min: 1, max: CHUNK + 99 }),
      state: fc.nat(299)
    }),
    fc.record({ what: fc.constant('add' as const), page, delta: fc.integer({ min: -2, max: 2 }) })
  )

  test.prop([fc.boolean(), fc.array(change, { maxLength: 40 })], { numRuns: 25 })(
    'are what was stored last, in lanes of bytes and in wider ones',
    (few, changes) => {
      const table = few ? new PageStateTable() : crowded()
      const states = new PageStates(table)
      const words = new Int32Array(4 * CHUNK + 100)
      const numbered = (state: number) => (few ? state % 20 : state)
      if (few) for (let word = 1; word < 20; word++) table.of(word, 0, 0)
      for (const each of changes) {
        if (each.what === 'set') {
          states.set(each.page, numbered(each.state))
          words[each.page] = table.words[numbered(each.state)]
        } else if (each.what === 'fill') {
          states.fill(each.page, each.pages, numbered(each.state))
          words.fill(table.words[numbered(each.state)], each.page, each.page + each.pages)
        } else expect(states.addWord(each.page, each.delta)).toBe((words[each.page] += each.delta))
      }
      expect(words.findIndex((word, pfn) => word !== states.word(pfn))).toBe(-1)
      const visited = new Int32Array(words.length)
      states.forEach((pfn, word) => (visited[pfn] = word))
      expect(visited.findIndex((word, pfn) => word !== words[pfn])).toBe(-1)
    }
  )

  test.prop([
    fc.boolean(),
    fc.nat(126),
    fc.nat(126),
    fc.nat(CHUNK / 8 - 33),
    fc.nat(255),
    fc.integer({ min: 1, max: 32 })
  ])(
    'are alike up to the group of eight with the first that differs',
    (wide, state, other, group, different, groups) => {
      fc.pre(state !== other)
      const table = crowded()
      const states = new PageStates(table)
      if (wide) states.set(CHUNK - 1, 299)
      const first = group * 8
      states.fill(first, 256, state)
      states.set(first + different, other)
      const found = states.alike(first, groups * 8)
      // From the page that differs on it is the other state's run.
      const wanted = different === 0 ? 1 : Math.min(different, groups * 8)
      if (different === 0 && !wide) expect(found).toBe(0)
      else expect(found - (found % 8)).toBe(wanted - (wanted % 8))
    }
  )

  it('take a byte a page, and four only in a chunk that needs it', () => {
    const states = new PageStates(crowded())
    const { bytes } = states
    states.set(0, 126)
    states.set(CHUNK, 126)
    expect(states.bytes - bytes).toBe(2 * CHUNK)
    states.set(5, 127)
    expect(states.bytes - bytes).toBe(5 * CHUNK)
    expect([states.at(0), states.at(5), states.at(CHUNK)]).toEqual([126, 127, 126])
    expect(states.frames).toBe(2 * CHUNK)
  })
})
