import type { PanelDefinition } from '../registry'
import SwapPanel from './SwapPanel.vue'

/** Pages, their swap entries, slots and memory tags, and what became of the tags, in one or two designs. */
const swap: PanelDefinition = {
  id: 'swap',
  title: 'MTE swap',
  area: 'panels',
  order: 18,
  component: SwapPanel
}

export default swap
