/** `contpte-lab explore FILE`. */
import type { Model } from '../explorer/model'
import { isTasksDefinition, type TasksModel } from '../explorer/tasks-model'
import { writeFileAtomic } from '../host/files'
import { exploreDocument, exploreText } from '../lab/explore/document'
import { exploreModel, modelFrom, type Explored, type Overrides } from '../lab/explore/explore'
import { replayExperiment } from '../lab/explore/experiment'
import { exploreTasks, tasksDocument, tasksFrom, tasksText } from '../lab/explore/tasks'
import { formatDiagnostic, LabError, problem } from '../lab/diagnostic'
import type { Laboratory } from '../lab/laboratory'
import { scriptFileName } from '../lab/script/file-name'
import { EXIT, type Io } from './io'
import { asGiven, exitOf, readScript } from './run-command'

export interface ExploreOptions extends Overrides {
  readonly json: boolean
  readonly check: boolean
  /** Where a script that replays the counterexample goes. */
  readonly saveExperiment?: string
  /** Monotonic milliseconds. */
  now(): number
}

const EVERY_MS = 250

/** Explores a model; answers the exit code: 0 safe, 1 counterexample, 4 undecided (also an open one). */
export async function exploreCommand(
  path: string,
  { json, check, saveExperiment, now, ...overrides }: ExploreOptions,
  lab: Laboratory,
  io: Io
): Promise<number> {
  const file = scriptFileName(path)
  const { definition, diagnostics } = await lab.model(file, await readScript(path), check)
  for (const diagnostic of diagnostics) io.err(`${formatDiagnostic(asGiven(path, diagnostic))}\n`)
  if (definition === undefined) return exitOf(diagnostics)
  const asked = { stop: false }
  void io.interrupted.then(() => (asked.stop = true))
  const started = now()
  let shown = started
  const told = ({ states, frontier }: { readonly states: number; readonly frontier: number }): void => {
    if (!io.live || now() - shown < EVERY_MS) return
    shown = now()
    const rate = Math.round((states / (shown - started)) * 1000)
    io.err(`\r\u001b[K${states} states, frontier ${frontier}, ${rate} states/s`)
  }
  const { verdict, document, text, explored } = isTasksDefinition(definition)
    ? await exploredTasks(tasksFrom(path, definition, overrides), () => asked.stop, told)
    : await exploredSequence(modelFrom(path, definition, overrides), () => asked.stop, told)
  if (shown !== started) io.err('\r\u001b[K')
  io.out(json ? `${JSON.stringify(document, undefined, 2)}\n` : text)
  if (saveExperiment !== undefined) await save(saveExperiment, explored, io)
  if (verdict === 'safe') return EXIT.ok
  return verdict === 'counterexample' ? EXIT.fails : EXIT.undecided
}

/** Of tasks there is none: scripts replay sequences. */
async function save(path: string, explored: Explored | undefined, io: Io): Promise<void> {
  if (explored === undefined) return io.err(`scripts replay sequences, not tasks: ${path} was not written\n`)
  const experiment = replayExperiment(explored)
  if (experiment === undefined) return io.err(`there is no counterexample: ${path} was not written\n`)
  try {
    await writeFileAtomic(path, experiment.text, { mode: 0o666 })
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new LabError(problem('file-unwritable', `cannot write the experiment: ${why}`, { file: path }))
  }
  io.err(`experiment ${path}\n`)
}

type Told = Parameters<typeof exploreTasks>[2]

async function exploredSequence(model: Model, stopped: () => boolean, told: Told) {
  const explored = await exploreModel(model, stopped, told)
  const { verdict } = explored.result
  return { verdict, document: exploreDocument(explored), text: exploreText(explored), explored }
}

async function exploredTasks(model: TasksModel, stopped: () => boolean, told: Told) {
  const result = await exploreTasks(model, stopped, told)
  const document = tasksDocument(model, result)
  return { verdict: result.verdict, document, text: tasksText(model, result), explored: undefined }
}
