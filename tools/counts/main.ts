import { documentOf } from './document'
import { opSurvey } from './op-survey'
import { SHEETS, survey, type Scope, type Survey } from './survey'

/** Everything that was compared, one line about it, and the page that it gives. */
export interface Counts {
  readonly survey: Survey
  readonly compared: number
  readonly wrong: readonly string[]
  readonly summary: string
  readonly text: string
}

/** Counts everything anew that is in scope. */
export function freshCounts(scope: Scope): Counts {
  const ranges = survey(undefined, scope)
  const operations = opSurvey()
  const wrong = [...operations.wrong, ...ranges.wrong]
  const compared = operations.compared + ranges.compared
  const summary = `${compared} figures of ${ranges.cells.length + operations.plays} cases compared with ${SHEETS.length + operations.sheets} sheets of formulae: ${wrong.length} differ.`
  return { survey: ranges, compared, wrong, summary, text: documentOf(ranges, operations.table) }
}
