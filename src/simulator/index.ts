/**
 * The simulator process: the laboratory behind the protocol, for every window that connects. The same
 * file runs as Electron's utility process and as a forked Node process of the web shell.
 */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { dataDir, layoutOf } from '../host/data-dir'
import { appPaths } from '../host/paths'
import { FileRunStore } from '../host/run-store'
import { Laboratory } from '../lab/laboratory'
import { serveRpc } from '../protocol/rpc'
import type { Port } from '../protocol/port'
import { simulatorContract } from '../protocol/schemas/simulator'
import { openLink } from './link'
import { createSimulator, type Simulator } from './service'

// Charts format times in the zone of the process: everywhere the same.
process.env.TZ = 'UTC'

/** Sorts by time, and never meets another: `20261123T211700-4f1c9a`. */
function newRunId(): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '')
  return `${time}-${randomBytes(3).toString('hex')}`
}

const paths = appPaths(import.meta.url)
const store = new FileRunStore(layoutOf(dataDir()).runs)
const laboratory = new Laboratory({
  jobUrl: pathToFileURL(paths.job),
  checkUrl: pathToFileURL(paths.check),
  cores: availableParallelism(),
  now: () => performance.now(),
  timestamp: () => new Date().toISOString(),
  newRunId,
  store
})
const simulator: Simulator = createSimulator(laboratory, store)

/** What a first run needs is loaded before it, but not while the window needs every CPU to appear. */
const WARM_AFTER_MS = 2_500

function serveWindow(port: Port): void {
  const served = serveRpc(port, simulatorContract, simulator.service, (error) =>
    send({ kind: 'log', level: 'error', text: error.message })
  )
  port.onClose(simulator.on((event) => served.emit(event)))
}

const send = openLink({ connected: serveWindow, stop: () => process.exit(0) })

// A terminal sends Ctrl-C to every process of the app: the host decides when this one ends.
process.on('SIGINT', () => undefined)

// Before anybody is answered: what an earlier process left behind is then told as what it is.
store
  .recover()
  .then(({ lost, dropped }) => {
    if (lost.length > 0)
      send({ kind: 'log', level: 'warn', text: `lost with an earlier process: ${lost.join(', ')}` })
    if (dropped.length > 0)
      send({ kind: 'log', level: 'info', text: `dropped old runs: ${dropped.join(', ')}` })
  })
  .catch((error: unknown) =>
    send({ kind: 'log', level: 'error', text: `runs could not be recovered: ${String(error)}` })
  )
  .finally(() => {
    send({ kind: 'ready' })
    setTimeout(() => void laboratory.warm(), WARM_AFTER_MS).unref()
  })
