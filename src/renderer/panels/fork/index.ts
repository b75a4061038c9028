import type { PanelDefinition } from '../registry'
import ForkPanel from './ForkPanel.vue'

/** Parent's and child's page tables around one fork(), two cells of the sweep side by side. */
const fork: PanelDefinition = {
  id: 'fork',
  title: 'Fork',
  area: 'panels',
  order: 10,
  component: ForkPanel
}

export default fork
