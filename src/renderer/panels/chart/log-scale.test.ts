import { describe, expect, it } from 'vitest'
import { chartSvg } from './draw'
import { noLogScale, withLogScale } from './log-scale'
import { exportConfig } from './theme'

const y = { field: 'value', type: 'quantitative' }
const BARS = {
  mark: 'bar',
  data: {
    values: [
      { kernel: 'a', value: 3 },
      { kernel: 'b', value: 3_000_000 }
    ]
  },
  encoding: { x: { field: 'kernel', type: 'nominal' }, y }
}
const encoded = (more: object) => ({ ...BARS, encoding: { ...BARS.encoding, ...more } })

describe('a logarithmic value axis', () => {
  it('is the scale of the same chart, which is left as it was', () => {
    expect(noLogScale(BARS)).toBeUndefined()
    expect(withLogScale(BARS)).toEqual(
      encoded({ y: { ...y, scale: { type: 'log', domainMin: 1 } }, y2: { datum: 1 } })
    )
    expect(BARS.encoding.y).not.toHaveProperty('scale')
  })

  it.each([
    [20, 10],
    [10, 1],
    [0.5, 0.1]
  ])('begins below the smallest value: %s at %s', (value, domainMin) => {
    const drawn = withLogScale({
      ...BARS,
      data: {
        values: [
          { kernel: 'a', value },
          { kernel: 'b', value: 900 }
        ]
      }
    })
    expect(drawn).toMatchObject({ encoding: { y: { scale: { domainMin } } } })
  })

  it('shows each bar, from the axis up', async () => {
    const drawn = await chartSvg(withLogScale(BARS), { config: exportConfig('light'), width: 400 })
    const heights = [...drawn.matchAll(/aria-roledescription="bar" d="[^"]*?v(-?[\d.]+)/g)].map(([, v]) =>
      Math.abs(Number(v))
    )
    // 3 and 3,000,000 from 1 on: 0.48 and 6.48 decades.
    expect(heights).toHaveLength(2)
    expect(heights[0] / heights[1]).toBeCloseTo(Math.log10(3) / Math.log10(3_000_000), 2)
  })

  it('is that of every layer', () => {
    const layered = {
      data: BARS.data,
      layer: [
        { mark: 'line', encoding: { y } },
        { mark: 'point', encoding: { y } }
      ]
    }
    expect(noLogScale(layered)).toBeUndefined()
    const { layer } = withLogScale(layered) as unknown as { layer: { encoding: object }[] }
    expect(layer.map(({ encoding }) => encoding)).toEqual(
      Array(2).fill({ y: { ...y, scale: { type: 'log', domainMin: 1 } } })
    )
  })

  it.each([
    ['a value is zero', { ...BARS, data: { values: [{ kernel: 'a', value: 0 }] } }, 'zero or less'],
    ['a value is no number', { ...BARS, data: { values: [{ kernel: 'a', value: '3' }] } }, 'zero or less'],
    ['series are stacked', encoded({ color: { field: 'kernel' } }), 'stacked'],
    ['the script chose the scale', encoded({ y: { ...y, scale: { type: 'sqrt' } } }), 'the script chose'],
    ['it shows an aggregate', encoded({ y: { ...y, aggregate: 'mean' } }), 'no plain number'],
    ['its rows are elsewhere', { ...BARS, data: { url: 'x' } }, 'not in the chart'],
    ['it has no y', { mark: 'arc', data: BARS.data, encoding: { theta: y } }, 'no value axis'],
    ['it is nonsense', { layer: 'nonsense', encoding: 3 }, 'no value axis']
  ])('is refused where %s', (_why, spec, reason) => {
    expect(noLogScale(spec)).toContain(reason)
  })

  it('is offered for series side by side', () => {
    const side = encoded({ color: { field: 'kernel' }, xOffset: { field: 'kernel' } })
    expect(noLogScale(side)).toBeUndefined()
    expect(noLogScale(encoded({ color: { field: 'kernel' }, y: { ...y, stack: null } }))).toBeUndefined()
  })
})
