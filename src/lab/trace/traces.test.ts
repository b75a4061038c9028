/** Traces of cells through the same calls that windows make. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildWorkerEntries } from '../../../tools/testing/entries.mjs'
import * as v from 'valibot'
import type { Schema } from '../../protocol/schemas/base'
import { simulatorContract } from '../../protocol/schemas/simulator'
import type { RunRecord } from '../../protocol/services'
import type { TraceAspect, TraceKey, TraceService } from '../../protocol/trace'
import { TRACE_ENTRY_BITS } from '../results/trace'
import { PTE_VIEW_BITS } from '../results/types'
import { monotonicMs } from '../run/clock'
import { startRun } from '../run/start'
import type { RunEnvironment } from '../run/types'
import { Checker } from '../script/checker'
import { BROKEN, LINE_OF_FORK, SCRIPT, TWO } from './testing/scripts'
import { TraceStore, type TraceProgress } from './traces'

let entries: Awaited<ReturnType<typeof buildWorkerEntries>>
let checker: Checker
let env: RunEnvironment
let record: RunRecord
let machines: RunRecord
let broken: RunRecord
let store: TraceStore
let calls: TraceService
const told: TraceProgress[] = []

const key = (cell: number): TraceKey => ({ runId: record.runId, cell })

/** A call whose answer is checked against its schema. */
async function ask<M extends keyof TraceService>(
  name: M,
  request: Parameters<TraceService[M]>[0]
): Promise<Awaited<ReturnType<TraceService[M]>>> {
  const contract = simulatorContract.calls[name] as unknown as {
    readonly request: Schema<unknown>
    readonly reply: Schema<unknown>
  }
  expect(v.safeParse(contract.request, request).issues?.[0]).toBeUndefined()
  const answer = await calls[name](request as never)
  expect(v.safeParse(contract.reply, answer).issues?.[0]).toBeUndefined()
  return answer as Awaited<ReturnType<TraceService[M]>>
}

beforeAll(async () => {
  entries = await buildWorkerEntries()
  checker = new Checker(entries.checkUrl)
  env = {
    jobUrl: entries.jobUrl,
    checkUrl: entries.checkUrl,
    cores: 1,
    now: monotonicMs,
    timestamp: () => '2026-01-01T00:00:00.000Z',
    newRunId: () => 'r1'
  }
  record = await startRun({ file: 'fork.ts', text: SCRIPT, seed: 1, check: false }, env, checker).done
  machines = await startRun({ file: 'two.ts', text: TWO, seed: 1, check: false }, env, checker).done
  broken = await startRun({ file: 'broken.ts', text: BROKEN, seed: 1, check: false }, env, checker).done
  store = new TraceStore(
    env,
    checker,
    async (runId) => (runId === 'machines' ? machines : runId === 'broken' ? broken : record),
    (progress) => told.push(progress)
  )
  calls = store.service()
}, 120_000)
afterAll(async () => {
  await store.dispose()
  await checker.dispose()
  entries.remove()
})

