/**
 * Runs on disk, one folder each, written while they go on:
 *
 *     runs/<runId>/summary.json         how it stands; small, for the list
 *     runs/<runId>/run.json             the record: without rows at the start, whole at the end
 *     runs/<runId>/owner.json           the process that runs it, while it runs
 *     runs/<runId>/cells/<n>.json       each finished cell
 *     runs/<runId>/forks/<n>.json.gz    its captured forks
 *
 * A run whose process is gone before its end is `lost`; its finished cells are kept.
 */
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import * as v from 'valibot'
import type { CellResult, ForkView } from '../lab/results/types'
import type { RunStore } from '../lab/run/types'
import * as results from '../protocol/schemas/results'
import { list } from '../protocol/schemas/base'
import { runRecord, runSummary } from '../protocol/schemas/simulator'
import type { RunRecord, RunSummary } from '../protocol/services'
import { HostError } from './error'
import { isMissing, namesIn, removeFile, writeFileAtomic } from './files'

/** Runs kept; the oldest go first. */
export const MAX_RUNS_KEPT = 200
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/
const MAX_FORK_BYTES = 256 * 1024 * 1024

const compress = promisify(gzip)
const expand = promisify(gunzip)
const forkViews = list(results.forkView, 1_000)
const owner = v.object({ pid: v.number() })

export interface RunStoreOptions {
  /** Whether a process lives; a run whose owner does not is lost. */
  readonly isAlive?: (pid: number) => boolean
  readonly pid?: number
  readonly keep?: number
}

export class FileRunStore implements RunStore {
  readonly #folder: string
  readonly #pid: number
  readonly #isAlive: (pid: number) => boolean
  readonly #keep: number

  constructor(
    folder: string,
    { isAlive = alive, pid = process.pid, keep = MAX_RUNS_KEPT }: RunStoreOptions = {}
  ) {
    this.#folder = folder
    this.#isAlive = isAlive
    this.#pid = pid
    this.#keep = keep
  }

