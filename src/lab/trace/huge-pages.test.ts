/** Settings, decisions and folio sizes of a trace: what the run had at that event, and what typed lines change. */
import { beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_LIMITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import { Meter, meterMemory } from '../sandbox/meter'
import { runTask } from '../sandbox/task'
import { compileScript } from '../script/compile'
import { hugePagesAt } from './huge-pages'
import { IndexedTrace } from './indexed'

const SCRIPT = `import { experiment } from 'contpte-lab'
export default experiment({ title: 't', run({ machine }) {
  const m = machine({ kernel: 'linux-6.12' })
  m.shell('cd hugepages-64kB; echo always > enabled')
  const p = m.spawn()
  const heap = p.mmap({ bytes: '256KiB' })
  heap.write(0, 17)
  heap.madvise('dontneed', 0, 4)
  m.sysfs.write('hugepages-64kB/enabled', 'never')
  heap.write(32, 1)
  p.thpDisable()
} })
`

let trace: IndexedTrace

async function traceOf(script: string): Promise<IndexedTrace> {
  const { code, diagnostics } = await compileScript('x.ts', script)
  expect(diagnostics).toEqual([])
  const init = { file: 'x.ts', text: script, code: code!, limits: DEFAULT_LIMITS, meter: meterMemory() }
  const cell = { index: 0, key: 'k', parameters: {}, seed: 1 }
  const { recording } = await runTask(
    init,
    new Meter(init.meter, monotonicMs),
    { kind: 'trace', cell, limit: 100_000 },
    () => undefined
  )
  return new IndexedTrace(recording!)
}

beforeAll(async () => {
  trace = await traceOf(SCRIPT)
})

/** The event after the script's operation number `index`. */
const after = (index: number) => trace.operations[index].to
const address = 0x10_0000_0000

function at(event: number, lines: readonly string[] = [], page = 48) {
  const range = { pid: 1, address, pages: 64 }
  const answer = hugePagesAt(trace, { event, machine: 0, range, page, buckets: 64, lines })
  const file = (path: string) => answer.files.find((one) => one.path === path)
  const reason = (kib: number) => answer.decision?.sizes.find(({ bytes }) => bytes === kib * 1024)?.reason
  return { answer, file, reason }
}

describe('huge pages at an event', () => {
  it('are those of the run: values, who wrote them, statistics', () => {
    const stored = at(after(trace.operations.findIndex(({ name }) => /region\W?write/i.test(name))))
    expect(stored.file('hugepages-64kB/enabled')?.text).toBe('[always] inherit madvise never')
    expect(stored.answer.writes).toMatchObject([{ path: 'hugepages-64kB/enabled', value: 'always' }])
    expect(stored.file('hugepages-64kB/stats/anon_fault_alloc')?.text).toBe('2')
    expect(stored.answer.orders?.slice(0, 33)).toEqual([...Array<number>(32).fill(4), -1])
    expect(stored.answer.sizes.find(({ order }) => order === 4)).toMatchObject({ folios: 2, partially: 0 })
    expect([stored.reason(64), stored.answer.decision?.order]).toEqual(['used', 4])
  })

  it('at the end: a partly unmapped folio, another setting, prctl', () => {
    const end = at(trace.events)
    expect(end.answer.sizes.find(({ order }) => order === 4)).toMatchObject({ folios: 2, partially: 1 })
    expect(end.file('hugepages-64kB/stats/split_deferred')?.text).toBe('1')
    expect(end.answer.orders?.slice(0, 5)).toEqual([-1, -1, -1, -1, 4])
    expect(end.answer.orders?.[32]).toBe(0)
    expect([end.reason(64), end.answer.writes.length]).toEqual(['prctl', 2])
    expect(at(0).answer.decision).toBeUndefined()
    expect(at(0).file('hugepages-64kB/enabled')?.text).toBe('always inherit madvise [never]')
  })

  it('take what is typed into account, and forget it', () => {
    const before = after(trace.operations.length - 2)
    expect(at(before).reason(64)).toBe('size-never')
    const typed = at(before, ['cd hugepages-64kB', 'echo always > enabled', 'echo x > enabled'])
    expect([typed.reason(64), typed.answer.decision?.order]).toEqual(['used', 4])
    expect(typed.file('hugepages-64kB/enabled')).toMatchObject({ typed: true, writable: true })
    expect(typed.answer.console.map(({ output, failed }) => [output, failed])).toEqual([
      ['', false],
      ['', false],
      ['bash: echo: write error: Invalid argument\n', true]
    ])
    expect(typed.answer.directory).toBe('/sys/kernel/mm/transparent_hugepage/hugepages-64kB')
    expect(at(before).reason(64)).toBe('size-never')
  })

  it('khugepaged counts, and memory in pieces is looked at as it was', async () => {
    const script = `import { experiment } from 'contpte-lab'
export default experiment({ title: 't', run({ machine }) {
  const m = machine({ kernel: 'linux-6.12', memory: '1GiB' })
  m.shell('echo always > hugepages-64kB/enabled; echo always > hugepages-32kB/enabled')
  const p = m.spawn()
  const heap = p.mmap({ bytes: '4MiB' })
  heap.write(0, 512)
  m.shell('echo madvise > hugepages-2048kB/enabled')
  heap.madvise('hugepage')
  m.khugepaged()
  m.fragment({ order: 3 })
  p.mmap({ bytes: '1MiB' }).write(0, 1)
} })
`
    const kept = trace
    trace = await traceOf(script)
    const collapsed = trace.operations.findIndex(({ name }) => /khugepaged/.test(name))
    const file = (event: number, name: string) => at(event).file(`khugepaged/${name}`)?.text
    expect([
      file(after(collapsed - 1), 'pages_collapsed'),
      file(after(collapsed), 'pages_collapsed')
    ]).toEqual(['0', '1'])
    expect(file(trace.events, 'full_scans')).toBe('1')
    // Advised, a fault would compact; whether it could is not in the trace.
    const why = at(trace.events, [], 600).answer.decision?.sizes[0].why
    expect(why).toMatch(
      /^No free block of memory has 512 pages in line \(as of event \d+\): .* may make one\.$/
    )
    expect(at(trace.events, ['echo never > defrag'], 600).answer.decision?.order).toBe(3)
    trace = kept
  })

  it('complete what is being typed', () => {
    const { completion } = hugePagesAt(trace, {
      event: 0,
      machine: 0,
      buckets: 1,
      lines: [],
      complete: 'cat hugepages-64kB/e'
    })
    expect(completion).toEqual({ from: 4, candidates: ['hugepages-64kB/enabled'] })
  })
})
