import { describe, expect, it } from 'vitest'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { DEFAULT_LIMITS, type Limits } from '../results/types'
import { compileScript } from '../script/compile'
import { Meter, meterMemory } from './meter'
import { runTask } from './task'
import type { Task, TaskResult } from './messages'
import { monotonicMs } from '../run/clock'

const cell = (parameters = {}): Task => ({ kind: 'cell', cell: { index: 0, key: 'k', parameters, seed: 1 } })

async function run(text: string, task: Task = cell(), limits: Partial<Limits> = {}): Promise<TaskResult> {
  const { code, diagnostics } = await compileScript('my (1) test.ts', text)
  expect(diagnostics).toEqual([])
  const init = {
    file: 'x.ts',
    text,
    code: code!,
    limits: { ...DEFAULT_LIMITS, ...limits },
    meter: meterMemory()
  }
  return runTask(init, new Meter(init.meter, monotonicMs), task, () => undefined)
}

const body = (lines: string): string =>
  `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 't', async run({ machine, expect, record, progress, random, parameters, seed }) {\n${lines}\n} })\n`

async function failure(text: string, limits: Partial<Limits> = {}): Promise<string> {
  const { error } = await run(text, cell(), limits)
  return error ? `${error.file}:${error.line}:${error.column} ${error.code} ${error.message}` : 'none'
}

describe('a script in its sandbox', () => {
  it('tells its header in the order of declaration', async () => {
    const text = `import { experiment } from 'contpte-lab'
      export default experiment({ title: 'T', claim: 'C', parameters: { b: [1, 'x', true], a: [2] }, run() {}, conclude() {} })`
    const { header } = await run(text, { kind: 'header' })
    expect(header).toEqual({
      title: 'T',
      claim: 'C',
      parameters: { b: [1, 'x', true], a: [2] },
      concludes: true
    })
    expect(Object.keys(header!.parameters)).toEqual(['b', 'a'])
  })

  it('records rows, expectations with their place and sentence, and lines', async () => {
    const found = await run(
      body(
        "record('a', 2, 'ns')\n  expect(1 + 1).toBe(2)\nexpect('x', 'named').toBe('y')\nconsole.log('n', 1, [2], { a: -0 })"
      )
    )
    expect(found.error).toBeUndefined()
    expect(found.rows[0]).toEqual({ parameters: {}, metric: 'a', value: 2, unit: 'ns' })
    expect(found.expectations).toEqual([
      { name: '1 + 1 is 2', parameters: {}, status: 'pass', expected: '2', found: '2', at: 'x.ts:4:3' },
      { name: 'named', parameters: {}, status: 'fail', expected: '"y"', found: '"x"', at: 'x.ts:5:1' }
    ])
    expect(found.console).toEqual([{ cell: 0, level: 'log', text: 'n 1 [2] {a: -0}', at: 'x.ts:6:9' }])
  })

  it.each([
    ['toEqual', 'expect({ a: [1, { b: 2 }] }).toEqual({ a: [1, { b: 2 }] })', 'pass', '{a: [1, {b: 2}]}'],
    ['toEqual', 'expect([1, 2]).toEqual([1, 3])', 'fail', '[1, 3]'],
    ['toBeCloseTo', 'expect(1.05).toBeCloseTo(1, 0.1)', 'pass', '1 ± 0.1'],
    ['toBeCloseTo', 'expect(1.2).toBeCloseTo(1, 0.1)', 'fail', '1 ± 0.1'],
    ['toBeLessThan', 'expect(3).toBeLessThan(3)', 'fail', 'less than 3'],
    ['toBeAtMost', 'expect(3).toBeAtMost(3)', 'pass', 'at most 3'],
    ['toBeGreaterThan', 'expect(3).toBeGreaterThan(3)', 'fail', 'more than 3'],
    ['toBeAtLeast', 'expect(3).toBeAtLeast(3)', 'pass', 'at least 3'],
    ['NaN', 'expect(NaN).toBeAtLeast(3)', 'fail', 'at least 3'],
    ['a string', "expect('4').toBeAtLeast(3)", 'fail', 'at least 3'],
    ['toBe of NaN', 'expect(NaN).toBe(NaN)', 'pass', 'NaN'],
    ['toBe of -0', 'expect(0).toBe(-0)', 'fail', '-0']
  ])('judges %s: %s', async (_, line, status, expected) => {
    const { expectations, error } = await run(body(line))
    expect(error).toBeUndefined()
    expect(expectations).toMatchObject([{ status, expected }])
  })

  it('lets a child act on its own copy of a range', async () => {
    const { error, expectations } = await run(
      body(`
  const m = machine({ kernel: 'contpte-v2' })
  m.sysfs.write('hugepages-64kB/enabled', 'always')
  const parent = m.spawn()
  const heap = parent.mmap({ bytes: '64KiB' })
  heap.write()
  const child = parent.fork()
  heap.write(3, 1, child)
  expect(heap.pte(3, child).pfn !== heap.pte(3).pfn, 'the child copied page 3').toBe(true)
  expect(heap.foldedBlocks()).toBe(1)
  expect(heap.foldedBlocks(child)).toBe(0)
  heap.madvise('dontneed', 0, 1, child)
  heap.munmap(1, 1, child)
  heap.read(0, 1, child)
  expect(heap.pte(1, child).present).toBe(false)
  expect(heap.pte(1).present).toBe(true)
`)
    )
    expect(error).toBeUndefined()
    expect(expectations.map(({ status }) => status)).toEqual(['pass', 'pass', 'pass', 'pass', 'pass'])
  })

  it('refuses a process of another machine', async () => {
    expect(
      await failure(
        body(
          "const heap = machine({ kernel: 'no-contpte' }).spawn().mmap({ bytes: 4096 })\nheap.write(0, 1, machine({ kernel: 'no-contpte' }).spawn())"
        )
      )
    ).toMatch(/^x\.ts:4:\d+ bad-argument process must be a process of the machine/)
  })

  it('has every counter as a row after its own, 0 without a machine', async () => {
    const { rows } = await run(body("record('a', 1)"))
    expect(rows.map((row) => row.metric).slice(0, 3)).toEqual(['a', 'counter.read', 'counter.write'])
    expect(rows).toHaveLength(1 + COUNTER_NAMES.length)
    expect(rows.every((row) => row.metric === 'a' || (row.unit === '1' && row.value === 0))).toBe(true)
  })

  it('draws the same numbers for the same seed and parameters only', async () => {
    const text = body("record('r', random()); record('s', random())")
    const values = async (task: Task): Promise<number[]> =>
      (await run(text, task)).rows.slice(0, 2).map((row) => row.value)
    const [a, b] = await values(cell({ p: 1 }))
    expect(a).not.toBe(b)
    expect(a >= 0 && a < 1).toBe(true)
    expect(await values(cell({ p: 1 }))).toEqual([a, b])
    expect(await values(cell({ p: 2 }))).not.toEqual([a, b])
  })

  it('waits for what run promises', async () => {
    const { rows, error } = await run(
      body("await Promise.resolve(); await (async () => record('late', 1))()")
    )
    expect(error).toBeUndefined()
    expect(rows[0].metric).toBe('late')
  })

  it('keeps what a failing script had recorded', async () => {
    const { rows, error } = await run(body("record('a', 1)\nthrow new Error('no more')"))
    expect(rows).toHaveLength(1)
    expect(error).toMatchObject({ code: 'script-error', message: 'no more', line: 4, column: 7 })
  })

  it('takes imports of types as they are', async () => {
    expect(
      await failure(
        `import { experiment, Machine, Region } from 'contpte-lab'\nexport default experiment({ title: 'x', run() { let m: Machine | Region | undefined; void m } })`
      )
    ).toBe('none')
  })
})

