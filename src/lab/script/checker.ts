/** Asks the check worker, one request at a time; ends it when it takes too long or nobody waits any more. */
import { Worker } from 'node:worker_threads'
import { internalProblem, problem } from '../diagnostic'
import { CHART_TIMEOUT_MS, CHECK_TIMEOUT_MS } from '../limits'
import type { Chart, Diagnostic } from '../results/types'
import type { CheckAnswer, CheckTask, FromChecker, ToChecker } from './check-worker'

interface Waiting {
  readonly message: ToChecker
  readonly signal?: AbortSignal
  readonly finish: (answer: CheckAnswer) => void
}

const cancelled: Diagnostic = { code: 'cancelled', severity: 'info', message: 'cancelled' }

function tooLong(task: CheckTask): Diagnostic {
  if (task.kind === 'chart') {
    return problem(
      'limit-chart-time',
      `chart('${task.chart.name}') was not drawn within ${CHART_TIMEOUT_MS} ms`
    )
  }
  const hint = 'On the command line, --no-check runs it without the type check.'
  return problem('limit-check-time', `the type check did not end within ${CHECK_TIMEOUT_MS} ms`, {
    file: task.file,
    hint
  })
}

/** One check worker and the queue before it. The worker starts with the first request and stays. */
export class Checker {
  readonly #url: URL
  readonly #queue: Waiting[] = []
  #worker: Worker | undefined
  #active: Waiting | undefined
  #timer: NodeJS.Timeout | undefined
  #ids = 0

  constructor(checkUrl: URL) {
    this.#url = checkUrl
  }

  /** Compiles a script and, unless `types` is false, checks its types. Never rejects. */
  compile(file: string, text: string, types: boolean, signal?: AbortSignal): Promise<CheckAnswer> {
    return this.#ask({ kind: 'compile', file, text, types }, signal)
  }

  /** Renders a chart. Never rejects: `svg` is absent when `diagnostics` say why. */
  chart(chart: Chart, signal?: AbortSignal): Promise<CheckAnswer> {
    return this.#ask({ kind: 'chart', chart }, signal)
  }

  /** Ends the worker; requests still waiting are answered `cancelled`. */
  async dispose(): Promise<void> {
    const waiting = [...(this.#active ? [this.#active] : []), ...this.#queue.splice(0)]
    this.#active = undefined
    clearTimeout(this.#timer)
    for (const one of waiting) one.finish({ diagnostics: [cancelled] })
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #ask(task: CheckTask, signal?: AbortSignal): Promise<CheckAnswer> {
    return new Promise((finish) => {
      const waiting: Waiting = { message: { id: ++this.#ids, task }, signal, finish }
      if (signal?.aborted) return finish({ diagnostics: [cancelled] })
      signal?.addEventListener('abort', () => this.#abandon(waiting), { once: true })
      this.#queue.push(waiting)
      this.#next()
    })
  }

  #next(): void {
    if (this.#active) return
    this.#active = this.#queue.shift()
    // A worker with nothing to do must not keep the process alive.
    if (!this.#active) return this.#worker?.unref()
    const { message } = this.#active
    const worker = (this.#worker ??= this.#start())
    worker.ref()
    worker.postMessage(message)
    const limit = message.task.kind === 'chart' ? CHART_TIMEOUT_MS : CHECK_TIMEOUT_MS
    this.#timer = setTimeout(() => this.#restart(tooLong(message.task)), limit)
  }

  #start(): Worker {
    const worker = new Worker(this.#url, { stdout: true, stderr: true, env: {}, execArgv: [] })
    worker.on('message', ({ id, answer }: FromChecker) => {
      if (worker === this.#worker && id === this.#active?.message.id) this.#finish(answer)
    })
    const lost = (error: unknown): void => {
      if (worker === this.#worker) this.#restart(internalProblem(error, 'checking'))
    }
    worker.on('error', lost)
    worker.on('exit', (code) => lost(new Error(`the check worker ended with code ${code}`)))
    return worker
  }

  #finish(answer: CheckAnswer): void {
    clearTimeout(this.#timer)
    const active = this.#active
    this.#active = undefined
    active?.finish(answer)
    this.#next()
  }

  #restart(reason: Diagnostic): void {
    const worker = this.#worker
    this.#worker = undefined
    void worker?.terminate()
    this.#finish({ diagnostics: [reason] })
  }

  #abandon(waiting: Waiting): void {
    const queued = this.#queue.indexOf(waiting)
    if (queued !== -1) this.#queue.splice(queued, 1)
    if (waiting === this.#active) this.#restart(cancelled)
    else waiting.finish({ diagnostics: [cancelled] })
  }
}
