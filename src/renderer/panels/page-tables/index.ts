import type { PanelDefinition } from '../registry'
import PageTablesPanel from './PageTablesPanel.vue'

/** A walk from the root down to one entry, its descriptor, and every CPU's TLB beside it. */
const pageTables: PanelDefinition = {
  id: 'page-tables',
  title: 'Page tables & TLB',
  area: 'panels',
  order: 20,
  component: PageTablesPanel
}

export default pageTables
