import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildWorkerEntries } from '../../../tools/testing/entries.mjs'
import type { CheckRequest, RunRecord, RunRequest, SimulatorEvent } from '../../protocol/services'
import { Laboratory } from '../laboratory'
import { COUNTER_NAMES } from '../../engine/trace/counters'
import { documentText, runDocument } from '../results/document'
import type { CellResult } from '../results/types'
import { monotonicMs } from './clock'
import type { RunEnvironment, RunHandle, RunStore } from './types'

let entries: Awaited<ReturnType<typeof buildWorkerEntries>>
let lab: Laboratory
let runs = 0

function environment(store?: RunStore): RunEnvironment {
  return {
    jobUrl: entries.jobUrl,
    checkUrl: entries.checkUrl,
    cores: 2,
    now: monotonicMs,
    timestamp: () => '2026-01-01T00:00:00.000Z',
    newRunId: () => `run-${++runs}`,
    store
  }
}

beforeAll(async () => {
  entries = await buildWorkerEntries()
  lab = new Laboratory(environment())
}, 120_000)

afterAll(async () => {
  await lab.dispose()
  entries.remove()
})

function start(text: string, request: Partial<RunRequest> = {}, laboratory = lab): RunHandle {
  return laboratory.startRun({ file: 'x.ts', text, seed: 1, ...request })
}

/** Two rows of the script and every counter. */
const CELL_ROWS = 2 + COUNTER_NAMES.length

const run = (text: string, request: Partial<RunRequest> = {}): Promise<RunRecord> => start(text, request).done

/** Resolves at the first event for which `wanted` holds. */
function until(handle: RunHandle, wanted: (event: SimulatorEvent) => boolean): Promise<SimulatorEvent> {
  return new Promise((resolve) => {
    const stop = handle.events.subscribe((event) => {
      if (!wanted(event)) return
      stop()
      resolve(event)
    })
  })
}

const experiment = (parts: string): string =>
  `import { experiment } from 'contpte-lab'\nexport default experiment({ title: 'T', ${parts} })\n`

const SWEEP = experiment(`
  parameters: { kernel: ['no-contpte', 'contpte-unbatched', 'contpte-v2'], pages: [16, 64] },
  run({ parameters, machine, record, expect, random }) {
    const m = machine({ kernel: parameters.kernel, cost: 'ampere-altra' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const region = parent.mmap({ bytes: parameters.pages * 4096 })
    region.write()
    console.log('mapped', region.length)
    record('fork', m.time(() => parent.fork()), 'ns')
    record('chance', random())
    expect(region.foldedBlocks(), 'folded').toBe(parameters.kernel === 'contpte-v2' ? parameters.pages / 16 : 0)
  },
  conclude({ rows, record, expect, chart }) {
    record('rows', rows.length)
    expect(rows.filter((row) => row.metric === 'fork').length, 'forks').toBe(6)
    chart('Fork', { mark: 'bar', transform: [{ filter: "datum.metric === 'fork'" }], encoding: { x: { field: 'kernel', type: 'nominal' }, y: { field: 'value', type: 'quantitative' } } })
  }`)

