import { describe, expect, it } from 'vitest'
import { dataTable } from './data'
import { canFit, describeChart, fileName, isFluid, withLegendToggle } from './spec'

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

describe('withLegendToggle', () => {
  it('adds a selection bound to the legend and leaves the rest as it was', () => {
    const toggled = withLegendToggle(LINE)
    expect(toggled).toMatchObject({ ...LINE, params: [{ bind: 'legend', select: { fields: ['kernel'] } }] })
    expect(LINE).not.toHaveProperty('params')
  })

  it.each([
    ['has its own parameters', { ...LINE, params: [] }],
    ['is layered', { layer: [LINE] }],
    ['has its own opacity', { ...LINE, encoding: { ...LINE.encoding, opacity: { value: 1 } } }],
    ['has no legend', { ...LINE, encoding: { ...LINE.encoding, color: { field: 'kernel', legend: null } } }],
    [
      'is coloured by a quantity',
      { ...LINE, encoding: { ...LINE.encoding, color: { field: 'value', type: 'quantitative' } } }
    ],
    ['is no chart at all', { encoding: 'nonsense' }]
  ])('leaves a chart alone that %s', (_why, spec) => expect(withLegendToggle(spec)).toBe(spec))
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
