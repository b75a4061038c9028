/** The inside of the worker that keeps traces: no script runs here, only questions are answered. */
import type { MessagePort } from 'node:worker_threads'
import type { TraceKey } from '../results/trace'
import { Answers } from './answer'
import { TraceError } from './error'
import { IndexedTrace } from './indexed'
import type { FromTraces, ToTraces } from './messages'
import { chromeTrace } from './perfetto'
import { summarise } from './queries'

const nameOf = ({ runId, cell }: TraceKey): string => `${runId} ${cell}`

/** Serves one port for the worker's whole life. */
export function serveTraces(port: MessagePort): void {
  const traces = new Map<string, IndexedTrace>()
  const get = (key: TraceKey): IndexedTrace => {
    const found = traces.get(nameOf(key))
    if (found !== undefined) return found
    throw new TraceError('trace-failed', `the trace of cell ${key.cell} is not there`)
  }
  const answers = new Answers({ get })
  const answer = (message: ToTraces): unknown => {
    switch (message.type) {
      case 'add': {
        const trace = new IndexedTrace(message.recording)
        traces.set(nameOf(message.key), trace)
        answers.forget()
        return summarise(trace, message.key, message.title)
      }
      case 'drop':
        traces.delete(nameOf(message.key))
        answers.forget()
        return undefined
      case 'perfetto':
        return chromeTrace(get(message.key))
      case 'ask':
        return answers.answer(message.name, message.request as never)
    }
  }
  port.on('message', (message: ToTraces) => {
    const { id } = message
    let reply: FromTraces
    try {
      reply = { id, reply: answer(message) }
    } catch (error) {
      const known = error instanceof TraceError
      const code = known ? error.code : 'internal'
      reply = { id, error: { code, message: error instanceof Error ? error.message : String(error) } }
    }
    port.postMessage(reply)
  })
}
