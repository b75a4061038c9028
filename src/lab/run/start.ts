/** One run from script to verdict: check, header, cells, conclusion, charts. */
import { setImmediate } from 'node:timers'
import { LabError, internalProblem } from '../diagnostic'
import { MAX_WORKERS, resolveLimits } from '../limits'
import { completeChart } from '../results/chart'
import type { Chart, Diagnostic, Limits, RunStatus } from '../results/types'
import type { ScriptHeader } from '../sandbox/messages'
import type { Checker } from '../script/checker'
import { scriptFileName } from '../script/file-name'
import type { RunRequest } from '../../protocol/services'
import { cellKey } from './cell-key'
import { LocalWorkers, type Dispatcher } from './dispatcher'
import { Lane, type LaneScript } from './lane'
import { RunState, traceLimit } from './state'
import { narrow, product } from './sweep'
import type { Cell, RunEnvironment, RunHandle } from './types'

const TICK_MS = 250

/** Ends a run early: the diagnostics say why. */
class Ended extends Error {
  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((one) => one.message).join('; '))
  }
}

class Run {
  readonly state: RunState
  readonly #request: RunRequest
  readonly #env: RunEnvironment
  readonly #checker: Checker
  readonly #abort = new AbortController()
  #lane: Lane | undefined
  #dispatcher: Dispatcher | undefined

  constructor(request: RunRequest, env: RunEnvironment, checker: Checker) {
    this.#request = request
    this.#env = env
    this.#checker = checker
    this.state = new RunState(request, env)
  }

  async cancel(): Promise<void> {
    if (this.state.ended) return
    this.#abort.abort()
    await Promise.all([this.#dispatcher?.cancel(), this.#lane?.end()])
  }

  /** Never rejects. */
  async start(): Promise<void> {
    this.state.started()
    const ticker = setInterval(() => this.state.progressed(this.#dispatcher?.progress()), TICK_MS)
    try {
      await this.#all()
      await this.#end('finished')
    } catch (error) {
      const diagnostics =
        error instanceof Ended
          ? error.diagnostics
          : [error instanceof LabError ? error.diagnostic : internalProblem(error, 'running the experiment')]
      await this.#end(this.#abort.signal.aborted ? 'cancelled' : 'failed', diagnostics)
    } finally {
      clearInterval(ticker)
    }
  }

  async #all(): Promise<void> {
    const limits = resolveLimits(this.#request.limits)
    const file = scriptFileName(this.#request.file)
    const script = await this.#checked(file, limits)
    this.#lane = this.#newLane(script)
    const header = await this.#header(this.#lane)
    const cells = this.#cells(header)
    await this.state.sweep(header, cells)
    await this.#run(script, cells)
    if (header.concludes) await this.#conclude(script)
  }

  async #end(status: RunStatus, diagnostics: readonly Diagnostic[] = []): Promise<void> {
    await this.#lane?.end()
    await this.state.end(status, status === 'cancelled' ? [] : diagnostics)
  }

  #continue(): void {
    if (this.#abort.signal.aborted) throw new Ended([])
  }

  async #checked(file: string, limits: Limits): Promise<LaneScript> {
    const { text, check } = this.#request
    const { code, diagnostics } = await this.#checker.compile(file, text, check !== false, this.#abort.signal)
    this.#continue()
    if (code === undefined || diagnostics.some((one) => one.severity === 'error'))
      throw new Ended(diagnostics)
    return { file, code, text, limits }
  }

  #newLane(script: LaneScript): Lane {
    return new Lane(this.#env, script, (line) => this.state.printed(line))
  }

  async #header(lane: Lane): Promise<ScriptHeader> {
    const { header, error } = await lane.run({ kind: 'header' })
    this.#continue()
    if (error) throw new Ended([error])
    if (!header) throw new Error('the script told no header')
    return header
  }

  #cells(header: ScriptHeader): Cell[] {
    const { text, parameters, seed } = this.#request
    return product(narrow(header.parameters, parameters)).map((cell, index) => ({
      index,
      key: cellKey(text, cell, seed),
      parameters: cell,
      seed
    }))
  }

  async #run(script: LaneScript, cells: readonly Cell[]): Promise<void> {
    const workers = Math.min(this.#request.workers || Math.max(1, this.#env.cores), MAX_WORKERS)
    const lane = this.#lane
    this.#lane = undefined
    const dispatcher = new LocalWorkers(
      this.#env,
      script,
      workers,
      {
        finished: (cell) => this.state.finished(cell),
        printed: (line) => this.state.printed(line),
        progressed: () => this.state.progressed(dispatcher.progress())
      },
      lane,
      traceLimit(this.#request)
    )
    this.#dispatcher = dispatcher
    dispatcher.submit(cells)
    const results = await dispatcher.results
    this.#dispatcher = undefined
    this.state.settled(results)
    this.#continue()
    const failed = results.find((cell) => cell.error)?.error
    if (failed) throw new Ended([failed])
  }

  async #conclude(script: LaneScript): Promise<void> {
    this.#lane = this.#newLane(script)
    const rows = this.state.rows()
    const result = await this.#lane.run({ kind: 'conclude', seed: this.#request.seed, rows })
    this.#continue()
    this.state.concluded(result)
    if (result.error) throw new Ended([result.error])
    const all = this.state.rows()
    const charts: Chart[] = []
    for (const { name, spec, line, column } of result.charts) {
      const place = { file: script.file, line, column }
      try {
        charts.push(completeChart(name, spec, all))
      } catch (error) {
        throw error instanceof LabError ? new Ended([{ ...error.diagnostic, ...place }]) : error
      }
      const { diagnostics } = await this.#checker.chart(charts[charts.length - 1], this.#abort.signal)
      this.#continue()
      if (diagnostics.length > 0) throw new Ended(diagnostics.map((one) => ({ ...one, ...place })))
      this.state.drawn(charts)
    }
  }
}

/**
 * Starts a run and answers at once; everything else comes as events.
 *
 * @param checker shared between the runs of a process
 */
export function startRun(request: RunRequest, env: RunEnvironment, checker: Checker): RunHandle {
  const run = new Run(request, env, checker)
  const { state } = run
  const done = new Promise<void>((resolve) => setImmediate(resolve))
    .then(() => run.start())
    .then(() => state.record())
  return {
    runId: state.runId,
    events: { subscribe: (listener) => state.subscribe(listener) },
    cancel: async () => {
      await run.cancel()
      return (await done).status
    },
    record: () => state.record(),
    summary: () => state.summary(),
    forkView: (cell, fork) => state.forkView(cell, fork),
    done
  }
}
