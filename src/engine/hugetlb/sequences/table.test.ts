import { describe, expect, it } from 'vitest'
import { SEQUENCE_NAMES, sequenceOf } from '.'
import { sequenceTable, type EntryState } from './table'

const tableOf = (name: string) => sequenceTable(sequenceOf(name)!)

/** `W` writable, `R` read-only, `.` none; lower case on a page that is not the entry's first. */
const drawn = (entries: readonly EntryState[]): string =>
  entries
    .map(({ access, page }) => {
      const letter = access === 'none' ? '.' : access === 'ro' ? 'R' : 'W'
      return page === 'new' ? letter.toLowerCase() : letter
    })
    .join('')

const rows = (name: string): string[] => {
  const { start, steps } = tableOf(name)
  return [start, ...steps.map(({ entries }) => entries)]
    .map(drawn)
    .filter((row, at, all) => row !== all[at - 1])
}

describe('the table of a sequence', () => {
  it('of S0 replaces entry after entry, writable to read-only on another page', () => {
    expect(rows('S0')).toEqual([
      'WWWWWWWWW',
      'wWWWWWWWW',
      'wrWWWWWWW',
      'wrrWWWWWW',
      'wrrrWWWWW',
      'wrrrrWWWW',
      'wrrrrrWWW',
      'wrrrrrrWW',
      'wrrrrrrrW'
    ])
  })

  it('of S4 never changes permission and page together, and leaves the head its page', () => {
    const all = rows('S4')
    expect(all[8]).toBe('RRRRRRRRW')
    expect(all.at(-2)).toBe('RrrrrrrrW')
    expect(all.at(-1)).toBe('WrrrrrrrW')
    expect(tableOf('S4').cost.invalidSteps).toBe(0)
  })

  it('of a split shows the block until it is a table, and nothing in between with break-before-make', () => {
    const { start, steps } = tableOf('split-bbm')
    expect(start.every(({ block, access }) => block && access === 'rw')).toBe(true)
    // Filling the table changes nothing: nobody gets there.
    expect(steps.slice(0, 9).flatMap(({ changed }) => changed)).toEqual([])
    expect(rows('split-bbm')).toEqual(['WWWWWWWWW', '.........', 'WWWWWWWWW'])
    expect(steps.at(-1)!.entries.some(({ block }) => block)).toBe(false)
  })

  it('counts TLBIs, DSBs and pages: 7 of 8 are saved, whatever the order', () => {
    const saved = (name: string): number => {
      const { freed, allocated } = tableOf(name).cost
      return freed - allocated
    }
    for (const name of ['S0', 'S1', 'S2', 'S3', 'S4', 'S6', 'S7', 'S8']) expect(saved(name), name).toBe(7)
    expect(saved('S0-batched')).toBe(14)
    for (const name of ['D0', 'D1', 'D7']) expect(saved(name), name).toBe(-7)
    expect(tableOf('S0').cost).toMatchObject({ stores: 8, tlbis: 1, invalidated: 8, dsbs: 2, copies: 1 })
    expect(tableOf('S6').cost).toMatchObject({ stores: 16, tlbis: 3, invalidated: 16, dsbs: 6, copies: 7 })
    // Break-before-make writes every entry twice, and its window holds the whole flush.
    expect(tableOf('S2').cost).toMatchObject({ stores: 16, tlbis: 1, dsbs: 3, invalidSteps: 11 })
  })

  it('has the longest stale window where two folios share a flush (H10)', () => {
    const stale = (name: string) => tableOf(name).cost.staleSteps
    expect(stale('S0')).toBe(10)
    expect(stale('S0-batched')).toBeGreaterThan(2 * stale('S0') - 4)
    const { steps } = tableOf('S0')
    const flush = sequenceOf('S0')!.steps.findIndex((step) => step.do === 'dsb' && step.domain === 'ish')
    expect(steps[flush - 1].stale).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    expect(steps[flush].stale).toEqual([])
  })

  it('keeps an old translation where the TLBI comes before the DSB, or names other entries', () => {
    const s0 = sequenceOf('S0', 1)!
    const without = (domain: string) =>
      sequenceTable({
        ...s0,
        steps: s0.steps.filter((step) => step.do !== 'dsb' || step.domain !== domain)
      }).steps.at(-1)!.stale
    expect(without('')).toEqual([])
    expect(without('ishst')).toEqual([0, 1])
    expect(without('ish')).toEqual([0, 1])
    const other = s0.steps.map((step) => (step.do === 'tlbi' ? { ...step, entries: ['head'] } : step))
    expect(sequenceTable({ ...s0, steps: other }).steps.at(-1)!.stale).toEqual([1])
  })

  it('has as many states as steps, of every sequence', () => {
    for (const name of SEQUENCE_NAMES)
      for (const tails of [1, 3, 7]) {
        const sequence = sequenceOf(name, tails)!
        const { start, steps } = sequenceTable(sequence)
        expect(steps).toHaveLength(sequence.steps.length)
        for (const entries of [start, ...steps.map((step) => step.entries)])
          expect(entries).toHaveLength(sequence.entries.length)
      }
  })
})
