import type { PanelDefinition } from '../registry'
import ThpPanel from './ThpPanel.vue'

/** Settings files, what a store would get and why, folio sizes over a region, and a shell: one column a trace. */
const thp: PanelDefinition = {
  id: 'thp',
  title: 'THP',
  area: 'panels',
  order: 30,
  component: ThpPanel
}

export default thp
