/**
 * The host's functions as the prelude calls them. Arguments and answers are primitives (objects travel
 * as JSON); a refusal is `undefined`, its reason is fetched by `refusal()`.
 */
import type { QuickJSContext, QuickJSHandle, VmCallResult } from 'quickjs-emscripten-core'
import { EngineError } from '../../engine/error'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { internalProblem } from '../diagnostic'
import { MAX_NAME_CHARS, memoryLimitProblem } from '../limits'
import type { ConsoleLine, Diagnostic, Limits } from '../results/types'
import type { Position } from '../script/position'
import { Hooks } from './hooks'
import type { CellTrace } from '../trace/cell-trace'
import type { CellMachines } from './machines'
import type { Meter } from './meter'
import type { TaskOutput } from './output'
import type { StackReader } from './stack'

export interface BridgeParts {
  readonly context: QuickJSContext
  readonly machines: CellMachines
  readonly output: TaskOutput
  readonly meter: Meter
  readonly stack: StackReader
  readonly limits: Limits
  readonly file: string
  readonly random: () => number
  /** Ends the script: nothing it does after this counts. */
  fatal(problem: Diagnostic): void
  isPromise(handle: QuickJSHandle): boolean
  /** Where operations and what the script says go while the cell is traced. */
  readonly trace?: CellTrace | undefined
}

type Answer = number | string | boolean | object | undefined
type Argument = number | string | undefined
type HostFunction = (...given: Argument[]) => Answer

/** A function of the script threw: its own error, handed back as it is. */
class BodyThrew extends Error {
  constructor(readonly handle: QuickJSHandle) {
    super('the body threw')
  }
}

const LEVELS: readonly ConsoleLine['level'][] = ['log', 'info', 'warn', 'error']

interface Said {
  readonly name?: string
  readonly holds: boolean
  readonly expected: string
  readonly found: string
}

/** Host functions that only look, or belong to the script alone; all others are steps of the workload. */
const LOOKS = new Set([
  'refusal',
  'counterNames',
  'memory',
  'random',
  'progress',
  'print',
  'record',
  'expectation',
  'chart',
  'counter',
  'sysfsRead',
  'sysfsList',
  'regionPte',
  'regionFolio',
  'regionFoldedBlocks',
  'process.batches',
  'process.rss',
  'process.vmas',
  'machine.tlb',
  'machine.blockPool',
  'machine.check',
  'machine.violation',
  'replay'
])

function isOperation(name: string, given: Argument[]): boolean {
  return !LOOKS.has(name === 'call' ? String(given[0]) : name)
}

