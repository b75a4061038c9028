/** Worker entry: compiler, type-checker and chart renderer, apart from whoever waits for them. */
import { parentPort } from 'node:worker_threads'
import { serveChecks } from '../lab/script/check-worker'

if (!parentPort) throw new Error('check.js is the entry of a worker')
serveChecks(parentPort)
