import type { PanelDefinition } from '../registry'
import TimelinePanel from './TimelinePanel.vue'

/** Events and spans of every CPU over time, and everything that moves the position. */
const timeline: PanelDefinition = {
  id: 'timeline',
  title: 'Timeline',
  area: 'time',
  order: 10,
  component: TimelinePanel
}

export default timeline
