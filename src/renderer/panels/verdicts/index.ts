import { useRunsStore } from '../../stores/runs'
import type { PanelDefinition } from '../registry'
import VerdictsPanel from './VerdictsPanel.vue'

/** Whether what the experiment claims holds, in sentences. */
const verdicts: PanelDefinition = {
  id: 'verdicts',
  title: 'Verdicts',
  area: 'results',
  order: 10,
  component: VerdictsPanel,
  badge: () => {
    const expectations = useRunsStore().current?.expectations ?? []
    if (expectations.length === 0) return undefined
    const names = new Set(expectations.map(({ name }) => name))
    const failing = new Set(expectations.filter(({ status }) => status === 'fail').map(({ name }) => name))
    return failing.size > 0 ? `✗ ${failing.size}/${names.size}` : String(names.size)
  }
}

export default verdicts
