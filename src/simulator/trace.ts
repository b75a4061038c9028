/** Worker entry: the traces of all windows, apart from whoever waits for them. */
import { parentPort } from 'node:worker_threads'
import { serveTraces } from '../lab/trace/trace-worker'

if (!parentPort) throw new Error('trace.js is the entry of a worker')
serveTraces(parentPort)
