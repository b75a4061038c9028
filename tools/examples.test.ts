import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { completeChart } from '../src/lab/results/chart'
import { chartSvg } from '../src/lab/results/svg'
import { DEFAULT_LIMITS, type Row } from '../src/lab/results/types'
import { monotonicMs } from '../src/lab/run/clock'
import { narrow, product, type Space } from '../src/lab/run/sweep'
import type { Task, TaskResult } from '../src/lab/sandbox/messages'
import { Meter, meterMemory } from '../src/lab/sandbox/meter'
import { runTask } from '../src/lab/sandbox/task'
import { compileScript } from '../src/lab/script/compile'

const FOLDER = new URL('../experiments/', import.meta.url)
const FILES = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'))

/** A script as a function of tasks, in the sandbox that runs everybody's scripts. */
async function load(file: string): Promise<(task: Task) => Promise<TaskResult>> {
  const text = readFileSync(new URL(file, FOLDER), 'utf8')
  const { code, diagnostics } = await compileScript(file, text)
  expect(diagnostics).toEqual([])
  const init = { file, text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  return async (task) => {
    const result = await runTask(init, new Meter(init.meter, monotonicMs), task, () => undefined)
    expect(result.error).toBeUndefined()
    return result
  }
}

/** Runs the whole sweep, or the part of it that `wanted` keeps. */
async function runExample(file: string, wanted: Space = {}) {
  const run = await load(file)
  const header = (await run({ kind: 'header' })).header!
  const results: TaskResult[] = []
  for (const [index, parameters] of product(narrow(header.parameters, wanted)).entries()) {
    results.push(await run({ kind: 'cell', cell: { index, key: '', parameters, seed: 1 } }))
  }
  const rows: Row[] = results.flatMap((result) => result.rows)
  if (header.concludes) results.push(await run({ kind: 'conclude', seed: 1, rows }))
  return {
    header,
    rows,
    expectations: results.flatMap((result) => result.expectations),
    charts: results.flatMap((result) => result.charts)
  }
}

/** What is left out here, because it takes long: run the experiment for all of it. */
const NARROWED: Readonly<Record<string, Space>> = { 'allocator-ten-million.ts': { operations: [500_000] } }

/** Whole sweeps, each run once for all tests. */
const whole = new Map<string, ReturnType<typeof runExample>>()
function wholeExample(file: string): ReturnType<typeof runExample> {
  const started = whole.get(file) ?? runExample(file, NARROWED[file])
  whole.set(file, started)
  return started
}

// The Altra table alone forks fifteen times 1 GiB, beside whatever else the machine does.
const TIMEOUT_MS = 120_000

describe.each(FILES)('experiments/%s', (file) => {
  it('says what it claims and where from, holds, and draws', { timeout: TIMEOUT_MS }, async () => {
    const { header, rows, expectations, charts } = await wholeExample(file)
    for (const part of [header.topic, header.claim, header.source]) expect(part).toMatch(/\S/)
    expect(expectations.length).toBeGreaterThan(0)
    expect(expectations.filter(({ status }) => status === 'fail')).toEqual([])
    for (const { name, spec } of charts) {
      const svg = await chartSvg(completeChart(name, spec, rows))
      expect(svg, name).toMatch(/^<svg/)
    }
  })
})

describe('the ten errors of the calibration', () => {
  it('are the expectations of a whole sweep, the held-out ones marked', { timeout: TIMEOUT_MS }, async () => {
    const { expectations, rows, charts } = await wholeExample('fork-batching.ts')
    const told = expectations.map(({ name }) => name).filter((name) => name.includes('published'))
    expect(told).toHaveLength(10)
    expect(told.filter((name) => name.includes('(held out)'))).toHaveLength(4)
    expect(told[2]).toMatch(
      /^contpte-unbatched, 16 cpus: simulated -\d+\.\d %, published -38\.7 %, error -?\d\.\d points$/
    )
    expect(rows.filter(({ metric, unit }) => metric === 'fork' && unit === 'ns')).toHaveLength(15)
    expect(charts).toHaveLength(2)
  })

  it('are told only of the cells a narrowed sweep has', async () => {
    const { expectations } = await runExample('fork-batching.ts', {
      kernel: ['no-contpte', 'contpte-v2'],
      cpus: [1, 32]
    })
    expect(expectations.map(({ name }) => name).filter((name) => name.includes('published'))).toEqual([
      expect.stringMatching(/^contpte-v2, 1 cpus/),
      expect.stringMatching(/^contpte-v2, 32 cpus/)
    ])
  })
})
