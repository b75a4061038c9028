import type { PanelDefinition } from '../registry'
import TeardownPanel from './TeardownPanel.vue'

/** One block while an exit or a zap clears it: entries, what other CPUs see, the gather, and whether it is safe. */
const teardown: PanelDefinition = {
  id: 'teardown',
  title: 'Teardown',
  area: 'panels',
  order: 15,
  component: TeardownPanel
}

export default teardown
