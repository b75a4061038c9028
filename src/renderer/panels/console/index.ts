import { formatNumber } from '../../parts/format'
import { useRunsStore } from '../../stores/runs'
import type { PanelDefinition } from '../registry'
import ConsolePanel from './ConsolePanel.vue'

/** What the script printed. */
const console: PanelDefinition = {
  id: 'console',
  title: 'Console',
  area: 'bottom',
  order: 40,
  component: ConsolePanel,
  badge: () => {
    const lines = useRunsStore().current?.console.length ?? 0
    return lines > 0 ? formatNumber(lines) : undefined
  }
}

export default console