describe('what a script may not do is said at its own line', () => {
  it.each([
    ['a throw', body("\n\nthrow new TypeError('bad')"), 'x.ts:5:7 script-error TypeError: bad'],
    ['a throw of no error', body('throw 5'), 'x.ts:undefined:undefined script-error the script threw 5'],
    ['a throw after await', body("await 0\nthrow new Error('later')"), 'x.ts:4:7 script-error later'],
    [
      'a read of nothing',
      body('const a: any = null; a.b'),
      "x.ts:3:24 script-error TypeError: cannot read property 'b' of null"
    ],
    [
      'fetch',
      body("(globalThis as any).fetch2; fetch('http://x')"),
      "x.ts:3:29 not-available 'fetch' is not available: experiments have no network"
    ],
    [
      'Date',
      body('new Date()'),
      "x.ts:3:5 not-available 'Date' is not available: experiments have no clock: simulated time is machine.time(body)"
    ],
    [
      'Math.random',
      body('Math.random()'),
      "x.ts:3:6 not-available 'Math.random' is not available: use the random() that run receives"
    ],
    [
      'the way out',
      body("globalThis.constructor.constructor('return process')()"),
      "x.ts:3:53 not-available 'process' is not available: experiments have no access to the process or its files"
    ],
    [
      'an import made at run time',
      body("await import('f' + 's')"),
      "import-forbidden cannot import 'fs': experiments may import only 'contpte-lab'"
    ],
    [
      'the inside of the API',
      body("await import('contpte-lab' + ':host')"),
      "import-forbidden cannot import 'contpte-lab:host'"
    ],
    [
      'an import in eval',
      body('await (0, eval)("import(\'contpte-lab:host\')")'),
      'no function filename for import()'
    ],
    ['an unknown kernel', body("machine({ kernel: 'linux-9.9' as any })"), 'x.ts:3:1 unknown-kernel'],
    [
      'an unknown profile',
      body("machine({ kernel: 'contpte-v2', cost: 'none' as any })"),
      'x.ts:3:1 unknown-cost-profile'
    ],
    [
      'an unknown option',
      body("machine({ kernel: 'contpte-v2', cpuz: 3 } as any)"),
      "x.ts:3:1 bad-argument machine has no option 'cpuz'"
    ],
    [
      'time without profile',
      body("machine({ kernel: 'contpte-v2' }).time(() => {})"),
      'x.ts:3:35 no-cost-profile'
    ],
    [
      'an async body',
      body("machine({ kernel: 'contpte-v2', cost: 'ampere-altra' }).time(async () => {})"),
      'x.ts:3:57 time-async'
    ],
    [
      'a throw in a body',
      body("machine({ kernel: 'contpte-v2', cost: 'ampere-altra' }).time(() => { throw new Error('in') })"),
      'x.ts:3:76 script-error in'
    ],
    [
      'a bad sysfs value',
      body("machine({ kernel: 'contpte-v2' }).sysfs.write('hugepages-64kB/enabled', 'sometimes')"),
      'x.ts:3:41 EINVAL'
    ],
    [
      'a missing sysfs file',
      body("machine({ kernel: 'contpte-v2' }).sysfs.read('hugepages-63kB/enabled')"),
      'x.ts:3:41 ENOENT'
    ],
    [
      'a bad record',
      body("record('a', NaN)"),
      "x.ts:3:1 bad-record record('a'): the value must be a finite number, not NaN"
    ],
    [
      'a progress beyond its end',
      body('progress(3, 2)'),
      'x.ts:3:1 bad-argument progress: what is done must be a number from 0 to 2, not 3'
    ],
    ['a reserved metric', body("record('counter.fold', 1)"), "x.ts:3:1 bad-record record('counter.fold')"],
    ['a promise nobody resolves', body('await new Promise(() => {})'), 'never-resolves'],
    ['endless recursion', body('const f = (): number => f() + 1\nf()'), 'x.ts:3:25 limit-stack'],
    [
      '10 GB in an array',
      body('new Uint8Array(10e9)'),
      'x.ts:3:1 limit-memory memory limit reached: the script needs more than 256 MiB'
    ],
    ['10 GB in a string', body("'x'.repeat(10e9)"), 'limit-memory'],
    ['growing strings', body("let s = 'x'\nfor (;;) s += s"), 'limit-memory'],
    [
      'growing lists',
      body('const a: unknown[] = []\nfor (;;) a.push(new Array(1e5).fill(a.length))'),
      'limit-memory'
    ],
    ['no experiment', 'export default 5\n', 'no-experiment the default export is not an experiment'],
    ['nothing', '\n', 'no-experiment'],
    [
      'no title',
      "import { experiment } from 'contpte-lab'\nexport default experiment({ run() {} } as any)\n",
      'bad-experiment title must be'
    ],
    [
      'an empty list',
      "import { experiment } from 'contpte-lab'\nexport default experiment({ title: 'x', parameters: { a: [] }, run() {} })\n",
      "bad-experiment parameter 'a' needs a list"
    ],
    ['a declaration twice', 'const a = 1\nconst a = 2\nexport default a\n', 'x.ts:2:9 syntax-error']
  ])('%s', async (_, text, message) => {
    expect(await failure(text)).toContain(message)
  })

  it('an endless loop, within its time', async () => {
    // The interpreter knows only the function it was in.
    expect(await failure(body('for (;;);'), { scriptMs: 200 })).toBe(
      'x.ts:2:41 limit-time time limit reached: the script ran 200 ms outside the simulator'
    )
    expect(
      await failure(body('try { for (;;); } catch {} finally { for (;;); }'), { scriptMs: 200 })
    ).toContain('limit-time')
    expect(await failure(body('for (;;) await 0'), { scriptMs: 200 })).toContain('limit-time')
    expect(await failure('for (;;);\n', { scriptMs: 200 })).toContain('x.ts:1:1 limit-time')
  })
  it('unbounded output, also when it catches everything', async () => {
    const text = body("for (;;) { try { console.log('x'.repeat(1000)) } catch {} }")
    expect(await failure(text, { outputBytes: 100_000 })).toBe(
      'x.ts:3:26 limit-output output limit reached: the cell printed and recorded more than 100000 B'
    )
    expect(await failure(body("for (;;) record('x', 1)"), { outputBytes: 100_000 })).toContain('limit-output')
  })
  it('names the option that raises a limit', async () => {
    const { error } = await run(body('for (;;);'), cell(), { scriptMs: 100 })
    expect(error!.hint).toContain('--time-limit-ms')
  })
})
