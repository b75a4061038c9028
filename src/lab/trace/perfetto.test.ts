import { describe, expect, it } from 'vitest'
import { createMachine } from '../../engine/machine'
import { CellTrace } from './cell-trace'
import { IndexedTrace } from './indexed'
import { chromeTrace } from './perfetto'

interface ChromeEvent {
  readonly ph: string
  readonly ts?: number
  readonly dur?: number
  readonly name: string
  readonly cat?: string
  readonly pid: number
  readonly tid: number
}

function traced(): IndexedTrace {
  const trace = new CellTrace(1_000_000)
  const machine = createMachine({ kernel: 'linux-6.12', trace: trace.next() })
  trace.machine(machine)
  const step = <T>(title: string, body: () => T): T =>
    trace.operation({ title, name: title, at: 'a.ts:1:1' }, body)
  const parent = step('spawn', () => machine.spawn())
  const region = step('mmap', () => parent.mmap({ bytes: 64 * 1024 }))
  step('write', () => region.write())
  step('fork', () => parent.fork())
  return new IndexedTrace(trace.recording('a.ts', {}))
}

describe('a trace as Chrome trace-event JSON', () => {
  const trace = traced()
  const text = new TextDecoder().decode(chromeTrace(trace))
  const { traceEvents } = JSON.parse(text) as { traceEvents: ChromeEvent[] }

  it('holds every event once, in order, with what the format asks of each', () => {
    const instants = traceEvents.filter(({ cat }) => cat === 'event')
    const borders = traceEvents.filter(({ cat }) => cat === 'span').length * 2
    expect(instants.length + borders).toBe(trace.events)
    for (const { ph, ts, dur, pid, tid } of traceEvents) {
      expect(['M', 'X', 'i']).toContain(ph)
      expect([pid, tid].every(Number.isInteger)).toBe(true)
      if (ph !== 'M') expect(ts).toBeGreaterThanOrEqual(0)
      if (ph === 'X') expect(dur).toBeGreaterThanOrEqual(0)
    }
    const times = instants.map(({ ts }) => ts ?? 0)
    expect([...times].sort((a, b) => a - b)).toEqual(times)
  })

  it('shows operations with spans inside them', () => {
    const fork = traceEvents.filter(({ ph, name }) => ph === 'X' && name === 'fork')
    const [operation, span] = [
      fork.find(({ cat }) => cat === 'operation'),
      fork.find(({ cat }) => cat === 'span')
    ]
    expect(operation).toBeDefined()
    expect(span?.ts).toBeGreaterThanOrEqual(operation?.ts ?? Infinity)
    expect((span?.ts ?? 0) + (span?.dur ?? 0)).toBeLessThanOrEqual(
      (operation?.ts ?? 0) + (operation?.dur ?? 0)
    )
  })

  it('is the same bytes for the same trace', () => {
    expect(Buffer.from(chromeTrace(traced())).equals(Buffer.from(text))).toBe(true)
  })
})
