import type { PanelDefinition } from '../registry'
import { currentProblems } from './current'
import ProblemsPanel from './ProblemsPanel.vue'

/** What is wrong with the script, as the editor and the run say. */
const problems: PanelDefinition = {
  id: 'problems',
  title: 'Problems',
  area: 'bottom',
  order: 50,
  component: ProblemsPanel,
  badge: () => {
    const found = currentProblems().length
    return found > 0 ? String(found) : undefined
  }
}

export default problems