  /** Marks runs as lost whose process is gone, and drops the oldest beyond the number kept. Call once at the start. */
  async recover(): Promise<{ readonly lost: readonly string[]; readonly dropped: readonly string[] }> {
    const summaries = await this.list()
    const lost: string[] = []
    for (const summary of summaries)
      if (isUnderWay(summary) && !(await this.#isOwned(summary.runId))) {
        try {
          await this.end(await this.#assembleLost(summary.runId))
          lost.push(summary.runId)
        } catch {
          // What cannot be read stays as it is: for a person to look at, and in nobody's way.
          continue
        }
      }
    const dropped = summaries.slice(this.#keep).filter((summary) => !isUnderWay(summary))
    for (const { runId } of dropped) await rm(this.#path(runId), { recursive: true, force: true })
    return { lost, dropped: dropped.map(({ runId }) => runId) }
  }

  async begin(record: RunRecord): Promise<void> {
    const { runId } = record
    await writeFileAtomic(this.#path(runId, 'owner.json'), JSON.stringify({ pid: this.#pid }))
    await writeFileAtomic(this.#path(runId, 'run.json'), JSON.stringify(record))
    await this.#writeSummary(record)
  }

  async cellFinished(runId: string, { forks, ...cell }: CellResult): Promise<void> {
    if (forks.length > 0)
      await writeFileAtomic(
        this.#path(runId, 'forks', `${cell.index}.json.gz`),
        await compress(JSON.stringify(forks), { level: 1 })
      )
    // Last, because a cell that is there must be whole.
    await writeFileAtomic(this.#path(runId, 'cells', `${cell.index}.json`), JSON.stringify(cell))
  }

  async end(record: RunRecord): Promise<void> {
    const { runId } = record
    await writeFileAtomic(this.#path(runId, 'run.json'), JSON.stringify(record))
    await this.#writeSummary(record)
    await removeFile(this.#path(runId, 'owner.json'))
  }

  /** All runs, newest first. */
  async list(): Promise<RunSummary[]> {
    const summaries: RunSummary[] = []
    for (const runId of await namesIn(this.#folder)) {
      if (!RUN_ID.test(runId)) continue
      const summary = await readJson(this.#path(runId, 'summary.json'), runSummary).catch(() => undefined)
      if (summary?.runId === runId) summaries.push(summary)
    }
    return summaries.sort((a, b) => compare(b.startedAt, a.startedAt) || compare(b.runId, a.runId))
  }

  /**
   * A run as it stands on disk.
   * @throws HostError `not-found`, `bad-data`
   */
  async get(runId: string): Promise<RunRecord> {
    return this.#read(runId, this.#path(runId, 'run.json'), runRecord)
  }

  /**
   * A captured fork of a finished cell.
   * @throws HostError `not-found`, `bad-data`
   */
  async forkView(runId: string, cell: number, fork: number): Promise<ForkView> {
    const path = this.#path(runId, 'forks', `${cell}.json.gz`)
    const views = await this.#read(runId, path, forkViews)
    const view = views[fork]
    if (view === undefined)
      throw new HostError('not-found', `Cell ${cell} of run ${runId} has no fork ${fork}`)
    return view
  }

  #path(runId: string, ...parts: string[]): string {
    if (!RUN_ID.test(runId))
      throw new HostError('bad-id', `Not the id of a run: ${JSON.stringify(runId.slice(0, 200))}`)
    return join(this.#folder, runId, ...parts)
  }

  async #read<T>(runId: string, path: string, schema: v.GenericSchema<unknown, T>): Promise<T> {
    try {
      return await readJson(path, schema)
    } catch (error) {
      if (isMissing(error)) throw new HostError('not-found', `Nothing of that is kept of run ${runId}`)
      throw new HostError('bad-data', `What is kept of run ${runId} cannot be read: ${String(error)}`)
    }
  }

  async #writeSummary(record: RunRecord): Promise<void> {
    await writeFileAtomic(this.#path(record.runId, 'summary.json'), JSON.stringify(summaryOf(record)))
  }

  async #isOwned(runId: string): Promise<boolean> {
    const found = await readJson(this.#path(runId, 'owner.json'), owner).catch(() => undefined)
    return found !== undefined && found.pid !== this.#pid && this.#isAlive(found.pid)
  }

  /** The record of a run that has no end, from the cells that are there. */
  async #assembleLost(runId: string): Promise<RunRecord> {
    const record = await this.get(runId)
    const cells: Omit<CellResult, 'forks'>[] = []
    for (const name of await namesIn(this.#path(runId, 'cells'))) {
      if (!name.endsWith('.json')) continue
      const cell = await readJson(this.#path(runId, 'cells', name), results.cellResult).catch(() => undefined)
      if (cell !== undefined) cells.push(cell)
    }
    cells.sort((a, b) => a.index - b.index)
    const forks = new Map<number, number>()
    for (const { index } of cells)
      forks.set(
        index,
        await readJson(this.#path(runId, 'forks', `${index}.json.gz`), forkViews).then(
          (views) => views.length,
          () => 0
        )
      )
    const expectations = cells.flatMap((cell) => cell.expectations)
    return {
      ...record,
      status: 'lost',
      cellsDone: cells.length,
      passed: expectations.filter(({ status }) => status === 'pass').length,
      failed: expectations.filter(({ status }) => status === 'fail').length,
      rows: cells.flatMap((cell) => cell.rows),
      expectations,
      console: cells.flatMap((cell) => cell.console),
      diagnostics: [
        ...record.diagnostics,
        ...cells.flatMap(({ error }) => (error === undefined ? [] : [error])),
        {
          code: 'run-lost',
          severity: 'error',
          message: `The simulator ended during this run; ${cells.length} of ${record.cellsTotal} cells had finished and are kept`,
          hint: 'Run it again.'
        }
      ],
      cells: record.cells.map((cell, index) => ({ ...cell, forks: forks.get(index) ?? -1 }))
    }
  }
}

async function readJson<T>(path: string, schema: v.GenericSchema<unknown, T>): Promise<T> {
  const bytes = await readFile(path)
  const text = path.endsWith('.gz') ? await expand(bytes, { maxOutputLength: MAX_FORK_BYTES }) : bytes
  return v.parse(schema, JSON.parse(text.toString('utf8')))
}

function summaryOf(record: RunRecord): RunSummary {
  const { runId, file, title, status, seed, cellsDone, cellsTotal, passed, failed, elapsedMs, startedAt } =
    record
  const { parameters } = record
  const summary = {
    runId,
    file,
    title,
    status,
    seed,
    cellsDone,
    cellsTotal,
    passed,
    failed,
    elapsedMs,
    startedAt
  }
  return parameters ? { ...summary, parameters } : summary
}

function isUnderWay({ status }: RunSummary): boolean {
  return status === 'checking' || status === 'running'
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return typeof error === 'object' && error !== null && 'code' in error && error.code === 'EPERM'
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
