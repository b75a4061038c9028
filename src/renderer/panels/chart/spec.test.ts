import { describe, expect, it } from 'vitest'
import { dataTable } from './data'
import { canFit, describeChart, fileName, isFluid, seriesOf, withSeriesToggle } from './spec'

const LINE = {
  mark: 'line',
  data: {
    values: [
      { cpus: 1, kernel: 'a', value: 10 },
      { cpus: 8, kernel: 'a', extra: { deep: true } }
    ]
  },
  encoding: {
    x: { field: 'cpus', type: 'quantitative' },
    y: { field: 'value', title: 'fork (ns)' },
    color: { field: 'kernel', type: 'nominal' }
  }
}

describe('series', () => {
  const layered = {
    data: { values: LINE.data.values },
    encoding: { color: { field: 'kernel' } },
    layer: [{ mark: 'line' }, { mark: { type: 'point' }, encoding: { y: { field: 'value' } } }]
  }

  it('are bound to the legend, and the rest stays as it was', () => {
    const toggled = withSeriesToggle(LINE)
    expect(toggled).toMatchObject({ ...LINE, params: [{ bind: 'legend', select: { fields: ['kernel'] } }] })
    expect(LINE).not.toHaveProperty('params')
    expect(seriesOf(LINE)).toEqual(['a'])
  })

  it('fade in every layer, to the opacity each mark has by itself', () => {
    const { layer } = withSeriesToggle(layered, ['a']) as unknown as { layer: Record<string, unknown>[] }
    expect(layer[0]).toMatchObject({
      params: [{ value: [{ kernel: 'a' }] }],
      encoding: { opacity: { condition: { value: 1 } } }
    })
    expect(layer[1]).toMatchObject({
      encoding: { y: { field: 'value' }, opacity: { condition: { value: 0.7 } } }
    })
    expect(layer[1]).not.toHaveProperty('params')
  })

  it.each([
    ['has its own parameters', { ...LINE, params: [] }],
    ['has its own opacity', { ...LINE, encoding: { ...LINE.encoding, opacity: { value: 1 } } }],
    ['has a translucent mark', { ...LINE, mark: { type: 'line', opacity: 0.5 } }],
    ['has such a layer', { ...layered, layer: [...layered.layer, { mark: { type: 'area', opacity: 0.3 } }] }],
    ['has no legend', { ...LINE, encoding: { ...LINE.encoding, color: { field: 'kernel', legend: null } } }],
    ['is coloured by a quantity', { ...LINE, encoding: { color: { field: 'value', type: 'quantitative' } } }],
    ['is no chart at all', { encoding: 'nonsense', layer: 'nonsense' }]
  ])('are left alone where a chart %s', (_why, spec) => {
    expect(withSeriesToggle(spec)).toBe(spec)
    expect(seriesOf(spec)).toEqual([])
  })
})

it('follows the panel only where the chart leaves its width open', () => {
  expect(isFluid(LINE)).toBe(true)
  expect(isFluid({ ...LINE, width: 300 })).toBe(false)
  expect(canFit({ ...LINE, width: 300 })).toBe(true)
  expect(isFluid({ ...LINE, encoding: { ...LINE.encoding, column: { field: 'kernel' } } })).toBe(false)
  expect(isFluid({ hconcat: [LINE, LINE] })).toBe(false)
})

it('says in words what a chart shows', () => {
  expect(describeChart('Fork by CPUs', LINE)).toBe('Fork by CPUs. fork (ns) by cpus, one series each kernel.')
  expect(describeChart('x', { title: { text: 'A title' } })).toBe('x. A title.')
})

it('tables every field of the inline data', () => {
  const table = dataTable(LINE)
  expect(table.columns.map(({ id, kind }) => [id, kind])).toEqual([
    ['cpus', 'value'],
    ['kernel', 'parameter'],
    ['value', 'value'],
    ['extra', 'parameter']
  ])
  expect(table.rows[1]).toEqual([8, 'a', undefined, '{"deep":true}'])
})

it('makes file names of any chart name', () => {
  expect(fileName('Fork by CPUs', 'svg')).toBe('fork-by-cpus.svg')
  expect(fileName('../../etc/passwd', 'svg')).toBe('etc-passwd.svg')
  expect(fileName('<>', 'vl.json')).toBe('chart.vl.json')
})
