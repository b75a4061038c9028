/** Runs one task of a script (its header, one cell, or its conclusion) in an interpreter and machines of its own. */
import type { QuickJSHandle } from 'quickjs-emscripten-core'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { internalProblem, problem } from '../diagnostic'
import { memoryLimitProblem, timeLimitProblem } from '../limits'
import type { ConsoleLine, Diagnostic, Parameters, ParameterValue } from '../results/types'
import { makeBridge } from './bridge'
import { START, startInterpreter, type Interpreter } from './interpreter'
import { CellTrace } from '../trace/cell-trace'
import { CellMachines } from './machines'
import { NOTHING, type LaneInit, type ScriptHeader, type Task, type TaskResult } from './messages'
import type { Meter } from './meter'
import { TaskOutput } from './output'
import { cellRandom } from './random'
import { StackReader } from './stack'
import { errorDiagnostic, type ScriptFailure } from './uncaught'

/** The script threw: `handle` is what. */
class Uncaught extends Error {
  constructor(readonly handle: QuickJSHandle) {
    super('the script threw')
  }
}

/** The script ended for a reason of ours. */
class Stopped extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(diagnostic.message)
  }
}

class ScriptTask {
  readonly #init: LaneInit
  readonly #meter: Meter
  readonly #vm: Interpreter
  readonly #machines: CellMachines
  readonly #stack: StackReader
  #fatal: Diagnostic | undefined
  #hooks: QuickJSHandle | undefined

  static async start(
    init: LaneInit,
    meter: Meter,
    output: TaskOutput,
    random: () => number,
    seed: number,
    trace?: CellTrace
  ): Promise<ScriptTask> {
    meter.reset()
    const stopped = { task: undefined as ScriptTask | undefined }
    const interrupt = () => stopped.task?.interrupted() ?? false
    const vm = await startInterpreter(init.limits.memoryBytes, interrupt, init.interpreter)
    stopped.task = new ScriptTask(init, meter, vm, output, random, seed, trace)
    return stopped.task
  }

  private constructor(
    init: LaneInit,
    meter: Meter,
    vm: Interpreter,
    output: TaskOutput,
    random: () => number,
    seed: number,
    trace?: CellTrace
  ) {
    this.#init = init
    this.#machines = new CellMachines(seed, trace)
    this.#meter = meter
    this.#vm = vm
    this.#stack = new StackReader(init.file, init.code)
    const { context } = vm
    const bridge = makeBridge({
      context,
      machines: this.#machines,
      output,
      meter,
      stack: this.#stack,
      limits: init.limits,
      file: init.file,
      random,
      trace,
      fatal: (diagnostic) => (this.#fatal ??= diagnostic),
      isPromise: (handle) => !isPlain(context.getPromiseState(handle))
    })
    context.setProp(context.global, 'contpte-lab:bridge', bridge)
    const prelude = this.#settled(context.evalCode(START.code, START.name, { type: 'module' }))
    this.#hooks = context.getProp(prelude, 'hooks')
  }

  get machines(): CellMachines {
    return this.#machines
  }

  interrupted(): boolean {
    if (!this.#fatal && this.#meter.used() > this.#init.limits.scriptMs) {
      this.#fatal = timeLimitProblem(this.#init.limits)
    }
    return this.#fatal !== undefined
  }

  /** Evaluates the module and answers its default export. */
  evaluate(): QuickJSHandle {
    const { context } = this.#vm
    const module = this.#settled(
      this.#meter.script(() => context.evalCode(this.#init.code, this.#init.file, { type: 'module' }))
    )
    return context.getProp(module, 'default')
  }

