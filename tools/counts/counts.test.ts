/** `docs/counts.md`: every figure equal to its formula (contpte.md 3 to 7, fork.md 7, teardown.md 6, oneplus.md 4), and the page current. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bundled } from '../testing/bundled.mjs'
import { evaluate } from './expression'
import type * as counting from './main'
import { measureAligned } from './measure'
import { GRANULES, ordersOf, shapeOf } from './shape'
import { expected, keyOf } from './sheet'
import { KERNEL_NAMES, SHEETS, casesOf, differences, type Scope } from './survey'

/** A minute of CPU; a loaded machine may take many times that. */
const LONG = 1_200_000

describe('counts against formulae', () => {
  it(
    'every design, granule and size, by hot loops and entry by entry; docs/counts.md is current',
    async () => {
      const { freshCounts, SHEETS: sheets } = (await bundled('tools/counts/main.ts')) as typeof counting
      const { survey, compared, wrong, summary, text } = freshCounts('test')
      console.log(`${summary} Table: docs/counts.md`)
      expect(wrong).toEqual([])
      expect(compared).toBeGreaterThan(40_000)
      // Every sheet was tried, in some case.
      const tried = new Set(survey.cells.map(({ sheet }) => sheet))
      expect(sheets.length).toBe(SHEETS.length)
      expect(sheets.filter((sheet) => !tried.has(sheet))).toEqual([])
      expect(text).toBe(readFileSync(resolve(import.meta.dirname, '../../docs/counts.md'), 'utf8'))
    },
    LONG
  )

  it.each(KERNEL_NAMES)('%s: orders at N = 262144', (kernel) => {
    const large = (scope: Scope, granule: '4K' | '16K' | '64K'): number[] => [
      ...new Set(
        [...casesOf(kernel, scope)]
          .filter((of) => of.pages === 262144 && of.granule === granule)
          .map((of) => of.order)
      )
    ]
    for (const granule of ['4K', '16K', '64K'] as const) {
      const possible = kernel === 'oneplus-5.15' ? [4] : ordersOf(granule, 262144)
      const wanted = kernel.startsWith('oneplus') && granule !== '4K' ? [] : possible
      expect(large('every', granule)).toEqual(wanted)
      expect(large('twice', granule)).toEqual(wanted)
      if (granule === '4K') expect(large('test', granule)).toEqual(wanted)
      // In the other granules: every class that a sheet has.
      const { t } = GRANULES[granule]
      if (wanted.length > 0)
        expect(large('test', granule)).toContain(granule === '4K' ? wanted.at(-1) : Math.log2(t))
      for (const sheet of SHEETS.filter((each) => each.kernels.includes(kernel) && wanted.length > 0)) {
        const of = (order: number) => ({ granule, pages: 262144, order, range: false })
        if (!wanted.some((order) => sheet.applies(of(order)))) continue
        expect(large('test', granule).some((order) => sheet.applies(of(order)))).toBe(true)
      }
    }
  })

  it('a formula that is wrong by one is reported, whichever it is', () => {
    const of = { granule: '4K', pages: 512, order: 4, range: false } as const
    const [{ operation, figures }] = measureAligned('linux-6.12', of, true)
    const sheet = SHEETS.find(
      (each) => each.operation === operation && each.kernels.includes('linux-6.12') && each.applies(of)
    )
    const rows = sheet?.rows ?? []
    const vars = shapeOf(of, { shift: 0, cut: 0 })
    expect(rows.length).toBeGreaterThan(10)
    for (const row of rows) {
      const wrong = rows.map((each) => (each === row ? { ...each, formula: `${each.formula} + 1` } : each))
      const found = differences('', expected({ ...sheet!, rows: wrong }, of, vars), { ...figures })
      expect(found.some((line) => line.includes(`${keyOf(row)} is`))).toBe(true)
    }
  })
})

describe('the language of formulae', () => {
  it.each([
    ['1 + 2·3', 7],
    ['(1 + 2)·3 - 4/2', 7],
    ['N·(1 + C) + Fo', 277],
    ['12', 12]
  ])('%s', (text, value) => {
    expect(evaluate(text, { N: 16, C: 16, Fo: 5 })).toBe(value)
  })

  it.each(['', '1 +', '(1', '1)', 'Z', '2 3', '1 % 2'])("refuses '%s'", (text) => {
    expect(() => evaluate(text, { N: 16 })).toThrow(/unexpected/)
  })
})