/** The object of host functions the prelude takes. */
export function makeBridge(parts: BridgeParts): QuickJSHandle {
  const { context, machines, output, meter, stack, file, trace } = parts
  let refusal = ''

  const refuse = (code: string, message: string): undefined => {
    refusal = JSON.stringify({ code, message })
    return undefined
  }
  const stop = (problem: Diagnostic, at?: Position): undefined => {
    parts.fatal({ ...problem, ...at })
    return refuse(problem.code, problem.message)
  }
  const added = (limit: Diagnostic | undefined, at?: Position): true | undefined =>
    limit ? stop(limit, at) : true
  const at = (position: Position | undefined): string | undefined =>
    position && `${file}:${position.line}:${position.column}`

  /** Where the script is, asked from inside a host function: only traces need it for every call. */
  const here = (): Position | undefined => {
    const result = context.evalCode('new Error().stack', 'contpte-lab:where')
    if (result.error) return undefined
    return stack.position(context.getString(result.value))
  }

  const functions: Record<string, HostFunction> = {
    refusal: () => refusal,
    counterNames: () => JSON.stringify(COUNTER_NAMES),
    memory: () => stop(memoryLimitProblem(parts.limits)),
    random: () => parts.random(),
    print: (level, text, where) => {
      const position = stack.position(String(where))
      const event = trace?.mark('console', at(position) ?? '', String(text).slice(0, MAX_NAME_CHARS))
      return added(
        output.addLine(LEVELS.find((one) => one === level) ?? 'log', String(text), at(position), event),
        position
      )
    },
    record: (metric, value, unit) => {
      const long = String(metric).length > MAX_NAME_CHARS || String(unit).length > MAX_NAME_CHARS
      if (long)
        return refuse('bad-record', `record: metric and unit may have at most ${MAX_NAME_CHARS} characters`)
      if (String(metric).startsWith('counter.')) {
        return refuse(
          'bad-record',
          `record('${metric}'): names that start with 'counter.' are the machine's own`
        )
      }
      const event = trace?.mark('row', at(here()) ?? '', `${metric} = ${value} ${unit}`)
      return added(output.addRow(String(metric), Number(value), String(unit), event))
    },
    progress: (done, of) => {
      meter.progress(Number(done), Number(of))
      return true
    },
    expectation: (json, where) => {
      const said = JSON.parse(String(json)) as Said
      const position = stack.position(String(where))
      const name = said.name ?? `${stack.firstArgument(position) ?? 'the value'} is ${said.expected}`
      const status = said.holds ? 'pass' : 'fail'
      const { expected, found } = said
      const text = `${name}: expected ${expected}, found ${found}`
      const event = trace?.mark('expectation', at(position) ?? '', text, status)
      return added(
        output.addExpectation({
          name,
          status,
          expected,
          found,
          at: at(position) ?? file,
          ...(event === undefined ? {} : { event })
        }),
        position
      )
    },
    chart: (name, json, where) => {
      if (String(name).length > MAX_NAME_CHARS)
        return refuse('bad-chart', `chart: the name may have at most ${MAX_NAME_CHARS} characters`)
      const position = stack.position(String(where))
      const spec = JSON.parse(String(json)) as Record<string, unknown>
      return added(output.addChart({ name: String(name), spec, ...position }, String(json).length), position)
    },
    machine: (json) => machines.machine(String(json)),
    counter: (machine, index) => machines.counter(Number(machine), Number(index)),
    sysfsRead: (machine, path) => machines.sysfsRead(Number(machine), path),
    sysfsWrite: (machine, path, value) => machines.sysfsWrite(Number(machine), path, value),
    sysfsList: (machine, path) => machines.sysfsList(Number(machine), path),
    spawn: (machine) => machines.spawn(Number(machine)),
    mmap: (process, json) => machines.mmap(Number(process), String(json)),
    fork: (process) => machines.fork(Number(process)),
    exit: (process) => machines.exit(Number(process)),
    regionWrite: (region, from, count, process) =>
      machines.regionWrite(Number(region), Number(from), Number(count), Number(process)),
    regionRead: (region, from, count, process) =>
      machines.regionRead(Number(region), Number(from), Number(count), Number(process)),
    regionMadvise: (region, advice, from, count, process) =>
      machines.regionMadvise(Number(region), advice, Number(from), Number(count), Number(process)),
    regionMunmap: (region, from, count, process) =>
      machines.regionMunmap(Number(region), Number(from), Number(count), Number(process)),
    regionPte: (region, page, process) => machines.regionPte(Number(region), Number(page), Number(process)),
    regionFolio: (region, page, process) =>
      machines.regionFolio(Number(region), Number(page), Number(process)) ?? '',
    regionFoldedBlocks: (region, process) => machines.regionFoldedBlocks(Number(region), Number(process)),
    call: (name, json) => machines.call(String(name), String(json))
  }
  const hooks = new Hooks(context, meter, parts.isPromise)
  /** Runs an operation of the simulator; what a hook of the script threw meanwhile ends it. */
  const operate = (body: () => Answer): Answer => {
    const answer = body()
    const thrown = hooks.take()
    if (thrown === undefined) return answer
    throw 'handle' in thrown ? new BodyThrew(thrown.handle) : thrown.error
  }

  const failed = (error: unknown): VmCallResult<QuickJSHandle> | QuickJSHandle => {
    if (error instanceof BodyThrew) return { error: error.handle }
    if (error instanceof EngineError) refuse(error.code, error.message)
    else if (error instanceof RangeError && /allocation|array length/i.test(error.message)) {
      refuse('ENOMEM', 'the simulated machine needs more memory than this computer gives')
    } else stop(internalProblem(error, 'simulating'))
    return context.undefined
  }
  const argument = (handle: QuickJSHandle): Argument => {
    const type = context.typeof(handle)
    if (type === 'number') return context.getNumber(handle)
    return type === 'string' ? context.getString(handle) : undefined
  }
  const answered = (answer: Answer): QuickJSHandle => {
    if (answer === undefined) return context.undefined
    if (typeof answer === 'number') return context.newNumber(answer)
    if (typeof answer === 'boolean') return answer ? context.true : context.false
    return context.newString(typeof answer === 'string' ? answer : JSON.stringify(answer))
  }

  const operation = (name: string, given: Argument[], body: HostFunction): Answer => {
    if (trace === undefined || !isOperation(name, given)) return body(...given)
    const position = here()
    const call = {
      title: position === undefined ? name : stack.call(position),
      // What a machine is made of is what two traces may differ in.
      name: name === 'machine' ? name : [name, ...given].join(' '),
      at: at(position) ?? file
    }
    return trace.operation(call, () => body(...given))
  }

  const bridge = context.newObject()
  for (const [name, body] of Object.entries(functions)) {
    const handle = context.newFunction(name, (...handles) => {
      try {
        return meter.outside(() => answered(operate(() => operation(name, handles.map(argument), body))))
      } catch (error) {
        return failed(error)
      }
    })
    context.setProp(bridge, name, handle)
    handle.dispose()
  }
  const time = context.newFunction('time', (machine, body) => {
    const run = (): void => {
      const result = meter.script(() => context.callFunction(body, context.undefined))
      if (result.error) throw new BodyThrew(result.error)
      const promise = parts.isPromise(result.value)
      result.value.dispose()
      if (promise)
        throw new EngineError(
          'time-async',
          'time measures a function that ends when it returns, not an async one'
        )
    }
    try {
      const timed = (id: Argument): Answer => machines.time(Number(id), run)
      return meter.outside(() => answered(timed(context.getNumber(machine))))
    } catch (error) {
      return failed(error)
    }
  })
  const hook = context.newFunction('hook', (machine, kind, body) => {
    const given = context.typeof(body) === 'function' ? body : undefined
    hooks.set(machines.machineAt(context.getNumber(machine)), context.getString(kind), given)
    return context.true
  })
  context.setProp(bridge, 'hook', hook)
  hook.dispose()
  context.setProp(bridge, 'time', time)
  time.dispose()
  return bridge
}
