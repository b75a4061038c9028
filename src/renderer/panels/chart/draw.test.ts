import { describe, expect, it } from 'vitest'
import { chartSvg, drawChart } from './draw'
import { withSeriesToggle } from './spec'
import { chartConfig, exportConfig } from './theme'

const values = [1, 8, 16].flatMap((cpus) => ['a', 'b'].map((kernel) => ({ cpus, kernel, value: cpus * 10 })))
const LINE = {
  data: { values },
  mark: 'line',
  encoding: {
    x: { field: 'cpus', type: 'quantitative' },
    y: { field: 'value', type: 'quantitative' },
    color: { field: 'kernel' }
  }
}

describe('drawChart', () => {
  it('draws in the colours of the theme without changing the specification', async () => {
    const before = JSON.stringify(LINE)
    const svg = await chartSvg(LINE, { config: exportConfig('dark'), width: 400 })
    expect(svg).toContain('#56b4e9')
    expect(svg).toContain('#1d2026')
    expect(JSON.stringify(LINE)).toBe(before)
  })

  it('rejects with the message of Vega-Lite', async () => {
    await expect(drawChart({ ...LINE, mark: 'lne' }, { config: {} })).rejects.toThrow(/lne/)
    await expect(drawChart({ nothing: true }, { config: {} })).rejects.toThrow(/Invalid specification/)
  })

  it('loads nothing, and says what was refused', async () => {
    const remote = { ...LINE, data: { url: 'https://example.com/rows.json' } }
    await expect(drawChart(remote, { config: chartConfig('light') })).rejects.toThrow(/example\.com.*refused/)
  })

  it('draws layers whose series fade', async () => {
    const layered = {
      data: { values },
      encoding: { x: { field: 'cpus' }, y: { field: 'value' }, color: { field: 'kernel' } },
      layer: [{ mark: 'line' }, { mark: 'point' }]
    }
    const svg = await chartSvg(withSeriesToggle(layered, ['a']), { config: exportConfig('light') })
    expect(svg).toContain('opacity="0.12"')
    expect(await chartSvg(withSeriesToggle(layered), { config: exportConfig('light') })).not.toContain(
      'opacity="0.12"'
    )
  })

  it('writes titles as text', async () => {
    const svg = await chartSvg(
      { ...LINE, title: '<img src=x onerror=alert(1)>' },
      { config: exportConfig('light') }
    )
    expect(svg).not.toContain('<img')
    expect(svg).toContain('&lt;img src=x onerror=alert(1)&gt;')
  })
})
