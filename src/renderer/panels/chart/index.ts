import { useRunsStore } from '../../stores/runs'
import type { PanelDefinition } from '../registry'
import ChartPanel from './ChartPanel.vue'

/** The charts of the run on screen. */
const chart: PanelDefinition = {
  id: 'chart',
  title: 'Chart',
  area: 'results',
  order: 30,
  component: ChartPanel,
  badge: () => {
    const charts = useRunsStore().current?.charts.length ?? 0
    return charts > 1 ? String(charts) : undefined
  }
}

export default chart
