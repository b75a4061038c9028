import { useDocumentsStore } from '../../stores/documents'
import { useNoticesStore } from '../../stores/notices'
import { useRunsStore } from '../../stores/runs'
import { parsePosition } from '../../ui/position'
import { gatherProblems, neighbourProblem, type Problem } from './problems'

/** All problems of the window, reactive when read in an effect. */
export function currentProblems(): Problem[] {
  const runs = useRunsStore()
  return gatherProblems(runs.checkDiagnostics, runs.current?.diagnostics ?? [])
}

/** Moves the caret to the neighbouring problem of the active script and says it. */
export function jumpToProblem(direction: 'next' | 'previous'): void {
  const documents = useDocumentsStore()
  const notices = useNoticesStore()
  const { active } = documents
  const problem = active && neighbourProblem(currentProblems(), active.file, active.caret, direction)
  const place = problem?.at ? parsePosition(problem.at) : undefined
  if (!problem || !place) {
    notices.announce('No problems in this script')
    return
  }
  documents.reveal(place)
  notices.announce(`${problem.diagnostic.severity}, line ${place.line}: ${problem.diagnostic.message}`)
}
