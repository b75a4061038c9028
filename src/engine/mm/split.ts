/** Splits: of a PMD leaf into entries, and of a large folio into pages. */
export { splitPmd } from './split-pmd'
