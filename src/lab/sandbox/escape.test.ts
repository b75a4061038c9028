/** Ways out of the sandbox that others have tried: none may reach the host, and none may harm the next cell. */
import { describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import type { TaskResult } from './messages'
import { Meter, meterMemory } from './meter'
import { runTask } from './task'

const HOST_NAMES = [
  'process',
  'require',
  'module',
  'fetch',
  'XMLHttpRequest',
  'WebSocket',
  'WebAssembly',
  'Deno',
  'std',
  'os',
  'Date',
  'performance',
  'setTimeout',
  'setInterval',
  'crypto',
  'SharedArrayBuffer',
  'Atomics',
  'Worker',
  'navigator',
  'print',
  'gc',
  'host',
  'bridge'
]

async function run(line: string): Promise<TaskResult> {
  const code = `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 't', async run({ machine, record, expect, random }) {\n${line}\n} })\n`
  const init = {
    file: 'x.ts',
    text: code,
    code,
    limits: { ...DEFAULT_LIMITS, scriptMs: 2000 },
    meter: meterMemory()
  }
  const cell = { index: 0, key: 'k', parameters: {}, seed: 1 }
  return runTask(init, new Meter(init.meter, monotonicMs), { kind: 'cell', cell }, () => undefined)
}

/** What the script found: the text of its one line. */
async function told(line: string): Promise<string> {
  const { console, error } = await run(line)
  return console[0]?.text ?? error?.message ?? 'nothing'
}

const MACHINE = "machine({ kernel: 'contpte-v2', cost: 'ampere-altra' })"

describe('the sandbox has no way out', () => {
  it('has only the names of the language and of the API', async () => {
    expect(
      await told(
        `console.log(${JSON.stringify(HOST_NAMES)}.filter((name) => typeof globalThis[name] !== 'undefined').join())`
      )
    ).toBe('')
    expect(
      await told(
        "console.log(Object.getOwnPropertyNames(globalThis).filter((name) => name.includes('contpte')).join())"
      )
    ).toBe('')
  })

  it.each([
    ['Function of a global', "Function('return typeof process')()"],
    ['Function of a host function', `${MACHINE}.spawn.constructor('return typeof process')()`],
    [
      'Function of a result',
      `${MACHINE}.spawn().mmap({ bytes: 4096 }).constructor.constructor('return typeof process')()`
    ],
    [
      'Function of an error',
      `(() => { try { ${MACHINE}.sysfs.read('nowhere') } catch (error) { return error.constructor.constructor('return typeof process')() } })()`
    ],
    ['Function of an async function', "await (async () => {}).constructor('return typeof process')()"],
    ['Function of a generator', "(function* () {}).constructor('yield typeof process')().next().value"],
    ['indirect eval', "(0, eval)('typeof process')"],
    ['this of a plain function', '(function () { return typeof (this ?? globalThis).process })()'],
    [
      'the callback of time',
      `(() => { let found; ${MACHINE}.time(function () { found = typeof (this ?? globalThis).process }); return found })()`
    ]
  ])('%s', async (_, expression) => {
    expect(await told(`console.log(${expression})`)).toBe('undefined')
  })

  it.each([
    ['the constructor of a machine', `new (${MACHINE}.constructor)({}, { id: 0 })`, 'Illegal constructor'],
    ['a machine method on something else', `${MACHINE}.spawn.call({})`, 'TypeError'],
    [
      'a process of no machine',
      `${MACHINE}.spawn().mmap({ bytes: 4096 }).pte(0, { pid: 1 })`,
      'process must be a process of this machine'
    ],
    ['a machine of its own making', `Object.create(Object.getPrototypeOf(${MACHINE})).spawn()`, 'TypeError'],
    ['a change of a counter', `${MACHINE}.counters.fold = 5`, ''],
    [
      'a number that is none',
      `${MACHINE}.spawn().mmap({ bytes: 4096 }).write({ valueOf: () => 1 })`,
      'from must be a whole number'
    ],
    ['a negative page', `${MACHINE}.spawn().mmap({ bytes: 4096 }).pte(-5)`, 'page must be a whole number']
  ])('%s is refused', async (_, line, message) => {
    const { error } = await run(line)
    expect(error?.message).toContain(message)
  })

  it('builtins changed by a script change what it says, not what the host knows', async () => {
    const line = `
      JSON.parse = JSON.stringify = () => { throw new Error('parse') }
      Array.isArray = () => false
      Object.is = () => true
      Object.defineProperty(Object.prototype, 'code', { value: 'limit-memory' })
      WeakMap.prototype.get = () => 'limit-time'
      Reflect.apply = () => 'limit-time'
      record('a', 1)
      expect(1, 'one').toBe(2)
      throw new Error('mine')`
    const { rows, expectations, error } = await run(line)
    expect(rows).toEqual([{ parameters: {}, metric: 'a', value: 1, unit: '1' }])
    expect(expectations).toMatchObject([{ name: 'one', status: 'fail' }])
    expect(error).toMatchObject({ code: 'script-error', message: 'mine' })
  })

  it('a code that a script makes up is not believed', async () => {
    const { error } = await run("throw Object.assign(new Error('x'), { code: 'internal' })")
    expect(error?.code).toBe('script-error')
  })

  it('an error that cannot be read is still an error', async () => {
    for (const line of [
      "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { throw new Error('no') } }); throw e",
      "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { for (;;); } }); throw e",
      'throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })',
      "throw Symbol('x')"
    ]) {
      expect((await run(line)).error, line).toBeDefined()
    }
  })

  it('nothing is left for the next cell', async () => {
    await run("globalThis.left = 1; Object.prototype.left = 2; console.log('x')")
    expect(await told('console.log(typeof globalThis.left, typeof {}.left)')).toBe('undefined undefined')
  })
})
