import { documentOf, summaryOf } from './document'
import { survey, type Survey } from './survey'

/** The survey, one line about it, and the document that it gives. */
export function freshCounts(every: boolean): { survey: Survey; summary: string; text: string } {
  const found = survey(undefined, every)
  return { survey: found, summary: summaryOf(found), text: documentOf(found) }
}
