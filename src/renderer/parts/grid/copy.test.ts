import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { PLAIN_TEXT_COLUMNS, toCsv, toMarkdown, toPlainText, toTsv } from './copy'
import type { CellValue, Column, Table } from './table'

const TABLE: Table = {
  columns: [
    { id: 'kernel', title: 'kernel', kind: 'parameter' },
    { id: 'fork', title: 'fork', kind: 'value', unit: 'ns' }
  ],
  rows: [
    ['a|b', 12345.5],
    ['say "hi", then', undefined]
  ]
}

describe('copying a table', () => {
  it('writes TSV with a header and raw numbers', () => {
    expect(toTsv(TABLE)).toBe('kernel\tfork (ns)\na|b\t12345.5\nsay "hi", then\t')
    expect(toTsv({ ...TABLE, rows: [['a\tb\nc', 1]] })).toBe('kernel\tfork (ns)\na b c\t1')
  })

  it('writes CSV quoted as RFC 4180 asks', () => {
    expect(toCsv(TABLE)).toBe('kernel,fork (ns)\r\na|b,12345.5\r\n"say ""hi"", then",\r\n')
  })

  it('writes Markdown whose cells cannot end early', () => {
    expect(toMarkdown(TABLE).split('\n')[2]).toBe('| a\\|b | 12,345.5 |')
  })

  it('writes plain text in aligned columns', () => {
    const table = {
      columns: TABLE.columns,
      rows: [['no-contpte', 7] as const, ['contpte-v2', 12345] as const]
    }
    expect(toPlainText(table)).toBe(
      [
        'kernel      fork (ns)',
        '----------  ---------',
        'no-contpte          7',
        'contpte-v2     12,345'
      ].join('\n')
    )
  })

  it('cuts a wide table into several that repeat the parameters', () => {
    const columns: Column[] = [
      { id: 'cpus', title: 'cpus', kind: 'parameter' },
      ...Array.from({ length: 9 }, (_, n): Column => ({
        id: `m${n}`,
        title: `metric-number-${n}`,
        kind: 'value'
      }))
    ]
    const text = toPlainText({ columns, rows: [[32, ...Array.from({ length: 9 }, (_, n) => n)]] })
    expect(text.split('\n').filter((line) => line.startsWith('cpus'))).toHaveLength(3)
    expect(text).toContain('metric-number-8')
  })

  it('keeps a difference beside the value it belongs to', () => {
    const value = (id: string): Column => ({ id, title: id, kind: 'value' })
    const versus = (id: string): Column => ({
      id: `${id}d`,
      title: `${id} vs base`,
      short: 'vs base',
      kind: 'difference'
    })
    const names = ['base', ...Array.from({ length: 5 }, (_, n) => `a-long-kernel-name-${n}`)]
    const columns = names.flatMap((name, index) =>
      index === 0 ? [value(name)] : [value(name), versus(name)]
    )
    const text = toPlainText({ columns, rows: [columns.map((_, index) => index)] })
    for (const header of text.split('\n').filter((line) => line.includes('vs base')))
      expect(header).toMatch(/^(base +)?(a-long-kernel-name-\d +vs base *)+$/)
  })

  it('never writes a plain-text line longer than 75 columns', () => {
    const value = fc.oneof(fc.string({ maxLength: 200 }), fc.double(), fc.boolean(), fc.constant(undefined))
    const table = fc
      .tuple(
        fc.array(
          fc.tuple(fc.string({ maxLength: 90 }), fc.constantFrom<Column['kind']>('parameter', 'value')),
          { minLength: 1, maxLength: 12 }
        ),
        fc.nat(5)
      )
      .chain(([heads, lines]) =>
        fc
          .array(fc.array(value, { minLength: heads.length, maxLength: heads.length }), {
            minLength: lines,
            maxLength: lines
          })
          .map((rows): { columns: Column[]; rows: CellValue[][] } => ({
            columns: heads.map(([title, kind], id) => ({ id: String(id), title, kind })),
            rows
          }))
      )
    fc.assert(
      fc.property(table, (random) => {
        for (const line of toPlainText(random).split('\n'))
          expect(line.length).toBeLessThanOrEqual(PLAIN_TEXT_COLUMNS)
      })
    )
  })
})
