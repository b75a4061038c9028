/**
 * Traces for all windows of a process: made on demand by running a cell once more, kept in one worker
 * up to a bound of memory in the order of use, made again when one is asked for that was dropped.
 */
import { Worker } from 'node:worker_threads'
import { DEFAULT_TRACE_LIMIT } from '../../engine/trace/log'
import type { RunRecord, SimulatorEvent } from '../../protocol/services'
import type { TraceKey, TraceService, TraceSummary } from '../../protocol/trace'
import { LabError } from '../diagnostic'
import { resolveLimits } from '../limits'
import { Lane } from '../run/lane'
import { ENGINE } from '../run/state'
import type { RunEnvironment } from '../run/types'
import type { Checker } from '../script/checker'
import { scriptFileName } from '../script/file-name'
import type { TraceCallName, TraceCalls } from './answer'
import { TraceError } from './error'
import type { FromTraces, ToTraces } from './messages'
import { transferOf, type Recording } from './recording'

/** Bytes that all traces of a process may take together. */
export const MAX_TRACE_BYTES = 2 ** 31

/** What is told while traces are made. */
export type TraceProgress = Extract<SimulatorEvent, { type: 'trace-progress' }>

interface Kept {
  readonly limit: number
  readonly summary: Promise<TraceSummary>
  bytes: number
}

type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never

const nameOf = ({ runId, cell }: TraceKey): string => `${runId} ${cell}`

export class TraceStore {
  /** In the order of use, the latest last. */
  readonly #kept = new Map<string, Kept>()
  readonly #waiting = new Map<number, { resolve(reply: unknown): void; reject(error: Error): void }>()
  #worker: Worker | undefined
  #ids = 0

  constructor(
    private readonly env: RunEnvironment,
    private readonly checker: Checker,
    private readonly record: (runId: string) => Promise<RunRecord>,
    private readonly told: (progress: TraceProgress) => void = () => undefined,
    private readonly maxBytes = MAX_TRACE_BYTES
  ) {}