describe('the trace of a cell', () => {
  it('is summed up with its machine, processes, operations and what failed', async () => {
    const summary = await ask('traceOpen', key(0))
    expect(summary).toMatchObject({
      title: 'Fork of one folio',
      parameters: { kernel: 'contpte-unbatched' },
      machines: [
        { kernel: 'contpte-unbatched', tlbs: 0, pageSize: 4096, blockEntries: 16, cost: 'ampere-altra' }
      ],
      processes: [
        { pid: 1, parent: 0, to: 0 },
        { pid: 2, parent: 1, to: 0 }
      ]
    })
    expect(summary.findings).toMatchObject([{ kind: 'expectation', status: 'fail', at: 'fork.ts:14:5' }])
    expect(summary.findings[0].event).toBe(summary.events)
    expect(summary.kinds.reduce((sum, { events }) => sum + events, 0)).toBe(summary.events)
    expect(summary.cut).toBeUndefined()
    expect(told.map(({ phase }) => phase)).toEqual(['running', 'indexing', 'ready'])
    // 2 blocks of 16 entries are unfolded once each, by the first write-protection of an entry of theirs.
    expect(summary.kinds.find(({ kind }) => kind === 'unfold')?.events).toBe(2)
  })

  it('tells every operation with its line and its events', async () => {
    const { operations } = await ask('traceOperations', { ...key(0), from: 0, count: 100 })
    expect(operations.map(({ title, at }) => `${title} ${at}`)).toEqual([
      "machine({ kernel: parameters.kernel, cost: 'ampere-altra' }) fork.ts:6:15",
      "m.sysfs.write('hugepages-64kB/enabled', 'always') fork.ts:7:13",
      'm.spawn() fork.ts:8:22',
      "parent.mmap({ bytes: '128KiB' }) fork.ts:9:27",
      'region.write() fork.ts:10:12',
      `parent.fork() fork.ts:${LINE_OF_FORK}:36`
    ])
    const fork = operations[5]
    expect(fork.pid).toBe(1)
    const fields = record.rows.find(
      (row) => row.metric === 'fork' && row.parameters.kernel === 'contpte-unbatched'
    )
    // One CPU alone: the sum over the events of the operation is what `time` says.
    expect(fork.durationNs).toBeCloseTo(fields?.value ?? 0, 3)
  })

  it('leads from what was said to events', async () => {
    const { marks } = await ask('traceMarks', { ...key(0), from: 0, count: 100 })
    const { operations } = await ask('traceOperations', { ...key(0), from: 0, count: 100 })
    expect(marks.map(({ kind, at }) => `${kind} ${at}`)).toEqual([
      'console fork.ts:11:13',
      'row fork.ts:13:5',
      'expectation fork.ts:14:5'
    ])
    expect(marks[0].event).toBe(operations[4].to)
  })

  it('counts what the run counted, at the end and in lanes', async () => {
    const { events } = await ask('traceOpen', key(1))
    const state = await ask('traceState', {
      ...key(1),
      event: events,
      parts: [{ what: 'counters', machine: 0 }]
    })
    const part = state.parts[0]
    if (part.what !== 'counters') throw new Error('not what was asked')
    for (const { metric, value, parameters } of record.rows) {
      if (parameters.kernel !== 'contpte-v2' || !metric.startsWith('counter.')) continue
      expect([metric, part.counters[metric.slice('counter.'.length)]]).toEqual([metric, value])
    }
    for (const axis of ['event', 'time'] as const) {
      const to = axis === 'event' ? events : (await ask('traceOpen', key(1))).durationNs
      const lanes = await ask('traceLanes', {
        ...key(1),
        axis,
        from: axis === 'event' ? 1 : 0,
        to,
        buckets: 7
      })
      expect(lanes.events).toBe(events)
      const counted = lanes.lanes.flatMap((lane) => lane.counts.flatMap(({ counts }) => counts))
      expect(counted.reduce((sum, n) => sum + n, 0)).toBe(events)
    }
    const wide = await ask('traceLanes', { ...key(1), axis: 'event', from: 1, to: events, buckets: events })
    const [{ spans }] = wide.lanes
    const operation = spans.find(({ title }) => title === 'parent.fork()')
    const fork = spans.find(({ kind }) => kind === 'fork')
    expect(operation).toMatchObject({ kind: 'operation', depth: 0, pid: 1 })
    expect(fork).toMatchObject({ depth: 1, from: operation?.from })
    const totals = await ask('traceTotals', { ...key(1), from: 1, to: events })
    expect(totals.counters[0].counters).toEqual(
      Object.fromEntries(Object.entries(part.counters).filter(([, n]) => n !== 0))
    )
  })

  it('takes the time that the script measured, waiting for other CPUs included', async () => {
    const { operations } = await ask('traceOperations', { runId: 'broken', cell: 0, from: 0, count: 100 })
    const forks = operations.filter(({ title }) => title === 'parent.fork()')
    const [alone, waiting] = broken.rows.filter(({ metric }) => metric === 'fork').map(({ value }) => value)
    expect(forks[0].durationNs).toBeCloseTo(alone, 3)
    expect(forks[1].durationNs).toBeCloseTo(waiting, 3)
    expect(waiting).toBeGreaterThan(alone)
  })

  it('has an event for every rule that comes to be broken, once, at the line that broke it', async () => {
    const key = { runId: 'broken', cell: 0 }
    const { findings, events } = await ask('traceOpen', key)
    expect(findings.map(({ kind, at }) => `${kind} ${at}`)).toContain('violation broken.ts:16:12')
    const found = await ask('traceFind', {
      ...key,
      from: 0,
      direction: 'next',
      match: [{ kinds: ['violation'] }]
    })
    expect(found.event).toMatchObject({ kind: 'violation', text: findings[0].text })
    expect(found.total).toBe(findings.length)
    expect(new Set(findings.map(({ text }) => text)).size).toBe(findings.length)
    expect(found.event?.event).toBeLessThan(events)
    // Where nothing is broken there is none.
    expect((await ask('traceOpen', { runId: 'machines', cell: 0 })).findings).toEqual([])
  })

  it('finds the next event that matches, with how many there are', async () => {
    const first = await ask('traceFind', {
      ...key(0),
      from: 0,
      direction: 'next',
      match: [{ kinds: ['unfold'], order: 4 }]
    })
    expect(first).toMatchObject({ ordinal: 1, total: 2, event: { kind: 'unfold', pid: 1 } })
    const at = first.event?.event ?? 0
    const back = await ask('traceFind', {
      ...key(0),
      from: at,
      direction: 'previous',
      match: [{ kinds: ['unfold'] }]
    })
    expect(back.event).toBeUndefined()
    const { address = 0 } = first.event ?? {}
    const writes = await ask('traceEvents', {
      ...key(0),
      from: 1,
      to: at,
      count: 100,
      filter: { kinds: ['write', 'xchg', 'cas'], pids: [1], address: { from: address, to: address + 4096 } }
    })
    expect(writes.events.at(-1)?.after).not.toBe('0')
    const tlbi = await ask('traceFind', {
      ...key(0),
      from: at,
      direction: 'next',
      match: [{ kinds: ['tlbi-range'] }]
    })
    const dsb = await ask('traceEvents', {
      ...key(0),
      from: tlbi.event?.link ?? 0,
      to: tlbi.event?.link ?? 0,
      count: 1
    })
    expect(dsb.events[0]).toMatchObject({ kind: 'dsb-ish', link: tlbi.event?.event })
  })

  it('shows entries, folios, levels, TLBs and the change of one step', async () => {
    const unfold = await ask('traceFind', {
      ...key(0),
      from: 0,
      direction: 'next',
      match: [{ kinds: ['unfold'] }]
    })
    const { event = 0, address = 0 } = unfold.event ?? {}
    const place = { machine: 0, pid: 1, address }
    const state = await ask('traceState', {
      ...key(0),
      event: event + 1,
      since: event,
      parts: [
        { what: 'entries', ...place, pages: 16 },
        { what: 'map', ...place, pages: 32, buckets: 2 },
        { what: 'folios', ...place, pages: 16 },
        { what: 'walk', ...place },
        { what: 'tlbs', machine: 0 },
        { what: 'processes' }
      ]
    })
    const [entries, map, folios, walk, tlbs, processes] = state.parts
    if (entries.what !== 'entries' || map.what !== 'map' || folios.what !== 'folios') throw new Error('order')
    if (walk.what !== 'walk' || tlbs.what !== 'tlbs' || processes.what !== 'processes')
      throw new Error('order')
    // The first entry is exchanged with 0 now; all others are still contiguous, which is no misprogramming.
    expect(entries.entries.flags[0]).toBe(TRACE_ENTRY_BITS.changed)
    expect(entries.entries.flags.slice(1).every((flags) => (flags & PTE_VIEW_BITS.contiguous) !== 0)).toBe(
      true
    )
    expect(entries.entries.flags.some((flags) => (flags & TRACE_ENTRY_BITS.broken) !== 0)).toBe(false)
    expect(map.map.none).toEqual([1, 0])
    expect(map.map.folded).toEqual([15, 16])
    expect(map.map.changed).toEqual([1, 0])
    expect(folios.folios).toMatchObject([{ order: 4 }])
    expect(walk.levels.map(({ level, kind }) => `${level} ${kind}`)).toEqual([
      '0 table',
      '1 table',
      '2 table',
      '3 none'
    ])
    // The store that filled the block left one entry for all of it, stale since its first page is gone.
    const stale = tlbs.tlbs[0].entries.find((each) => each.address === address)
    expect(stale).toMatchObject({ pages: 16, contiguous: true, stale: expect.stringContaining('not mapped') })
    expect(processes.processes.map(({ pid }) => pid)).toEqual([1, 2])
    const descriptor = await ask('traceDescriptor', { ...key(0), event, ...place })
    expect(descriptor.fields.find(({ name }) => name === 'Contiguous')).toMatchObject({
      bits: '52',
      value: '1'
    })
    expect(descriptor.nextWrite).toBe(event + 1)
  })

  it('is cut with a notice where it reaches its limit, and made again with a higher one', async () => {
    await store.open({ runId: 'r1', cell: 1 }, 1)
    const other = new TraceStore(env, checker, async () => record)
    const cut = await other.open(key(1), 100)
    expect(cut).toMatchObject({
      events: 100,
      cut: { limit: 100, notice: expect.stringContaining('first 100 events') }
    })
    const whole = await other.open(key(1), 1_000_000)
    expect(whole.cut).toBeUndefined()
    expect(whole.events).toBe((await ask('traceOpen', key(1))).events)
    await other.dispose()
  })

  it('refuses what is not there, precisely', async () => {
    await expect(calls.traceOpen(key(7))).rejects.toMatchObject({
      code: 'trace-range',
      message: expect.stringContaining('2 cells')
    })
    await expect(calls.traceState({ ...key(0), event: 1e6, parts: [] })).rejects.toMatchObject({
      code: 'trace-range'
    })
    await expect(
      calls.traceState({ ...key(0), event: 0, parts: [{ what: 'counters', machine: 3 }] })
    ).rejects.toMatchObject({ code: 'trace-range', message: expect.stringContaining('no machine 3') })
  })
})

