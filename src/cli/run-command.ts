/** `contpte-lab run FILE`. */
import { readFile } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { formatDiagnostic, LabError, problem } from '../lab/diagnostic'
import type { Laboratory } from '../lab/laboratory'
import { documentText, runDocument } from '../lab/results/document'
import { scriptFileName } from '../lab/script/file-name'
import { TraceError } from '../lab/trace/error'
import { writeFileAtomic } from '../host/files'
import type { Diagnostic, Limits, ParameterValue } from '../protocol/results'
import type { RunRecord } from '../protocol/services'
import { EXIT, type Io } from './io'
import { follow } from './follow'
import { report } from './report'

export interface RunOptions {
  readonly param: Readonly<Record<string, readonly ParameterValue[]>>
  readonly seed: number
  readonly json: boolean
  readonly out?: string
  /** Events of each cell's trace, where the run keeps traces. */
  readonly trace?: number
  /** Where the traces of the cells go, as Chrome trace-event JSON. */
  readonly traceOut?: string
  readonly workers?: number
  readonly check: boolean
  readonly limits: Partial<Limits>
}

const MAX_SCRIPT_BYTES = 8 * 1024 * 1024

/**
 * A text file of the user.
 * @throws LabError `file-unreadable` in the words of the system
 */
export async function readUserFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    const why = { ENOENT: 'there is no such file', EACCES: 'permission denied', EISDIR: 'it is a folder' }[
      code
    ]
    throw new LabError(problem('file-unreadable', `cannot read it: ${why ?? code}`, { file: path }))
  }
}

export async function readScript(path: string): Promise<string> {
  const bytes = await readUserFile(path)
  if (bytes.length > MAX_SCRIPT_BYTES) {
    throw new LabError(problem('script-too-large', `the script has ${bytes.length} bytes`, { file: path }))
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new LabError(problem('file-unreadable', 'cannot read it: it is not UTF-8 text', { file: path }))
  }
}

/** Messages name the file as the user did, so that a terminal can open it. */
export function asGiven(path: string, diagnostic: Diagnostic): Diagnostic {
  return diagnostic.file === scriptFileName(path) ? { ...diagnostic, file: path } : diagnostic
}

async function writeBundle(path: string, lab: Laboratory, record: RunRecord): Promise<string> {
  const { bytes, sha256 } = await lab.bundle(record)
  try {
    await writeFileAtomic(path, bytes, { mode: 0o666 })
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new LabError(problem('file-unwritable', `cannot write the bundle: ${why}`, { file: path }))
  }
  return sha256
}

/** One file a cell; with more than one cell the cell's number is in its name. */
async function writeTraces(path: string, lab: Laboratory, record: RunRecord, io: Io): Promise<void> {
  const store = lab.traceStore(() => Promise.resolve(record))
  const { dir, name, ext } = parse(path)
  for (const index of record.cells.keys()) {
    const key = { runId: record.runId, cell: index }
    const summary = await store.open(key)
    const target = record.cells.length === 1 ? path : join(dir, `${name}-${index}${ext}`)
    try {
      await writeFileAtomic(target, await store.perfetto(key), { mode: 0o666 })
    } catch (error) {
      if (error instanceof TraceError) throw error
      const why = error instanceof Error && 'code' in error ? String(error.code) : String(error)
      throw new LabError(problem('file-unwritable', `cannot write the trace: ${why}`, { file: target }))
    }
    const cut = summary.cut === undefined ? '' : `; ${summary.cut.notice}`
    io.err(`trace ${target} ${summary.events} events${cut}\n`)
  }
}

/** Exit code of a run that did not finish. */
export function exitOf(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.some(({ code }) => code === 'internal') ? EXIT.internal : EXIT.user
}

/** Runs an experiment; answers the exit code. */
export async function runCommand(
  path: string,
  options: RunOptions,
  lab: Laboratory,
  io: Io
): Promise<number> {
  const text = await readScript(path)
  const { param, seed, workers, check, limits, trace } = options
  const handle = lab.startRun({
    file: scriptFileName(path),
    text,
    parameters: param,
    seed,
    workers,
    check,
    limits,
    ...(trace === undefined ? {} : { trace: { limit: trace } })
  })
  const record = await follow(handle, io)
  for (const diagnostic of record.diagnostics) io.err(`${formatDiagnostic(asGiven(path, diagnostic))}\n`)
  if (record.status === 'cancelled') {
    io.err(`cancelled after ${record.cellsDone} of ${record.cellsTotal} cells\n`)
    return EXIT.interrupted
  }
  if (record.status !== 'finished') return exitOf(record.diagnostics)
  const sha256 = options.out === undefined ? undefined : await writeBundle(options.out, lab, record)
  if (options.traceOut !== undefined) {
    try {
      await writeTraces(options.traceOut, lab, record, io)
    } catch (error) {
      throw error instanceof TraceError ? new LabError(problem(error.code, error.message)) : error
    }
  }
  io.out(options.json ? documentText(runDocument(record)) : report(record))
  if (sha256 !== undefined) io.err(`bundle ${options.out} SHA-256 ${sha256}\n`)
  return record.failed > 0 ? EXIT.fails : EXIT.ok
}
