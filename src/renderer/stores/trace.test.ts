import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { FakeTrace, fakeTraces } from '../dev/fake-traces'
import { useClients } from '../platform/clients-in-use'
import { fakeClients } from '../platform/fake'
import { bookmarks } from '../step/bookmarks'
import { useNoticesStore } from './notices'
import { useTraceStore } from './trace'

const v2 = new FakeTrace('contpte-v2', 64)
const unbatched = new FakeTrace('contpte-unbatched', 64)
const key = (cell: number) => ({ runId: 'r1', cell })

async function opened(cells = [0]) {
  const trace = useTraceStore()
  await trace.open(cells.map(key))
  return trace
}

beforeEach(() => {
  setActivePinia(createPinia())
  useClients(fakeClients({ traces: fakeTraces([v2, unbatched]) }))
  bookmarks.value = []
})

describe('stepping', () => {
  it('begins before the first event, goes on and back, and not beyond the ends', async () => {
    const trace = await opened()
    expect(trace.position).toBe(0)
    await trace.step(1)
    expect(trace.position).toBe(1)
    expect(trace.current?.event).toBe(1)
    await trace.step(-1)
    await trace.step(-1)
    expect(trace.position).toBe(0)
    await trace.goTo(1e9)
    expect(trace.position).toBe(v2.steps.length)
  })

  it('marks what the step changed, also of a step over many events', async () => {
    const trace = await opened()
    await trace.goTo(40)
    expect(trace.since[0]).toBe(39)
    await trace.goTo(60, 40)
    expect(trace.since[0]).toBe(40)
    await trace.step(-1)
    expect(trace.since[0]).toBe(58)
  })

  it('says what happened and how many entries it changed', async () => {
    const trace = await opened()
    await trace.goTo(10)
    expect(useNoticesStore().announcement).toBe(
      `Event 10 of ${v2.steps.length}: write of entry 9 at 0xffff80009000; 1 entry changed`
    )
  })
})

describe('breakpoints', () => {
  it('stop a run on and a run back, which otherwise go to the ends', async () => {
    const trace = await opened()
    const unfold = v2.steps.findIndex(({ kind }) => kind === 'unfold') + 1
    trace.toggleBreakpoint({ kinds: ['unfold'] })
    await trace.run(1)
    expect(trace.position).toBe(unfold)
    await trace.run(1)
    expect(trace.position).toBe(v2.steps.length)
    await trace.run(-1)
    expect(trace.position).toBe(unfold)
    trace.toggleBreakpoint({ kinds: ['unfold'] })
    expect(trace.breakpoints).toEqual([])
    await trace.run(-1)
    expect(trace.position).toBe(0)
  })

  it('stop at a write to the entry of an address', async () => {
    const trace = await opened()
    const address = { from: 0xffff80000000 + 5 * 4096, to: 0xffff80000000 + 6 * 4096 }
    trace.toggleBreakpoint({ kinds: ['write', 'xchg', 'cas', 'hardware'], address, pids: [1] })
    await trace.run(1)
    expect(v2.steps[trace.position - 1].entry).toBe(5)
  })
})

describe('search', () => {
  it('counts, and goes around at the last match', async () => {
    const trace = await opened()
    await trace.look({ kinds: ['dsb-ish', 'tlbi-mm', 'tlbi-page'] })
    expect(trace.found).toEqual({ ordinal: 1, total: 3 })
    await trace.nextMatch(1)
    await trace.nextMatch(1)
    expect(trace.found).toEqual({ ordinal: 3, total: 3 })
    await trace.nextMatch(1)
    expect(trace.found).toEqual({ ordinal: 1, total: 3 })
    await trace.nextMatch(-1)
    expect(trace.found).toEqual({ ordinal: 3, total: 3 })
  })
})

describe('two kernels', () => {
  it('move in lockstep: where one has done an operation, so has the other', async () => {
    const trace = await opened([0, 1])
    await trace.goTo(v2.operations[1].to)
    expect(trace.positions).toEqual([v2.operations[1].to, unbatched.operations[1].to])
    expect(trace.aligned).toMatchObject({ pair: 1, by: 'operation' })
  })

  it('may be released: then only the one that leads moves', async () => {
    const trace = await opened([0, 1])
    trace.locked = false
    await trace.goTo(50)
    expect(trace.positions).toEqual([50, 0])
  })

  it('go to the first difference and to the next', async () => {
    const trace = await opened([0, 1])
    await trace.goToDifference('first')
    const fork = v2.operations[2]
    expect(trace.position).toBeGreaterThanOrEqual(fork.from)
    const first = trace.position
    await trace.goToDifference('next')
    expect(trace.position).toBeGreaterThan(first)
    await trace.goToDifference('previous')
    expect(trace.position).toBe(first)
  })

  it('are led by either side', async () => {
    const trace = await opened([0, 1])
    trace.setLead(1)
    await trace.goTo(unbatched.operations[0].to)
    expect(trace.positions).toEqual([v2.operations[0].to, unbatched.operations[0].to])
  })
})

describe('what is found and kept', () => {
  it('goes to a failed expectation', async () => {
    const trace = await opened()
    await trace.goToFinding(1)
    expect(trace.position).toBe(v2.steps.length - 1)
    await trace.goToFinding(1)
    expect(trace.position).toBe(v2.steps.length - 1)
  })

  it('keeps bookmarks by script and cell', async () => {
    const trace = await opened()
    await trace.goTo(17)
    trace.bookmark('here')
    expect(trace.ownBookmarks.map(({ event, note }) => [event, note])).toEqual([[17, 'here']])
    await trace.open([key(1)])
    expect(trace.ownBookmarks).toEqual([])
  })

  it('scrubs without waiting: the position is there at once, the event follows', async () => {
    const trace = await opened([0, 1])
    trace.scrubTo(33)
    trace.scrubTo(90)
    expect(trace.position).toBe(90)
    await expect.poll(() => trace.current?.event).toBe(90)
  })

  it('tells when a trace cannot be made, and shows none', async () => {
    const trace = useTraceStore()
    expect(await trace.open([key(7)])).toBe(false)
    expect(trace.ready).toBe(false)
    expect(useNoticesStore().notices.at(-1)?.details).toContain('no cell 7')
  })
})