describe('two traces', () => {
  const two = () => ({ a: key(0), b: key(1) })

  it('are aligned by their operations', async () => {
    const alignment = await ask('traceAlign', { ...two(), from: 0, count: 100 })
    expect(alignment).toMatchObject({ total: 6, unmatchedA: 0, unmatchedB: 0 })
    expect(alignment.pairs.map(({ a, b }) => [a, b])).toEqual([0, 1, 2, 3, 4, 5].map((n) => [n, n]))
  })

  it('differ in counters from the fork on, and in no cell at its end', async () => {
    const { pairs } = await ask('traceAlign', { ...two(), from: 0, count: 100 })
    const before = await ask('traceDiff', {
      ...two(),
      aEvent: pairs[4].aEvent,
      bEvent: pairs[4].bEvent,
      cells: 10
    })
    expect(before.cellsTotal).toBe(0)
    const after = await ask('traceDiff', {
      ...two(),
      aEvent: pairs[5].aEvent,
      bEvent: pairs[5].bEvent,
      cells: 10
    })
    expect(after.counters.find(({ name }) => name === 'unfold')).toEqual({ name: 'unfold', a: 2, b: 0 })
    expect(after.verdicts).toEqual([{ name: 'unfolds by fork', a: 'fail', b: 'pass' }])
    const found = await ask('traceNextDifference', {
      ...two(),
      aEvent: 0,
      direction: 'next',
      aspects: ['verdicts']
    })
    expect(found).toMatchObject({ found: true, pair: 5, aspect: 'verdicts' })
    expect(found.text).toBe('unfolds by fork: fail against pass')
  })

  it('begin to differ in cells and counters at the event that makes them differ', async () => {
    const next = (aspects: readonly TraceAspect[], aEvent = 0, direction: 'next' | 'previous' = 'next') =>
      ask('traceNextDifference', { ...two(), aEvent, direction, aspects })
    const counted = await next(['counters'])
    expect(counted).toMatchObject({ found: true, pair: 5, aspect: 'counters' })
    // The first event of fork beyond what the other kernel counts in all of it.
    const [name, more, less] =
      /^(\w+): (\d+) against (\d+) in parent.fork\(\)$/.exec(counted.text)?.slice(1) ?? []
    expect(Number(more)).toBeGreaterThan(Number(less))
    const { operations } = await ask('traceOperations', { ...key(0), from: 0, count: 100 })
    const so = async (event: number): Promise<number> => {
      const { counters } = await ask('traceTotals', { ...key(0), from: operations[5].from, to: event })
      return counters[0].counters[name] ?? 0
    }
    expect(await so(counted.a - 1)).toBeLessThanOrEqual(Number(less))
    expect(await so(counted.a)).toBeGreaterThan(Number(less))
    const back = await next(['counters'], counted.a + 1, 'previous')
    expect(back).toEqual(counted)
    expect(await next(['counters'], counted.a, 'previous')).toMatchObject({ found: false })
  })

  it('are two runs as well as two cells, and two machines of one cell', async () => {
    const again = { runId: 'r2', cell: 0 }
    const other = await ask('traceDiff', {
      a: key(0),
      b: again,
      aEvent: (await ask('traceOpen', key(0))).events,
      bEvent: (await ask('traceOpen', again)).events,
      cells: 10
    })
    expect(other).toMatchObject({ cellsTotal: 0, counters: [], verdicts: [] })
    const pair = { runId: 'machines', cell: 0 }
    const { events, machines } = await ask('traceOpen', pair)
    expect(machines.map(({ kernel }) => kernel)).toEqual(['no-contpte', 'contpte-v2'])
    const both = { a: pair, b: pair, aMachine: 0, bMachine: 1 }
    const { pairs } = await ask('traceAlign', { ...both, from: 0, count: 100 })
    expect(pairs.map(({ title }) => title).filter((title) => title.includes('write'))).toEqual([
      "m.sysfs.write('hugepages-64kB/enabled', 'always')",
      'region.write()'
    ])
    const written = pairs.find(({ title }) => title === 'region.write()') ?? pairs[0]
    expect(written.a).toBeLessThan(written.b)
    const diff = await ask('traceDiff', { ...both, aEvent: written.aEvent, bEvent: events, cells: 1 })
    expect(diff.cellsTotal).toBe(16)
    expect(diff.cells[0].b).toContain('contiguous')
    expect(diff.cells[0].a).not.toContain('contiguous')
    const first = await ask('traceNextDifference', {
      ...both,
      aEvent: 0,
      direction: 'next',
      aspects: ['cells']
    })
    expect(first).toMatchObject({ found: true, aspect: 'cells' })
    expect(first.b).toBeGreaterThan(first.a)
    await expect(
      calls.traceDiff({ ...both, bMachine: 2, aEvent: 0, bEvent: 0, cells: 0 })
    ).rejects.toMatchObject({
      code: 'trace-range'
    })
  })

  it('tells folios of the state before beside those of a state', async () => {
    const { operations } = await ask('traceOperations', { ...key(1), from: 0, count: 100 })
    const { from, to } = operations[5]
    const { events: found } = await ask('traceEvents', {
      ...key(1),
      from,
      to,
      count: 1,
      filter: { kinds: ['cas'] }
    })
    const { parts } = await ask('traceState', {
      ...key(1),
      event: to,
      since: from - 1,
      parts: [{ what: 'folios', machine: 0, pid: 1, address: found[0].address ?? 0, pages: 1 }]
    })
    const [part] = parts
    if (part.what !== 'folios') throw new Error('not what was asked')
    // Fork of a folio of 16 pages: 16 references and a mapcount of 2 each.
    expect(part.folios[0]).toMatchObject({ refcount: 32, order: 4 })
    expect(part.before?.[0]).toMatchObject({ pfn: part.folios[0].pfn, refcount: 16 })
  })

  it('move in lockstep inside an operation by the page that is worked on', async () => {
    const { event } = await ask('traceFind', {
      ...key(0),
      from: 0,
      direction: 'next',
      match: [{ kinds: ['cas'], pids: [1] }]
    })
    const there = await ask('traceCounterpart', { ...two(), event: event?.event ?? 0 })
    expect(there).toMatchObject({ pair: 5, by: 'page' })
    const { operations } = await ask('traceOperations', { ...key(1), from: 0, count: 100 })
    expect(there.event).toBeGreaterThanOrEqual(operations[5].from)
    expect(there.event).toBeLessThan(operations[5].to)
  })
})