describe('a run', () => {
  it('runs the product in declared order, the last name fastest, and concludes over all rows', async () => {
    const record = await run(SWEEP)
    expect(record.diagnostics).toEqual([])
    expect(record.status).toBe('finished')
    expect(record.cells.map((cell) => Object.values(cell.parameters).join(' '))).toEqual([
      'no-contpte 16',
      'no-contpte 64',
      'contpte-unbatched 16',
      'contpte-unbatched 64',
      'contpte-v2 16',
      'contpte-v2 64'
    ])
    // Then the one of conclude.
    expect(record.rows).toHaveLength(6 * CELL_ROWS + 1)
    expect(record.rows.at(-1)).toEqual({ parameters: {}, metric: 'rows', value: 6 * CELL_ROWS, unit: '1' })
    expect(record.expectations.at(-1)).toMatchObject({
      name: 'forks',
      parameters: {},
      status: 'pass',
      at: 'x.ts:17:5'
    })
    expect(record.console.map((line) => line.cell)).toEqual([0, 1, 2, 3, 4, 5])
    expect(record.charts).toHaveLength(1)
    expect(record.charts[0].spec).toMatchObject({
      mark: 'bar',
      data: { values: { length: 6 * CELL_ROWS + 1 } }
    })
    expect(record.cells.every((cell) => cell.forks === 1 && /^[0-9a-f]{64}$/.test(cell.key))).toBe(true)
  })

  it('gives the same document, lines and keys for any number of workers', async () => {
    const [one, three] = [await run(SWEEP, { workers: 1 }), await run(SWEEP, { workers: 3 })]
    expect(documentText(runDocument(one))).toBe(documentText(runDocument(three)))
    expect(one.console).toEqual(three.console)
    expect(one.cells).toEqual(three.cells)
    expect(JSON.parse(documentText(runDocument(one)))).toEqual(runDocument(one))
  })

  it('gives another seed other chances and other keys', async () => {
    const narrow = { parameters: { kernel: ['contpte-v2'], pages: ['16'] } }
    const [a, b] = [await run(SWEEP, { ...narrow, seed: 1 }), await run(SWEEP, { ...narrow, seed: 2 })]
    expect(a.cells).toHaveLength(1)
    expect(a.rows[1].metric).toBe('chance')
    expect(a.rows[1].value).not.toBe(b.rows[1].value)
    expect(a.rows[0]).toEqual(b.rows[0])
    expect(a.cells[0].key).not.toBe(b.cells[0].key)
  })

  it('keeps a cell the same when the sweep is narrowed', async () => {
    const all = await run(SWEEP)
    const one = await run(SWEEP, { parameters: { kernel: ['contpte-v2'], pages: [64] } })
    expect(one.cells[0].key).toBe(all.cells[5].key)
    expect(one.rows.slice(0, CELL_ROWS)).toEqual(all.rows.slice(5 * CELL_ROWS, 6 * CELL_ROWS))
  })

  it('tells its progress, which never goes back', async () => {
    const handle = start(SWEEP, { workers: 2 })
    const events: SimulatorEvent[] = []
    handle.events.subscribe((event) => events.push(event))
    await handle.done
    expect(events[0].type).toBe('run-started')
    expect(events.at(-1)!.type).toBe('run-ended')
    const progress = events.filter((event) => event.type === 'run-progress')
    const done = progress.map((event) => event.cellsDone)
    expect(done).toEqual([...done].sort((a, b) => a - b))
    expect(Math.max(...done)).toBe(6)
    expect(progress.some((event) => event.current?.kernel === 'contpte-v2' && event.remainingMs >= 0)).toBe(
      true
    )
    expect(events.filter((event) => event.type === 'cell-finished')).toHaveLength(6)
    expect(events.filter((event) => event.type === 'console')).toHaveLength(6)
  })

  it('tells how far a cell says it is, while it goes on', async () => {
    const script = `import { experiment } from 'contpte-lab'
export default experiment({
  title: 'Long',
  run({ progress }) {
    progress(3, 4)
    for (;;);
  }
})
`
    const handle = start(script)
    const told = new Promise<SimulatorEvent>((resolve) =>
      handle.events.subscribe((event) => {
        if (event.type === 'run-progress' && event.within) resolve(event)
      })
    )
    expect(await told).toMatchObject({ cellsDone: 0, share: 0.75, within: { done: 3, of: 4 } })
    await handle.cancel()
  })

  it('gives every finished cell to the store as it finishes', async () => {
    const calls: string[] = []
    const cells: CellResult[] = []
    const store: RunStore = {
      begin: async (record) => void calls.push(`begin ${record.cells.length}`),
      cellFinished: async (_, cell) => {
        calls.push('cell')
        cells.push(cell)
      },
      end: async (record) => void calls.push(`end ${record.status}`)
    }
    const stored = new Laboratory(environment(store))
    const record = await start(SWEEP, {}, stored).done
    await stored.dispose()
    expect(calls).toEqual(['begin 6', 'cell', 'cell', 'cell', 'cell', 'cell', 'cell', 'end finished'])
    expect(cells.every((cell) => cell.forks.length === 1)).toBe(true)
    expect(record.status).toBe('finished')
  })

  it('is not ended by a store that fails', async () => {
    const broken = async (): Promise<void> => {
      throw new Error('disk full')
    }
    const stored = new Laboratory(environment({ begin: broken, cellFinished: broken, end: broken }))
    const record = await start(SWEEP, {}, stored).done
    await stored.dispose()
    expect(record.status).toBe('finished')
    expect(record.diagnostics).toMatchObject([{ code: 'store-failed', severity: 'warning' }])
  })
})

