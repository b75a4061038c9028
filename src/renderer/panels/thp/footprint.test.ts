import { describe, expect, it } from 'vitest'
import type { TraceFootprint } from '../../../protocol/trace'
import { drawChart } from '../chart/draw'
import { FIGURES, footprintChart, footprintValues, pointAt, stepAt } from './footprint'

const footprint = (resident: number): TraceFootprint => ({
  steps: 2,
  orders: [0, 4, 9],
  pageSize: 4096,
  points: [
    { event: 4, step: 1, resident, unused: 3, unmapped: 0, folios: [1, 2, 0], unusable: [0, 0.25, 1] },
    {
      event: 9,
      step: 2,
      resident: 2 * resident,
      unused: 0,
      unmapped: 5,
      folios: [0, 0, 0],
      unusable: [0, 0, 0]
    }
  ]
})
const sides = [
  { name: 'always', footprint: footprint(16) },
  { name: 'never', footprint: footprint(4) }
]

describe('charts of memory', () => {
  it('hold every policy, and leave out sizes that nobody has', () => {
    const rows = footprintValues('folios', sides)
    expect(rows.map(({ policy, step, series, value }) => [policy, step, series, value])).toEqual([
      ['always', 1, '4 KiB', 1],
      ['always', 1, '64 KiB', 2],
      ['always', 2, '4 KiB', 0],
      ['always', 2, '64 KiB', 0],
      ['never', 1, '4 KiB', 1],
      ['never', 1, '64 KiB', 2],
      ['never', 2, '4 KiB', 0],
      ['never', 2, '64 KiB', 0]
    ])
    const pages = footprintValues('pages', sides).filter(({ series }) => series === 'resident')
    expect(pages.map(({ value }) => value)).toEqual([16, 32, 4, 8])
  })

  it.each(FIGURES.map(({ value }) => value))('of %s are drawn without a warning', async (figure) => {
    const drawn = await drawChart(footprintChart(figure, sides).spec, { config: {}, width: 400 })
    expect(drawn.warnings).toEqual([])
    expect(await drawn.view.toSVG()).toContain('operations of the script done')
    drawn.finalize()
  })

  it('have a place for the position, on the axis also before the first point', async () => {
    const drawn = await drawChart(footprintChart('pages', sides).spec, { config: {}, width: 400 })
    const [before, first, half, last] = [0, 1, 1.5, 2].map((step) => drawn.place(step))
    expect(before).toEqual(first)
    expect(half?.left).toBeCloseTo(((first?.left ?? 0) + (last?.left ?? 0)) / 2, 6)
    expect((last?.left ?? 0) - (first?.left ?? 0)).toBeGreaterThan(100)
    expect(last?.height).toBe(200)
    drawn.finalize()
    const pie = {
      data: { values: [{ a: 1 }] },
      mark: 'arc',
      encoding: { theta: { field: 'a', type: 'quantitative' } }
    }
    const other = await drawChart(pie, { config: {}, width: 400 })
    expect(other.place(1)).toBeUndefined()
    other.finalize()
  })

  it('count steps as their points do', () => {
    const operations = [
      { from: 1, to: 4 },
      { from: 5, to: 4 },
      { from: 7, to: 8 }
    ]
    const steps = [0, 1, 4, 5, 7, 8, 9, 10].map((event) => stepAt(operations, 10, event))
    expect(steps).toEqual([0, 0.25, 1, 2, 2.5, 3, 3, 3])
  })

  it('tell more sizes apart than there are colours', async () => {
    const orders = [0, 2, 3, 4, 5, 6, 7, 8, 9]
    const many: TraceFootprint = {
      ...footprint(1),
      orders,
      points: [
        { ...footprint(1).points[0], folios: orders, unusable: orders.map((order) => (order + 1) / 10) }
      ]
    }
    const config = { range: { category: ['#111', '#222', '#333', '#444', '#555', '#666'] } }
    const chart = footprintChart('free', [{ name: 'always', footprint: many }])
    const drawn = await drawChart(chart.spec, { config, width: 400 })
    const svg = await drawn.view.toSVG()
    drawn.finalize()
    const looks = orders.map((order) => {
      const size = order < 8 ? `${4 * 2 ** order} KiB` : `${2 ** (order - 8)} MiB`
      const line = new RegExp(`aria-label="[^"]*series: ${size}[^"]*"[^>]*`).exec(svg)?.[0] ?? ''
      return `${/stroke="([^"]+)"/.exec(line)?.[1] ?? ''} ${/stroke-width="([^"]+)"/.exec(line)?.[1] ?? ''}`
    })
    expect(looks.every((look) => /^#\d+ [\d.]+$/.test(look))).toBe(true)
    expect(new Set(looks).size).toBe(orders.length)
    expect(footprintChart('pages', sides).spec.encoding).not.toHaveProperty('strokeWidth')
  })

  it('say what was so at an event', () => {
    expect(pointAt(footprint(1), 8)?.event).toBe(4)
    expect(pointAt(footprint(1), 9)?.event).toBe(9)
    expect(pointAt(footprint(1), 3)).toBeUndefined()
  })
})
