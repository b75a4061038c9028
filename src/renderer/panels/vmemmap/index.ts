import type { PanelDefinition } from '../registry'
import './commands'
import VmemmapPanel from './VmemmapPanel.vue'

/** Sequences that remap vmemmap pages, step by step: what they cost, which rules they keep, and every interleaving. */
const vmemmap: PanelDefinition = {
  id: 'vmemmap',
  title: 'Vmemmap',
  area: 'panels',
  order: 40,
  component: VmemmapPanel
}

export default vmemmap
