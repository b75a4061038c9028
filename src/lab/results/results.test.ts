import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { LabError } from '../diagnostic'
import { completeChart } from './chart'
import { rowsCsv } from './csv'
import { documentText } from './document'
import { chartSvg } from './svg'
import type { Row, RunDocument } from './types'

const rows: Row[] = [
  { parameters: { kernel: 'a', cpus: 1 }, metric: 'fork', value: 1.5, unit: 'ns' },
  { parameters: { kernel: 'b', cpus: 8 }, metric: 'fork', value: 3, unit: 'ns' },
  { parameters: {}, metric: 'ratio', value: 2, unit: '1' }
]

describe('rows as CSV', () => {
  it('has a column a parameter and leaves them empty for rows of conclude', () => {
    expect(rowsCsv(['kernel', 'cpus'], rows)).toBe(
      'kernel,cpus,metric,value,unit\r\na,1,fork,1.5,ns\r\nb,8,fork,3,ns\r\n,,ratio,2,1\r\n'
    )
  })
  it('quotes what RFC 4180 says must be quoted', () => {
    const metric = 'a "b", c\nd'
    expect(rowsCsv([], [{ parameters: {}, metric, value: 1, unit: 'x' }])).toBe(
      'metric,value,unit\r\n"a ""b"", c\nd",1,x\r\n'
    )
  })
  it('can be read back, whatever the names', () => {
    const parse = (csv: string): string[][] =>
      csv
        .slice(0, -2)
        .split(/\r\n(?=(?:[^"]*"[^"]*")*[^"]*$)/)
        .map((line) =>
          [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,"]*))/g)].map(
            (match) => match[1]?.replaceAll('""', '"') ?? match[2]
          )
        )
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        (metric, unit, value) => {
          const read = parse(rowsCsv(['p'], [{ parameters: { p: 'v' }, metric, value, unit }]))
          expect(read[1]).toEqual(['v', metric, String(value), unit])
        }
      )
    )
  })
})

describe('the document as text', () => {
  const document: RunDocument = {
    schema: 'contpte-lab/run@1',
    experiment: 'x',
    engine: { version: '1', hash: 'h' },
    seed: 1,
    rows,
    expectations: []
  }
  it('is the document, one row a line', () => {
    const text = documentText(document)
    expect(JSON.parse(text)).toEqual(document)
    expect(text.split('\n').filter((line) => line.includes('"metric"'))).toHaveLength(3)
    expect(Object.keys(JSON.parse(text) as object)).toEqual([
      'schema',
      'experiment',
      'engine',
      'seed',
      'rows',
      'expectations'
    ])
  })
})

describe('charts', () => {
  const spec = {
    mark: 'bar',
    encoding: { x: { field: 'kernel', type: 'nominal' }, y: { field: 'value', type: 'quantitative' } }
  }
  it('show all rows, flattened, when they have no data of their own', () => {
    const chart = completeChart('C', spec, rows)
    expect(chart.spec.data).toEqual({
      values: [
        { kernel: 'a', cpus: 1, metric: 'fork', value: 1.5, unit: 'ns' },
        { kernel: 'b', cpus: 8, metric: 'fork', value: 3, unit: 'ns' },
        { metric: 'ratio', value: 2, unit: '1' }
      ]
    })
    expect(completeChart('C', { ...spec, data: { values: [{ a: 1 }] } }, rows).spec.data).toEqual({
      values: [{ a: 1 }]
    })
  })
  it.each([
    { data: { url: 'http://example.com/x.csv' } },
    { layer: [{ data: { url: 'data:text/csv,a' } }] },
    { mark: { type: 'image', url: 'https://example.com/x.png' } },
    { transform: [{ lookup: 'a', from: { data: { url: 'x.json' }, key: 'a' } }] },
    { encoding: { href: { value: 'x' } }, mark: { type: 'point', href: 'https://example.com' } }
  ])('load nothing: %j', (part) => {
    expect(() => completeChart('C', { ...spec, ...part }, rows)).toThrow(
      'would load something from elsewhere'
    )
  })
  it('are the same SVG every time, with no address to load from', async () => {
    const chart = completeChart('C', spec, rows)
    const svg = await chartSvg(chart)
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/)
    expect(await chartSvg(chart)).toBe(svg)
    expect(
      svg.replace('http://www.w3.org/2000/svg', '').replace('http://www.w3.org/1999/xlink', '')
    ).not.toMatch(/https?:/)
  })
  it('do not load an image named by a row', async () => {
    const image = {
      mark: 'image',
      data: { values: [{ a: 'https://example.com/x.png' }] },
      encoding: { url: { field: 'a' } }
    }
    const svg = await chartSvg(completeChart('C', image, rows)).catch((error: unknown) => String(error))
    expect(svg).not.toMatch(/href="https/)
  })
  it("say in Vega's words what is wrong", async () => {
    const broken = completeChart('C', { ...spec, transform: [{ filter: 'datum.(' }] }, rows)
    await expect(chartSvg(broken)).rejects.toThrow(LabError)
    await expect(chartSvg(broken)).rejects.toThrow("chart('C'): Unexpected token (")
  })
  it('cannot reach the host through an expression', async () => {
    const way = "toString.constructor('return process.version')()"
    const escape = completeChart('C', { ...spec, transform: [{ calculate: way, as: 'q' }] }, rows)
    await expect(chartSvg(escape)).rejects.toThrow(LabError)
  })
})
