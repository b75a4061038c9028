/** Tracing: events a second, bytes an event, slowdown, and the time to be at any event of a million. */
import { rmSync } from 'node:fs'
import { bundled, scratch } from './bundle.mjs'
import { median, percentile } from './measure.mjs'

export const title = 'a process of 64K folios that writes, forks and exits, traced event by event'

const MIB = 2 ** 20
/** Gives about a million events. */
const BYTES = 240 * MIB
const LIMIT = 1_000_000
const RUNS = 7
const JUMPS = 200

/** @param {() => unknown} body @returns {number} milliseconds of CPU time: other programs do not count */
function timed(body) {
  const start = process.cpuUsage()
  body()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1e3
}

/** @returns {Promise<import('./measure.mjs').Figure[]>} */
export async function run() {
  const folder = scratch()
  try {
    const { work, traced, opened } = await bundled('trace-case', folder)
    const off = []
    const on = []
    let trace = traced(BYTES, LIMIT * 4)
    const all = trace.log.length
    work(BYTES)
    for (let index = 0; index < RUNS; index++) {
      off.push(timed(() => work(BYTES)))
      on.push(timed(() => (trace = traced(BYTES, LIMIT * 4))))
    }
    const perEvent = (median(on) * 1e6) / all
    trace = traced(BYTES, LIMIT)
    const open = timed(() => opened(trace.log, trace.machine))
    const history = opened(trace.log, trace.machine)
    const events = trace.log.length
    const jumps = []
    // Far from any pattern of the copies, and the same in every run.
    for (let index = 0, at = 1; index < JUMPS; index++) {
      at = (at * 48_271) % 2_147_483_647
      const event = at % (events + 1)
      jumps.push(timed(() => history.seek(event)))
    }
    return [
      {
        what: 'time of an event with tracing on (workload included)',
        value: perEvent,
        unit: 'ns',
        budget: 200,
        runs: RUNS,
        note: `${(1e3 / perEvent).toFixed(2)} M events/s over ${all} events`
      },
      {
        what: 'what the trace adds to an event',
        value: ((median(on) - median(off)) * 1e6) / all,
        unit: 'ns',
        budget: 200,
        runs: RUNS,
        note: `slowdown ${(median(on) / median(off)).toFixed(2)} x against the same steps untraced`
      },
      {
        what: 'bytes an event',
        value: (events * 32 + trace.log.patterns.bytes) / events,
        unit: 'B',
        budget: 32.5,
        runs: 1,
        note: `32 fixed, and ${trace.log.patterns.size} patterns of counts beside them`
      },
      {
        what: `making a trace of ${events} events ready for jumps`,
        value: open,
        unit: 'ms',
        budget: 1000,
        runs: 1,
        note: `copies take ${(history.bytes / MIB).toFixed(1)} MiB`
      },
      {
        what: `state at a random event of ${events}, 95 of 100 within`,
        value: percentile(jumps, 0.95),
        unit: 'ms',
        budget: 50,
        runs: JUMPS,
        note: `median ${median(jumps).toFixed(2)} ms, longest ${Math.max(...jumps).toFixed(2)} ms`
      }
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
