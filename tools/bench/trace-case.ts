/**
 * The engine's side of `npm run bench -- trace`: a workload of about a million events, run with and
 * without a trace, and the trace made ready for questions.
 */
import { createMachine, type Machine } from '../../src/engine/machine'
import { History } from '../../src/engine/trace/history'
import { TraceLog } from '../../src/engine/trace/log'
import type { Tracer } from '../../src/engine/trace/tracer'

/** A process of `bytes` in 64K folios that writes, forks and exits; `log` takes what happens. */
export function work(bytes: number, log?: TraceLog): Machine {
  const machine = createMachine({ kernel: 'contpte-v2', trace: log && { log, machine: 0 } })
  // The loops that stand in for many operations are another matter: the slowdown is that of the same steps.
  machine.world.fastPaths = false
  machine.sysfs.write('hugepages-64kB/enabled', 'always')
  const parent = machine.spawn()
  parent.mmap({ bytes }).write()
  const child = parent.fork()
  child.exit()
  parent.exit()
  return machine
}

/** A trace of `work` of at most `limit` events. */
export function traced(bytes: number, limit: number): { log: TraceLog; machine: Machine } {
  const log = new TraceLog(limit)
  return { log, machine: work(bytes, log) }
}

/** The history of a trace, with all its copies. */
export function opened(log: TraceLog, machine: Machine): History {
  const history = new History(log, [(machine.world.trace as Tracer).shape])
  history.record(() => undefined)
  return history
}
