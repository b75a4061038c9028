/** Memory over a trace: samples agree with the machine's own readings where the script takes them. */
import { beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import { Meter, meterMemory } from '../sandbox/meter'
import { runTask } from '../sandbox/task'
import { compileScript } from '../script/compile'
import type { TraceFootprint } from '../results/trace-huge-pages'
import { footprintOf } from './footprint'
import { IndexedTrace } from './indexed'

async function traced(body: string): Promise<{ trace: IndexedTrace; said: string[] }> {
  const text = `import { experiment } from 'contpte-lab'
export default experiment({ title: 't', run({ machine }) {
${body}
} })
`
  const { code, diagnostics } = await compileScript('x.ts', text)
  expect(diagnostics).toEqual([])
  const init = { file: 'x.ts', text, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  const cell = { index: 0, key: 'k', parameters: {}, seed: 1 }
  const { recording, console, error } = await runTask(
    init,
    new Meter(init.meter, monotonicMs),
    { kind: 'trace', cell, limit: 1_000_000 },
    () => undefined
  )
  expect(error).toBeUndefined()
  return { trace: new IndexedTrace(recording!), said: console.map((line) => line.text) }
}

const all = (trace: IndexedTrace): TraceFootprint =>
  footprintOf(trace, { machine: 0, from: 0, to: trace.events })

describe('memory over a trace', () => {
  let found: TraceFootprint
  let trace: IndexedTrace

  beforeAll(async () => {
    ;({ trace } = await traced(`const m = machine({ kernel: 'linux-6.12' })
  m.sysfs.write('hugepages-64kB/enabled', 'always')
  const p = m.spawn()
  const heap = p.mmap({ bytes: '1MiB' })
  heap.write(0, 1)
  heap.write(1, 63)
  heap.madvise('dontneed', 0, 4)
  const child = p.fork()
  child.exit()
  p.exit()`))
    found = all(trace)
  })

  /** The sample at the end of operation number `index`. */
  const after = (index: number) => found.points.find(({ step }) => step === index + 1)
  const order = (order: number) => found.orders.indexOf(order)

  it('counts what a fault maps and nobody has accessed', () => {
    const first = trace.operations.findIndex(({ name }) => /region\W?write/i.test(name))
    expect(after(first)).toMatchObject({ resident: 16, unused: 15, unmapped: 0 })
    expect(after(first)?.folios[order(4)]).toBe(1)
    expect(after(first + 1)).toMatchObject({ resident: 64, unused: 0, unmapped: 0 })
  })

  it('counts what a large folio holds although nothing maps it', () => {
    const gone = trace.operations.findIndex(({ name }) => /region\W?madvise/i.test(name))
    expect(after(gone)).toMatchObject({ resident: 60, unused: 0, unmapped: 4 })
    expect(after(gone)?.folios[order(4)]).toBe(4)
    // A child counts the pages as its own; memory is the same.
    expect(after(gone + 1)).toMatchObject({ resident: 120, unmapped: 4 })
    expect(found.points.at(-1)).toMatchObject({ resident: 0, unused: 0, unmapped: 0, step: found.steps })
  })

  it('stays small and keeps the last state, however long the run is', async () => {
    const long = await traced(`const m = machine({ kernel: 'linux-6.12', memory: '64MiB' })
  m.fragment({ order: 5 })
  m.sysfs.write('hugepages-64kB/enabled', 'always')
  const heap = m.spawn().mmap({ bytes: '4MiB' })
  for (let round = 0; round < 4; round++) {
    heap.write()
    for (let page = 0; page < 1024; page += 24) heap.madvise('dontneed', page, 5)
  }
  console.log(JSON.stringify(m.memory()))`)
    const { points, orders, steps } = all(long.trace)
    const memory = JSON.parse(long.said[0]) as {
      unusable: number[]
      folios: number[]
      deferred: { unmapped: number }
    }
    expect(long.trace.events).toBeGreaterThan(20_000)
    expect(points.length).toBeGreaterThan(40)
    expect(points.length).toBeLessThanOrEqual(129)
    expect(points.map(({ event }) => event)).toEqual(
      [...new Set(points.map(({ event }) => event))].sort((a, b) => a - b)
    )
    const last = points.at(-1)!
    expect(last.step).toBe(steps)
    expect(last.unmapped).toBe(memory.deferred.unmapped)
    expect(last.folios).toEqual(orders.map((each) => memory.folios[each]))
    expect(last.unusable).toEqual(orders.map((each) => memory.unusable[each]))
    expect(last.unusable[orders.indexOf(9)]).toBe(1)
    const half = footprintOf(long.trace, { machine: 0, from: 0, to: points[20].event })
    expect(half.points).toEqual(points.slice(0, 21))
  })
})