  /** Calls a function of the prelude with the experiment, and waits for what it promises. */
  call(hook: 'header' | 'run' | 'conclude' | 'model', experiment: QuickJSHandle, input = ''): QuickJSHandle {
    const { context } = this.#vm
    // The interpreter copies and parses it: what would fill its memory is refused before.
    if (input.length > this.#init.limits.memoryBytes / 8)
      throw new Stopped(memoryLimitProblem(this.#init.limits))
    const called = this.#meter.script(() => {
      const text = context.newString(input)
      return context.callFunction(this.#hook(hook), context.undefined, experiment, text)
    })
    return this.#settled(called)
  }

  text(handle: QuickJSHandle): string {
    return this.#vm.context.getString(handle)
  }

  /** Turns what ended the task early into a diagnostic. */
  explain(error: unknown): Diagnostic {
    const { file, limits } = this.#init
    if (this.#fatal) {
      const place =
        error instanceof Uncaught ? this.#stack.position(this.#read(error.handle).stack) : undefined
      return { file, ...place, ...withoutUndefined(this.#fatal) }
    }
    if (error instanceof Stopped) return { file, ...error.diagnostic }
    if (error instanceof Uncaught) {
      return errorDiagnostic(this.#describe(error.handle), { file, limits, stack: this.#stack })
    }
    if (this.#vm.memoryFull()) return { file, ...memoryLimitProblem(limits) }
    return { file, ...internalProblem(error, 'running the script') }
  }

  #hook(name: string): QuickJSHandle {
    if (!this.#hooks) throw new Error('the prelude is not loaded')
    return this.#vm.context.getProp(this.#hooks, name)
  }

  #settled(result: { value?: QuickJSHandle; error?: QuickJSHandle }): QuickJSHandle {
    const { context, runtime } = this.#vm
    if (result.error) throw new Uncaught(result.error)
    const handle = result.value!
    for (;;) {
      const jobs = this.#meter.script(() => runtime.executePendingJobs())
      if (jobs.error) throw new Uncaught(jobs.error)
      const state = context.getPromiseState(handle)
      if (state.type === 'fulfilled' && !this.#fatal) return isPlain(state) ? handle : state.value
      if (state.type === 'rejected') throw new Uncaught(state.error)
      if (this.#fatal) throw new Stopped(this.#fatal)
      if (jobs.value === 0) throw new Stopped(neverResolves)
    }
  }

  #describe(error: QuickJSHandle): ScriptFailure {
    const { context } = this.#vm
    if (this.#hooks) {
      const told = this.#meter.script(() =>
        context.callFunction(this.#hook('describe'), context.undefined, error)
      )
      if (!told.error) return JSON.parse(context.getString(told.value)) as ScriptFailure
    }
    return this.#read(error)
  }

  /** Without running anything of the script: for errors after which it cannot run any more. */
  #read(error: QuickJSHandle): ScriptFailure {
    const { context } = this.#vm
    const text = (name: string): string => {
      const handle = context.getProp(error, name)
      return context.typeof(handle) === 'string' ? context.getString(handle) : ''
    }
    return { name: text('name'), message: text('message'), stack: text('stack') }
  }
}

const neverResolves = problem(
  'never-resolves',
  'the script waits for a promise that nothing will ever resolve',
  { hint: 'There are no timers and no input in a run: every promise must be resolved by the script itself.' }
)

function isPlain(state: { type: string; notAPromise?: boolean }): boolean {
  return state.notAPromise === true
}

function withoutUndefined(diagnostic: Diagnostic): Diagnostic {
  return Object.fromEntries(
    Object.entries(diagnostic).filter(([, value]) => value !== undefined)
  ) as unknown as Diagnostic
}

interface HeaderJson extends Omit<ScriptHeader, 'parameters'> {
  readonly parameters: readonly (readonly [string, readonly ParameterValue[]])[]
}

function performed(task: ScriptTask, wanted: Task): Pick<TaskResult, 'header' | 'model'> {
  const experiment = task.evaluate()
  if (wanted.kind === 'model') return { model: task.text(task.call('model', experiment)) }
  const header = JSON.parse(task.text(task.call('header', experiment))) as HeaderJson
  if (wanted.kind === 'header')
    return { header: { ...header, parameters: Object.fromEntries(header.parameters) } }
  if (wanted.kind === 'cell' || wanted.kind === 'trace') {
    const { parameters, seed } = wanted.cell
    task.call('run', experiment, JSON.stringify({ parameters: Object.entries(parameters), seed }))
  } else task.call('conclude', experiment, JSON.stringify({ rows: wanted.rows, seed: wanted.seed }))
  return {}
}

/**
 * Runs one task. Never rejects for anything the script does: what went wrong is in `error`, and what
 * the script had said before is kept. After an error the caller must throw its worker away.
 *
 * @param printed called with every line as it is printed
 */
export async function runTask(
  init: LaneInit,
  meter: Meter,
  task: Task,
  printed: (line: ConsoleLine) => void
): Promise<TaskResult> {
  const cell = task.kind === 'cell' || task.kind === 'trace' ? task.cell : undefined
  const limit = task.kind === 'trace' ? task.limit : task.kind === 'cell' ? task.trace : undefined
  const trace = limit === undefined ? undefined : new CellTrace(limit)
  const parameters: Parameters = cell?.parameters ?? {}
  const output = new TaskOutput(cell?.index ?? -1, parameters, init.limits, printed)
  const random = cell ? cellRandom(cell.seed, parameters) : () => 0
  const script = await ScriptTask.start(init, meter, output, random, cell?.seed ?? 1, trace)
  const said = (): TaskResult => {
    const { rows, expectations, console, charts } = output
    return { ...NOTHING, rows, expectations, console, charts, forks: script.machines.forks() }
  }
  /** With the trace where it is what was asked for, whatever way the script ended. */
  const traced = (result: TaskResult): TaskResult => {
    if (trace === undefined || task.kind !== 'trace') return result
    return { ...result, recording: trace.recording(init.file, parameters, result.error?.message) }
  }
  try {
    // What was said is complete only afterwards.
    const made = performed(script, task)
    const result = { ...said(), ...made }
    if (task.kind !== 'cell') return traced(result)
    const counters = script.machines.counters()
    const counted = COUNTER_NAMES.map((name, index) => ({
      parameters,
      metric: `counter.${name}`,
      value: counters[index],
      unit: '1',
      ...(trace === undefined ? {} : { event: trace.log.length })
    }))
    return { ...result, rows: [...result.rows, ...counted] }
  } catch (error) {
    const place = cell && Object.keys(parameters).length > 0 ? { parameters } : {}
    return traced({ ...said(), error: { ...script.explain(error), ...place } })
  }
}
