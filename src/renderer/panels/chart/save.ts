import type { Chart } from '../../../protocol/results'
import { host } from '../../platform/clients-in-use'
import { download } from '../../platform/download'
import { useNoticesStore } from '../../stores/notices'
import type { ThemeName } from '../../theme/tokens'
import { fileName, isFluid } from './spec'
import { exportConfig } from './theme'

const KINDS = {
  svg: { extension: 'svg', name: 'SVG image', type: 'image/svg+xml' },
  png: { extension: 'png', name: 'PNG image', type: 'image/png' },
  spec: { extension: 'vl.json', name: 'Vega-Lite specification', type: 'application/json' }
} as const

/** Offers a chart as a file: a picture in the theme on screen, or the specification as the script gave it. */
export async function saveChart(
  chart: Chart,
  kind: keyof typeof KINDS,
  theme: ThemeName,
  width: number
): Promise<void> {
  const { extension, name: filterName, type } = KINDS[kind]
  const bytes = await bytesOf(chart, kind, theme, width)
  const name = fileName(chart.name, extension)
  const saved = await host().saveFile({ name, bytes, filter: { name: filterName, extensions: [extension] } })
  if (saved.outcome === 'cancelled') return
  if (saved.outcome === 'download') download(name, bytes, type)
  useNoticesStore().announce(`Saved ${saved.name}`)
}

async function bytesOf(
  chart: Chart,
  kind: keyof typeof KINDS,
  theme: ThemeName,
  width: number
): Promise<Uint8Array> {
  if (kind === 'spec') return new TextEncoder().encode(`${JSON.stringify(chart.spec, null, 2)}\n`)
  const { chartPng, chartSvg } = await import('./draw')
  const options = { config: exportConfig(theme), width: isFluid(chart.spec) ? width : undefined }
  return kind === 'png'
    ? chartPng(chart.spec, options)
    : new TextEncoder().encode(await chartSvg(chart.spec, options))
}
