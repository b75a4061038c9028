import type { PanelDefinition } from '../registry'
import Skeleton from './Skeleton.vue'

/**
 * The panel to copy. Steps to a new one:
 * 1. copy this folder to `panels/<name>`, rename the component;
 * 2. choose `id` (stored in layouts, so never change it later), `title`, `area`;
 * 3. delete `development`;
 * 4. state that outlives the panel goes to a store, pure logic to a `.ts` beside with a test.
 */
const skeleton: PanelDefinition = {
  id: 'skeleton',
  title: 'Skeleton',
  area: 'panels',
  component: Skeleton,
  development: true
}

export default skeleton