  /** The calls of the protocol. */
  service(): TraceService {
    const ask = <M extends TraceCallName>(name: M): TraceCalls[M] =>
      // Each call's request names one trace or two.
      ((request: TraceKey | { readonly a: TraceKey; readonly b: TraceKey }) =>
        this.#ask(name, request)) as TraceCalls[M]
    return {
      traceOpen: ({ limit, ...key }) => this.open(key, limit),
      traceOperations: ask('traceOperations'),
      traceMarks: ask('traceMarks'),
      traceEvents: ask('traceEvents'),
      traceLanes: ask('traceLanes'),
      traceFind: ask('traceFind'),
      traceTotals: ask('traceTotals'),
      traceState: ask('traceState'),
      traceDescriptor: ask('traceDescriptor'),
      traceHugePages: ask('traceHugePages'),
      traceFootprint: ask('traceFootprint'),
      traceAlign: ask('traceAlign'),
      traceCounterpart: ask('traceCounterpart'),
      traceDiff: ask('traceDiff'),
      traceNextDifference: ask('traceNextDifference')
    }
  }

  /** Makes a trace unless it is there; one that was cut at less than `limit` is made again. */
  async open(key: TraceKey, limit?: number): Promise<TraceSummary> {
    const name = nameOf(key)
    const kept = this.#kept.get(name)
    if (kept !== undefined) {
      this.#kept.delete(name)
      this.#kept.set(name, kept)
      const summary = await kept.summary
      if (limit === undefined || limit <= kept.limit || summary.cut === undefined) return summary
      await this.#drop(name, key)
    }
    const wanted = limit ?? DEFAULT_TRACE_LIMIT
    const made: Kept = { limit: wanted, summary: this.#make(key, wanted), bytes: 0 }
    this.#kept.set(name, made)
    try {
      const summary = await made.summary
      made.bytes = summary.bytes
      await this.#makeRoom(name)
      return summary
    } catch (error) {
      if (this.#kept.get(name) === made) this.#kept.delete(name)
      throw error
    }
  }

  /** The trace of a cell as Chrome trace-event JSON. */
  async perfetto(key: TraceKey, limit?: number): Promise<Uint8Array> {
    await this.open(key, limit)
    return (await this.#send({ type: 'perfetto', key })) as Uint8Array
  }

  /** Ends the worker; what was asked is refused. */
  async dispose(): Promise<void> {
    const worker = this.#worker
    this.#ended('the traces were closed')
    await worker?.terminate()
  }

  async #ask(
    name: TraceCallName,
    request: TraceKey | { readonly a: TraceKey; readonly b: TraceKey }
  ): Promise<unknown> {
    const keys = 'a' in request ? [request.a, request.b] : [request]
    for (const { runId, cell } of keys) await this.open({ runId, cell })
    return this.#send({ type: 'ask', name, request })
  }

  async #make(key: TraceKey, limit: number): Promise<TraceSummary> {
    if (limit * 32 > this.maxBytes)
      throw new TraceError(
        'trace-memory',
        `${limit} events take ${limit * 32} bytes; all traces together may take ${this.maxBytes}`,
        'Open it with a smaller limit.'
      )
    const record = await this.record(key.runId)
    this.#tell(key, 'running', 0)
    const recording = await this.#run(record, key.cell, limit)
    this.#tell(key, 'indexing', recording.log.length)
    const message = { type: 'add', key, title: record.title, recording } as const
    const summary = (await this.#send(message, transferOf(recording))) as TraceSummary
    this.#tell(key, 'ready', summary.events)
    return summary
  }

  #tell({ runId, cell }: TraceKey, phase: TraceProgress['phase'], events: number): void {
    this.told({ type: 'trace-progress', runId, cell, phase, events })
  }

  /** Runs a cell once more, in a worker of its own. */
  async #run(record: RunRecord, index: number, limit: number): Promise<Recording> {
    if (record.engine.hash !== ENGINE.hash)
      throw new TraceError(
        'trace-failed',
        'the run was made by another version of the engine: what happened in it may not be what happens now',
        'Run the experiment again and step through that run.'
      )
    const cell = record.cells.at(index)
    if (cell === undefined)
      throw new TraceError(
        'trace-range',
        `the run has ${record.cells.length} cells; there is no cell ${index}`
      )
    const file = scriptFileName(record.file)
    const { code, diagnostics } = await this.checker.compile(file, record.text, false)
    if (code === undefined)
      throw new TraceError('trace-failed', diagnostics[0]?.message ?? 'the script does not compile')
    const script = { file, code, text: record.text, limits: resolveLimits() }
    const lane = new Lane(this.env, script, () => undefined)
    try {
      const { key, parameters } = cell
      const wanted = { index, key, parameters, seed: record.seed }
      const { recording, error } = await lane.run({ kind: 'trace', cell: wanted, limit })
      if (recording === undefined)
        throw new TraceError('trace-failed', error?.message ?? 'the cell left no trace')
      return recording
    } catch (error) {
      throw error instanceof LabError ? new TraceError('trace-failed', error.message) : error
    } finally {
      await lane.end()
    }
  }

  /** Drops the traces that were not used for longest until all fit. */
  async #makeRoom(latest: string): Promise<void> {
    const sum = (): number => [...this.#kept.values()].reduce((bytes, kept) => bytes + kept.bytes, 0)
    for (const name of [...this.#kept.keys()]) {
      if (sum() <= this.maxBytes || name === latest) return
      const [runId, cell] = name.split(' ')
      await this.#drop(name, { runId, cell: Number(cell) })
    }
  }

  async #drop(name: string, key: TraceKey): Promise<void> {
    this.#kept.delete(name)
    await this.#send({ type: 'drop', key })
  }

  #send(message: Unnumbered<ToTraces>, transfer: ArrayBuffer[] = []): Promise<unknown> {
    const worker = this.#started()
    const id = ++this.#ids
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      worker.postMessage({ ...message, id }, transfer)
    })
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker
    const url = new URL('trace.js', this.env.jobUrl)
    const worker = new Worker(url, { stdout: true, stderr: true, env: {}, execArgv: [] })
    this.#worker = worker
    worker.unref()
    worker.on('message', (message: FromTraces) => {
      const waiting = this.#waiting.get(message.id)
      this.#waiting.delete(message.id)
      if ('reply' in message) waiting?.resolve(message.reply)
      else {
        const { code, message: text } = message.error
        const known = code === 'trace-range' || code === 'trace-memory' || code === 'trace-failed'
        waiting?.reject(known ? new TraceError(code, text) : new Error(text))
      }
    })
    worker.on('error', (error) => this.#ended(error.message))
    worker.on('exit', () => {
      if (this.#worker === worker) this.#ended('the worker that keeps traces ended')
    })
    return worker
  }

  #ended(reason: string): void {
    this.#worker = undefined
    this.#kept.clear()
    for (const { reject } of this.#waiting.values()) reject(new TraceError('trace-failed', reason))
    this.#waiting.clear()
  }
}
