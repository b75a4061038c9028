/** Splits: of a PMD leaf into entries, and of a large folio into pages. */
export { splitFolio } from './split-folio'
export { splitPmd } from './split-pmd'
