import { documentOf } from './document'
import { opSurvey } from './op-survey'
import { SHEETS, survey, type Scope, type Survey } from './survey'
import { tagSurvey } from './tag-survey'

export { SHEETS }

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
  const tags = tagSurvey()
  const wrong = [...operations.wrong, ...ranges.wrong, ...tags.wrong]
  const compared = operations.compared + ranges.compared + tags.compared
  const summary = `${compared} figures of ${ranges.cells.length + operations.plays + tags.cases} cases compared with ${SHEETS.length + operations.sheets + tags.sheets} sheets of formulae: ${wrong.length} differ.`
  return { survey: ranges, compared, wrong, summary, text: documentOf(ranges, operations.table, tags.text) }
}
