import type { LiveRun } from '../stores/live-run'

/**
 * Why a run has nothing to show although its script may well produce it: it ended before. `undefined`
 * for runs that go on or finished; for those, the panel says what the script lacks.
 */
export function endedEarly(run: Pick<LiveRun, 'status' | 'cellsDone'>, missing: string): string | undefined {
  const when = run.cellsDone === 0 ? 'before a cell had finished' : `before ${missing}`
  switch (run.status) {
    case 'cancelled':
      return `This run was cancelled ${when}.`
    case 'failed':
      return `This run stopped with an error ${when}.`
    case 'lost':
      return `The simulator stopped ${when}; it has been started again.`
    default:
      return undefined
  }
}
