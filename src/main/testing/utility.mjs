/** A utility process as a worker: gives the entry its `process.parentPort`, then runs it. */
import { EventEmitter } from 'node:events'
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { MessagePortMain } from './double.mjs'

const port = Object.assign(new EventEmitter(), { postMessage: (message) => parentPort.postMessage(message) })
parentPort.on('message', ({ data, ports }) =>
  port.emit('message', { data, ports: ports.map((each) => new MessagePortMain(each)) })
)
process.parentPort = port
await import(pathToFileURL(workerData).href)
