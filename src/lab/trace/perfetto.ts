/**
 * A trace as Chrome trace-event JSON, which Perfetto and chrome://tracing open: a process a machine, a
 * thread a CPU; spans are complete events, the rest instants. Times are simulated microseconds; a
 * machine without a cost profile takes one microsecond an event, so that order can be seen.
 *
 * Source: "Trace Event Format", Google, as Perfetto's JSON importer reads it.
 */
import { KIND } from '../../engine/trace/kinds'
import { decode } from './decode'
import type { IndexedTrace } from './indexed'

/** Events encoded at once. */
const LINES = 50_000

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** The bytes of the file: the same trace gives the same bytes. */
export function chromeTrace(trace: IndexedTrace): Uint8Array {
  const timed = trace.machines.some(({ cost }) => cost !== undefined)
  const encoder = new TextEncoder()
  const parts: Uint8Array[] = [encoder.encode('{"displayTimeUnit":"ns","traceEvents":[\n')]
  let lines: string[] = []
  const flush = (last: boolean): void => {
    // A string of a whole long trace would be longer than strings may be.
    const text = lines.join(',\n')
    if (text !== '') parts.push(encoder.encode(last ? text : `${text},\n`))
    lines = []
  }
  const put = (event: object): void => {
    if (lines.length >= LINES) flush(false)
    lines.push(JSON.stringify(event))
  }
  trace.machines.forEach(({ kernel, cpus }, pid) => {
    put({
      ph: 'M',
      name: 'process_name',
      pid,
      tid: 0,
      args: { name: `machine ${pid}: ${kernel}, ${cpus} CPUs` }
    })
  })
  for (const lane of [...trace.cpus.keys()].sort((a, b) => a - b)) {
    const [pid, tid] = [Math.floor(lane / 4096), lane % 4096]
    put({ ph: 'M', name: 'thread_name', pid, tid, args: { name: `CPU ${tid}` } })
  }
  const time = (event: number): number => (timed ? trace.timeOf(event) / 1000 : event)
  for (const { from, to, title, machine, at, name } of trace.operations) {
    if (to < from) continue
    const ts = timed ? trace.timeOf(from - 1) / 1000 : from
    put({
      ph: 'X',
      cat: 'operation',
      name: title,
      ts,
      dur: time(to) - ts,
      pid: machine,
      tid: trace.log.cpu(from),
      args: { at, call: name, from, to }
    })
  }
  for (const { kind, from, to, machine, cpu, pid } of trace.spans) {
    const ts = time(from)
    put({
      ph: 'X',
      cat: 'span',
      name: kind,
      ts,
      dur: time(to) - ts,
      pid: machine,
      tid: cpu,
      args: { mm: pid, from, to }
    })
  }
  let now = 0
  for (let event = 1; event <= trace.events; event++) {
    now += trace.costOf(event)
    const kind = trace.log.lane(event, 0) & 0xff
    if (kind === KIND['span-begin'] || kind === KIND['span-end']) continue
    const { kind: name, machine, cpu, pid, text } = decode(trace, event, false)
    put({
      ph: 'i',
      s: 't',
      cat: 'event',
      name,
      ts: timed ? now / 1000 : event,
      pid: machine,
      tid: cpu,
      args: { event, mm: pid, text }
    })
  }
  for (const { kind, event, text, at, status } of trace.marks) {
    put({
      ph: 'i',
      s: 'p',
      cat: kind,
      name: text,
      ts: time(event),
      pid: 0,
      tid: 0,
      args: { event, at, ...(status === undefined ? {} : { status }) }
    })
  }
  flush(true)
  parts.push(encoder.encode('\n]}\n'))
  return joined(parts)
}
