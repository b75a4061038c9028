/** Charts in the window's colours. The specification stays the script's; only Vega's defaults change. */
import { THEMES, type ThemeName } from '../../theme/tokens'

const FONT = "'Inter Variable', Inter, system-ui, sans-serif"

/** Vega-Lite `config` of a theme. A script's own `config` wins over it. */
export function chartConfig(name: ThemeName): Record<string, unknown> {
  const theme = THEMES[name]
  const text = {
    labelColor: theme.dim,
    titleColor: theme.text,
    labelFont: FONT,
    titleFont: FONT,
    labelFontSize: 12,
    titleFontSize: 12
  }
  const series = [1, 2, 3, 4, 5, 6].map((n) => theme[`chart-${n}` as 'chart-1'])
  return {
    background: 'transparent',
    font: FONT,
    view: { stroke: theme.line },
    axis: {
      ...text,
      titleFontWeight: 500,
      domainColor: theme['control-line'],
      tickColor: theme['control-line'],
      gridColor: theme.line,
      gridOpacity: 0.6
    },
    legend: { ...text, titleFontWeight: 500, symbolStrokeWidth: 2, symbolSize: 80 },
    header: text,
    title: {
      color: theme.text,
      subtitleColor: theme.dim,
      font: FONT,
      fontSize: 13,
      fontWeight: 600,
      anchor: 'start'
    },
    range: {
      category: series,
      ordinal: { scheme: 'viridis' },
      ramp: { scheme: 'viridis' },
      heatmap: { scheme: 'viridis' }
    },
    mark: { color: series[0] },
    line: { strokeWidth: 2 },
    point: { filled: true, size: 50 },
    rule: { color: theme.dim },
    text: { color: theme.text, font: FONT, fontSize: 12 }
  }
}

/** The same for a file: on the theme's own surface, so that it reads on any page. */
export function exportConfig(name: ThemeName): Record<string, unknown> {
  return { ...chartConfig(name), background: THEMES[name].surface }
}