describe('cancelling', () => {
  it.each([
    ['an endless loop', 'for (;;);'],
    ['one long native call', "console.log('in'); String(new Array(1e9) + '')"],
    ['a loop that catches everything', 'for (;;) { try { for (;;); } catch {} }'],
    [
      'a long call of the simulator',
      "for (;;) machine({ kernel: 'contpte-v2' }).spawn().mmap({ bytes: '8GiB' }).write()"
    ]
  ])('ends %s within a second, and the next run works', async (_, body) => {
    const handle = start(experiment(`run({ machine }) {\nconsole.log('in')\n${body}\nvoid machine } `), {
      check: false
    })
    await until(handle, (event) => event.type === 'console')
    const before = monotonicMs()
    expect(await handle.cancel()).toBe('cancelled')
    expect(monotonicMs() - before).toBeLessThan(1000)
    expect((await handle.done).diagnostics).toEqual([])
    expect((await run(experiment('run({ record }) { record("a", 1) }'))).status).toBe('finished')
  })

  it('ends the whole sweep and keeps what had finished', async () => {
    const cells = Array.from({ length: 100 }, (_, index) => index).join()
    const text = experiment(
      `parameters: { n: [${cells}] }, run({ parameters, record }) { record('n', parameters.n); if (parameters.n === 3) for (;;); } `
    )
    const handle = start(text, { workers: 1 })
    await until(handle, (event) => event.type === 'cell-finished' && event.cell.index === 2)
    expect(await handle.cancel()).toBe('cancelled')
    const record = await handle.done
    expect(record.cellsDone).toBe(3)
    expect(record.cellsTotal).toBe(100)
    expect(record.rows.filter((row) => row.metric === 'n').map((row) => row.value)).toEqual([0, 1, 2])
    expect(await handle.cancel()).toBe('cancelled')
  })

  it('works while the script is being checked', async () => {
    const handle = start(SWEEP)
    expect(await handle.cancel()).toBe('cancelled')
    expect((await handle.done).rows).toEqual([])
  })
})

/** The ten of the issue, each with its own message; the CLI's tests run the same. */
describe('hostile scripts each have their own message', () => {
  const inRun = (line: string): string =>
    `import { experiment } from 'contpte-lab'\n\nexport default experiment({\n  title: 'T',\n  run({ machine }) {\n    void machine\n    ${line}\n  }\n})\n`
  const quick = { limits: { scriptMs: 300, outputBytes: 100_000 } }
  it.each([
    [
      'while (true) {}',
      inRun('while (true) {}'),
      quick,
      'limit-time',
      6,
      'time limit reached: the script ran 300 ms'
    ],
    [
      '10 GB',
      inRun('console.log(new Uint8Array(10 * 2 ** 30).length)'),
      {},
      'limit-memory',
      7,
      'needs more than 256 MiB'
    ],
    [
      'unbounded output',
      inRun("for (;;) console.log('again and again')"),
      { limits: { outputBytes: 100_000 } },
      'limit-output',
      7,
      'more than 100000 B'
    ],
    ["import 'fs'", `import 'fs'\n${inRun('')}`, {}, 'import-forbidden', 1, "cannot import 'fs'"],
    [
      'fetch',
      inRun("fetch('http://example.com')"),
      {},
      'not-available',
      7,
      "'fetch' is not available: experiments have no network"
    ],
    [
      'fetch unchecked',
      inRun("fetch('http://example.com')"),
      { check: false },
      'not-available',
      7,
      "'fetch' is not available"
    ],
    [
      'the way out',
      inRun("globalThis.constructor.constructor('return process')()"),
      { check: false },
      'not-available',
      7,
      "'process' is not available"
    ],
    ['a syntax error on line 7', inRun('const a = ;'), {}, 'syntax-error', 7, 'Expression expected'],
    [
      'a type error',
      inRun("const n: number = 'x'; void n"),
      {},
      'type-error',
      7,
      "Type 'string' is not assignable to type 'number'"
    ],
    [
      'an unknown kernel',
      inRun("machine({ kernel: 'linux-9.9' })"),
      {},
      'unknown-kernel',
      7,
      "unknown kernel 'linux-9.9'"
    ],
    [
      'an unknown kernel unchecked',
      inRun("machine({ kernel: 'linux-9.9' })"),
      { check: false },
      'unknown-kernel',
      7,
      'contpte-v2'
    ],
    ['a throw on line 12', inRun("\n\n\n\n\nthrow new Error('enough')"), {}, 'script-error', 12, 'enough']
  ])('%s', async (_, text, request, code, line, message) => {
    const record = await run(text, request)
    expect(record.status).toBe('failed')
    expect(record.diagnostics).toHaveLength(1)
    const [found] = record.diagnostics
    expect(`${found.message}`).toContain(message)
    expect(found).toMatchObject({ code, file: 'x.ts', line, severity: 'error' })
    expect(found.column).toBeGreaterThan(0)
  })

  it('the way out, checked, gets no further', async () => {
    const record = await run(inRun("globalThis.constructor.constructor('return process')()"))
    expect(record.status).toBe('failed')
    expect(record.diagnostics[0].line).toBe(7)
  })

  it('a native call that cannot be interrupted ends with its time', async () => {
    const record = await run(inRun("String(new Array(1e9) + '')"), { ...quick, check: false })
    expect(record.diagnostics).toMatchObject([{ code: 'limit-time', line: 5, column: 3 }])
  })
})

