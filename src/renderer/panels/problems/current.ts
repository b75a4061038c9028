import { useRunsStore } from '../../stores/runs'
import { gatherProblems, type Problem } from './problems'

/** All problems of the window; reactive when read in an effect. */
export function currentProblems(): Problem[] {
  const runs = useRunsStore()
  return gatherProblems(runs.checkDiagnostics, runs.current?.diagnostics ?? [])
}
