import type { PanelDefinition } from '../registry'
import './commands'
import ResultsPanel from './ResultsPanel.vue'

/** The rows of the run on screen. */
const results: PanelDefinition = {
  id: 'results',
  title: 'Table',
  area: 'results',
  order: 20,
  component: ResultsPanel
}

export default results
