/** Cells of other runs than the one on screen, for a column to show: asked for once a run. */
import { shallowRef } from 'vue'
import { simulator } from '../platform/clients-in-use'
import type { LiveRun } from '../stores/live-run'
import { useNoticesStore } from '../stores/notices'
import { useRunsStore } from '../stores/runs'
import type { SweepCell } from './choice'

/** Runs whose cells are known, by id. */
const known = shallowRef<ReadonlyMap<string, readonly SweepCell[]>>(new Map())

/** The cells of a run that finished, and can so be stepped through. */
export function finishedCells(run: Pick<LiveRun, 'cells'> | null): SweepCell[] {
  return (run?.cells ?? []).flatMap(({ parameters, forks, key }, index) =>
    forks < 0 || key === '' ? [] : [{ index, parameters, forks }]
  )
}

/** Cells of a run as far as they are known; the run on screen always is. */
export function knownCells(runId: string): readonly SweepCell[] {
  const { current } = useRunsStore()
  return current?.runId === runId ? finishedCells(current) : (known.value.get(runId) ?? [])
}

/** Asks for the cells of a run of the history. */
export async function cellsOf(runId: string): Promise<readonly SweepCell[]> {
  const cells = knownCells(runId)
  if (cells.length > 0) return cells
  try {
    const found = finishedCells(await simulator().getRun({ runId }))
    known.value = new Map([...known.value, [runId, found]])
    return found
  } catch (error) {
    useNoticesStore().fail('That run could not be read', error)
    return []
  }
}