describe('a failing cell', () => {
  const text = experiment(
    `parameters: { n: [0, 1, 2, 3, 4, 5] }, run({ parameters: { n }, record }) {\nrecord('n', n)\nif (n === 2 || n === 4) throw new Error('cell ' + n) } `
  )
  it('ends the run at the first failure in order, for any number of workers', async () => {
    for (const workers of [1, 2, 4]) {
      const record = await run(text, { workers })
      expect(record.status).toBe('failed')
      expect(record.diagnostics).toMatchObject([{ message: 'cell 2', parameters: { n: 2 }, line: 4 }])
      expect(record.rows.filter((row) => row.metric === 'n').map((row) => row.value)).toEqual([0, 1, 2])
    }
  })
})

describe('requests that cannot be run', () => {
  it.each([
    [
      { parameters: { nope: [1] } },
      'unknown-parameter',
      "unknown parameter 'nope': the parameters are kernel, pages"
    ],
    [{ parameters: { pages: [17] } }, 'unknown-value', "'17' is not among the values of 'pages': 16, 64"],
    [{ limits: { memoryBytes: 5 } }, 'bad-option', '--memory-limit: 5 is not 32 MiB to 4 GiB'],
    [{ file: 'x.js' }, 'bad-file-name', 'does not end in .ts']
  ])('%j', async (request, code, message) => {
    const { diagnostics, status } = await run(SWEEP, request as Partial<RunRequest>)
    expect(status).toBe('failed')
    expect(diagnostics[0]).toMatchObject({ code })
    expect(diagnostics[0].message).toContain(message)
  })
  it('a sweep of too many cells', async () => {
    const many = `Array.from({ length: 400 }, (_, n) => n)`
    const { diagnostics } = await run(experiment(`parameters: { a: ${many}, b: ${many} }, run() {} `))
    expect(diagnostics[0]).toMatchObject({
      code: 'limit-cells',
      message: 'the sweep has 160000 cells; at most 100000 are run at once'
    })
  })
  it('a chart that would load something', async () => {
    const { diagnostics, status } = await run(
      experiment(
        `run() {}, conclude({ chart }) {\nchart('C', { mark: 'bar', data: { url: 'http://example.com/x.csv' } }) } `
      )
    )
    expect(status).toBe('failed')
    expect(diagnostics[0]).toMatchObject({ code: 'chart-external-data', line: 3, column: 1 })
  })
  it("a chart that Vega refuses, in Vega's words", async () => {
    const { diagnostics } = await run(
      experiment(`run() {}, conclude({ chart }) {\nchart('C', { mark: 'nothing' }) } `)
    )
    expect(diagnostics[0]).toMatchObject({ code: 'bad-chart', line: 3 })
    expect(diagnostics[0].message).toBe(
      "chart('C'): this is not a Vega-Lite specification (Cannot read properties of undefined (reading 'filled'))"
    )
    const filter = "{ mark: 'bar', transform: [{ filter: 'datum.(' }], encoding: {} }"
    const other = await run(experiment(`run() {}, conclude({ chart }) {\nchart('C', ${filter}) } `))
    expect(other.diagnostics[0].message).toBe("chart('C'): Unexpected token (")
  })
})

describe('checking while one types', () => {
  const check = (request: CheckRequest): ReturnType<Laboratory['check']> => lab.check(request)
  it('tells the header of a right script', async () => {
    const { diagnostics, header } = await check({ file: 'x.ts', text: SWEEP })
    expect(diagnostics).toEqual([])
    expect(header).toEqual({
      title: 'T',
      parameters: { kernel: ['no-contpte', 'contpte-unbatched', 'contpte-v2'], pages: [16, 64] }
    })
  })
  it('tells what is wrong, and survives what does not end', async () => {
    expect((await check({ file: 'x.ts', text: 'for (;;);' })).diagnostics[0].code).toBe('limit-time')
    expect((await check({ file: 'x.ts', text: 'export default 1' })).diagnostics[0]).toMatchObject({
      code: 'no-experiment',
      line: 1,
      column: 1
    })
    expect((await check({ file: 'a/b.txt', text: '' })).diagnostics[0].code).toBe('bad-file-name')
    expect((await check({ file: 'x.ts', text: SWEEP })).header).toBeDefined()
  })
})
