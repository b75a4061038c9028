/** From a run to its traces: which cells are stepped through, and to which event. */
import type { ConsoleLine, Expectation, Row } from '../../protocol/results'
import type { TraceKey, TraceMark } from '../../protocol/trace'
import { dock } from '../layout/dock'
import { parametersKey } from '../parts/parameters'
import type { LiveRun } from '../stores/live-run'
import { useNoticesStore } from '../stores/notices'
import { useRunsStore } from '../stores/runs'
import { useShellStore } from '../stores/shell'
import { useTraceStore } from '../stores/trace'
import { defaultChoice, cellOf } from './choice'
import { cellsOf, finishedCells } from './other-runs'

export { finishedCells }

/** Opens what the preset shows: one cell, or the two to compare. Stays where it is if that is open. */
export async function openRun(
  compared = useShellStore().preset === 'compare',
  quietly = false
): Promise<boolean> {
  const run = useRunsStore().current
  const cells = finishedCells(run)
  if (!run || cells.length === 0) return false
  const choice = defaultChoice(cells)
  const left = cellOf(choice, 'left', cells) ?? cells[0]
  const right = compared ? cellOf(choice, 'right', cells) : undefined
  const keys = [left, ...(right ? [right] : [])].map(({ index }) => ({ runId: run.runId, cell: index }))
  return openKeys(keys, quietly)
}

/** Opens traces, unless just these are open. */
export async function openKeys(keys: readonly TraceKey[], quietly = false): Promise<boolean> {
  const trace = useTraceStore()
  const open = trace.sides.map(({ key }) => `${key.runId}/${key.cell}`).join()
  if (trace.ready && open === keys.map(({ runId, cell }) => `${runId}/${cell}`).join()) return true
  return trace.open(keys, 0, quietly)
}

/** What in a result somebody pointed at. */
export type Pointed =
  | { readonly kind: 'expectation'; readonly what: Expectation }
  | { readonly kind: 'row'; readonly what: Row }
  | { readonly kind: 'console'; readonly what: ConsoleLine }

/** Goes to the event at which a verdict, a row or a console line was made; makes the trace if need be. */
export async function goToPointed(pointed: Pointed): Promise<void> {
  const runs = useRunsStore()
  const trace = useTraceStore()
  const notices = useNoticesStore()
  const run = runs.current
  const cell = run ? cellPointed(run, pointed) : -1
  if (!run || cell < 0) {
    notices.announce('This was made after all cells: it belongs to no event')
    return
  }
  const at = trace.sides.findIndex(({ key }) => key.runId === run.runId && key.cell === cell)
  if (at < 0 && !(await trace.open([{ runId: run.runId, cell }]))) return
  if (at > 0) trace.lead = at
  const side = trace.leading
  if (!side) return
  dock.show('timeline', useShellStore().preset)
  const { event } = pointed.what
  // A run that was traced told the event; of any other one the trace's own marks do.
  const mark = event === undefined ? markPointed(run, pointed, cell, await trace.marksOf(side)) : { event }
  // What the machine counted, and no line of the script recorded, was counted by the end.
  if (mark) await trace.goTo(mark.event)
  else if (pointed.kind === 'row' || !side.summary.cut) await trace.goTo(side.summary.events)
  else notices.announce('The trace was cut before that')
}

function cellPointed(run: LiveRun, pointed: Pointed): number {
  if (pointed.kind === 'console') return pointed.what.cell
  const wanted = parametersKey(pointed.what.parameters)
  if (Object.keys(pointed.what.parameters).length === 0 && run.cells.length !== 1) return -1
  return run.cells.findIndex(({ parameters, forks }) => forks >= 0 && parametersKey(parameters) === wanted)
}

/** Marks are numbered within their cell; what was pointed at is numbered within the run. */
function markPointed(
  run: LiveRun,
  pointed: Pointed,
  cell: number,
  marks: readonly TraceMark[]
): TraceMark | undefined {
  const own = ofCell(run, pointed, cell)
  const index = own.indexOf(pointed.what)
  return marks.find((mark) => mark.kind === pointed.kind && mark.index === index)
}

function ofCell(run: LiveRun, { kind }: Pointed, cell: number): readonly unknown[] {
  if (kind === 'console') return run.console.filter((line) => line.cell === cell)
  const wanted = parametersKey(run.cells[cell].parameters)
  const same = ({ parameters }: Expectation | Row) => parametersKey(parameters) === wanted
  // Counters of a cell are rows of the result, but the script recorded none of them.
  return kind === 'row' ? run.rows.filter((row) => same(row)) : run.expectations.filter(same)
}

/** Puts another cell into a column, of the run on screen or another one; with one column, beside it. */
export async function showCell(side: number, cell: number, of?: string): Promise<boolean> {
  const trace = useTraceStore()
  const runId = of ?? useRunsStore().current?.runId
  if (runId === undefined || side > trace.sides.length) return false
  const keys = trace.sides.map(({ key }) => key)
  keys[side] = { runId, cell }
  return trace.open(keys, 0, false, trace.machines)
}

/** Puts a run of the history into a column: its cell of the same parameters, or else its first one. */
export async function showRun(side: number, runId: string): Promise<boolean> {
  const trace = useTraceStore()
  const cells = await cellsOf(runId)
  const wanted = parametersKey(trace.leading?.summary.parameters ?? {})
  const cell = cells.find(({ parameters }) => parametersKey(parameters) === wanted) ?? cells[0]
  if (cell === undefined) {
    useNoticesStore().announce('That run has no finished cell')
    return false
  }
  return showCell(side, cell.index, runId)
}

/** Compares the first column with the latest finished run before it: the same workload, as it was then. */
export async function compareRun(): Promise<boolean> {
  const trace = useTraceStore()
  const own = trace.sides[0]?.key.runId
  const runs = useRunsStore().summaries.filter(({ status }) => status === 'finished')
  const at = runs.findIndex(({ runId }) => runId === own)
  const file = runs[at]?.file
  const later = runs.slice(at + 1)
  const other = later.find((run) => run.file === file) ?? later[0] ?? runs.find(({ runId }) => runId !== own)
  if (other) return showRun(1, other.runId)
  useNoticesStore().announce('There is no other finished run')
  return false
}

/** Compares the first two machines of the cell in the first column. */
export async function compareMachines(): Promise<boolean> {
  const trace = useTraceStore()
  const key = trace.sides[0]?.key
  return key === undefined ? false : trace.open([key, key], 0, false, [0, 1])
}

/** Compares the first column with the next finished cell of the sweep that is not on screen. */
export async function compareNext(): Promise<boolean> {
  const trace = useTraceStore()
  const cells = finishedCells(useRunsStore().current).map(({ index }) => index)
  const shown = trace.sides.map(({ key }) => key.cell)
  const from = cells.indexOf(shown[1] ?? shown[0])
  const next = cells
    .map((_, step) => cells[(from + 1 + step) % cells.length])
    .find((cell) => !shown.includes(cell))
  return next === undefined ? false : showCell(1, next)
}
