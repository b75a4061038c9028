import type { PanelDefinition } from '../registry'
import RunsPanel from './RunsPanel.vue'

/** The history of runs; any of them opens again. */
const runs: PanelDefinition = {
  id: 'runs',
  title: 'Runs',
  area: 'results',
  order: 60,
  component: RunsPanel
}

export default runs
