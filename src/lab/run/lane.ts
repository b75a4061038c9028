/**
 * The supervisor of one worker: starts it, watches its script time from outside, and ends it. A lane
 * is never reused after an error.
 */
import { Worker } from 'node:worker_threads'
import { internalProblem } from '../diagnostic'
import { timeLimitProblem } from '../limits'
import type { ConsoleLine, Diagnostic } from '../results/types'
import { memberPosition } from '../script/position'
import { NOTHING, type FromLane, type LaneInit, type Task, type TaskResult } from '../sandbox/messages'
import { MeterReader, meterMemory, type Within } from '../sandbox/meter'
import { interpreterCode } from '../sandbox/wasm'

/** How often the watchdog looks, and how long the interpreter has to interrupt itself first. */
const WATCH_EVERY_MS = 100
const GRACE_MS = 500

export interface LaneEnvironment {
  readonly jobUrl: URL
  now(): number
}

/** What a script needs to run; the lane adds the rest. */
export type LaneScript = Omit<LaneInit, 'meter' | 'interpreter'>

export class Lane {
  readonly #script: LaneScript
  readonly #worker: Worker
  readonly #meter: SharedArrayBuffer = meterMemory()
  readonly #printed: (line: ConsoleLine) => void
  readonly #reader: MeterReader
  #finish: ((result: TaskResult) => void) | undefined
  #lines: ConsoleLine[] = []
  #ended = false
  #reason: Diagnostic = cancelled

  constructor(env: LaneEnvironment, script: LaneScript, printed: (line: ConsoleLine) => void) {
    this.#script = script
    this.#printed = printed
    this.#reader = new MeterReader(this.#meter, () => env.now())
    const init: LaneInit = { ...script, meter: this.#meter, interpreter: interpreterCode() }
    // The script's console is a message; nothing of a worker may reach our own output.
    this.#worker = new Worker(env.jobUrl, {
      workerData: init,
      stdout: true,
      stderr: true,
      env: {},
      execArgv: []
    })
    this.#worker.on('message', (message: FromLane) => this.#heard(message))
    this.#worker.on('error', (error) => this.#stopped(internalProblem(error, 'running the script')))
    this.#worker.on('exit', (code) =>
      this.#stopped(internalProblem(new Error(`the worker ended with code ${code}`), 'running the script'))
    )
  }

  /** Whether the lane can take another task. */
  get usable(): boolean {
    return !this.#ended && this.#finish === undefined
  }

  /** How far the script says its cell is; nothing where it does not say. */
  within(): Within | undefined {
    return this.#finish && this.#reader.within()
  }

  /** Runs a task. Never rejects: what went wrong is in the result's `error`. */
  async run(task: Task): Promise<TaskResult> {
    if (this.#finish) throw new Error('the lane is busy')
    if (this.#ended) return { ...NOTHING, error: this.#reason }
    this.#lines = []
    const watch = setInterval(() => {
      if (this.#reader.used() > this.#script.limits.scriptMs + GRACE_MS)
        this.#stopped(timeLimitProblem(this.#script.limits))
    }, WATCH_EVERY_MS)
    const result = await new Promise<TaskResult>((finish) => {
      this.#finish = finish
      this.#worker.postMessage({ type: 'task', task })
    })
    clearInterval(watch)
    if (result.error) await this.end()
    return result.error ? { ...result, error: this.#placed(task, result.error) } : result
  }

  /** Ends the worker, whatever it is doing. A task under way finishes with an error `cancelled`. */
  async end(): Promise<void> {
    this.#ended = true
    await this.#worker.terminate()
    this.#done({ ...NOTHING, console: this.#lines, error: cancelled })
  }

  #heard(message: FromLane): void {
    if (this.#ended) return
    if (message.type === 'done') this.#done(message.result)
    else {
      this.#lines.push(message.line)
      this.#printed(message.line)
    }
  }

  #stopped(error: Diagnostic): void {
    if (this.#ended) return
    this.#ended = true
    this.#reason = { file: this.#script.file, ...error }
    void this.#worker.terminate()
    this.#done({ ...NOTHING, console: this.#lines, error: this.#reason })
  }

  /** Every error of a script has a place, and every error of a cell its parameters. */
  #placed(task: Task, error: Diagnostic): Diagnostic {
    const { code, file } = this.#script
    const runs = task.kind === 'cell' || task.kind === 'trace'
    const member = runs ? 'run' : task.kind
    const place = error.line === undefined ? { file, ...memberPosition(code, member) } : {}
    const cell = runs && Object.keys(task.cell.parameters).length > 0
    return { ...error, ...place, ...(cell ? { parameters: task.cell.parameters } : {}) }
  }

  #done(result: TaskResult): void {
    const finish = this.#finish
    this.#finish = undefined
    finish?.(result)
  }
}

const cancelled: Diagnostic = { code: 'cancelled', severity: 'info', message: 'cancelled' }
