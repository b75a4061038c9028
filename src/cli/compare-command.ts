/** `contpte-lab compare [FILE...]`. */
import { basename, join } from 'node:path'
import { replayCase, selected, tallyFamilies, type CaseResult } from '../lab/compare/compare'
import { loadRecording, ownRecordings, type LoadedRecording } from '../lab/compare/load'
import { caseLine, familyLine, stepText } from '../lab/compare/report'
import type { Case } from '../lab/compare/schema'
import { LabError, problem } from '../lab/diagnostic'
import { writeFileAtomic } from '../host/files'
import { EXIT, type Io } from './io'

export interface CompareOptions {
  /** Prefixes of the ids asked for; none: all. */
  readonly only: readonly string[]
  /** Folder for the simulator's answers. */
  readonly replay?: string
  readonly json: boolean
  readonly verbose: boolean
  /** Folder of our own copy of the recordings. */
  readonly recordings: string
}

/** Replays recorded cases and compares; answers the exit code. */
export async function compareCommand(
  files: readonly string[],
  options: CompareOptions,
  io: Io
): Promise<number> {
  const loaded =
    files.length > 0 ? files.map((file) => loadRecording(file)) : ownRecordings(options.recordings)
  mustMatch(loaded, options.only)
  const results: CaseResult[] = []
  for (const each of loaded) {
    const replayed: Case[] = []
    for (const one of selected(each, options.only)) {
      const outcome = replayCase(each.recording, one, each.file)
      results.push(outcome.result)
      if (outcome.whole) replayed.push({ ...one, steps: outcome.steps })
      if (options.json) continue
      io.out(`${caseLine(one, outcome).replace(/\p{C}/gu, '\ufffd')}\n`)
      if (options.verbose && outcome.result.status === 'different') io.out(`${stepText(one, outcome)}\n`)
    }
    if (options.replay !== undefined) await writeReplay(options.replay, each, replayed)
  }
  if (options.json) {
    io.out(`${JSON.stringify({ schema: 'contpte-lab/compare@1', cases: results }, undefined, 2)}\n`)
  } else {
    for (const tally of tallyFamilies(results)) io.out(`${familyLine(tally)}\n`)
  }
  return results.every(({ status }) => status === 'equal') ? EXIT.ok : EXIT.fails
}

/** Nobody asks for nothing: a prefix that no case has is a mistake. */
function mustMatch(loaded: readonly LoadedRecording[], only: readonly string[]): void {
  for (const prefix of only) {
    if (loaded.some((each) => selected(each, [prefix]).length > 0)) continue
    throw new LabError(problem('bad-option', `--only ${prefix}: no recorded case begins so`))
  }
}

async function writeReplay(
  folder: string,
  { file, recording }: LoadedRecording,
  cases: readonly Case[]
): Promise<void> {
  const path = join(folder, basename(file).replace(/\.gz$/, ''))
  const { schema, kernel, version, packages, boots } = recording
  const head = JSON.stringify({ schema, kernel, version, packages, boots })
  // One case a line, as in the recordings.
  const text = `${head.slice(0, -1)},"cases":[\n${cases.map((each) => JSON.stringify(each)).join(',\n')}\n]}\n`
  try {
    await writeFileAtomic(path, text, { mode: 0o666 })
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new LabError(problem('file-unwritable', `cannot write the replay: ${why}`, { file: path }))
  }
}
