/**
 * The web shell: the same page, host and simulator as in Electron, for one user on 127.0.0.1. A remote
 * machine is reached through an SSH tunnel, never by binding another address.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { VERSION } from 'virtual:engine-hash'
import { dataDir as defaultDataDir, layoutOf } from '../host/data-dir'
import { Log } from '../host/log'
import { spawnNodeSimulator } from '../host/node-simulator'
import { appPaths, type AppPaths } from '../host/paths'
import { createHost } from '../host/service'
import { Supervisor } from '../host/supervise'
import type { Port } from '../protocol/port'
import { answer, authorise } from './http'
import { Sessions } from './session'
import { createSockets } from './sockets'

export interface ServeOptions {
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number
  /** Folder of the user's data; default: `CONTPTE_LAB_DATA` or the platform's place. */
  readonly dataDir?: string
  /** Folder of the built page. */
  readonly rendererDir?: string
  /** Folder of the examples. */
  readonly examplesDir?: string
  /** The built `simulator.js`. */
  readonly simulatorEntry?: string
}

export interface Serving {
  /** Address with a one-time token; whoever opens it first gets the session. */
  readonly url: string
  readonly port: number
  /** Process id of the running simulator. */
  readonly simulatorPid: () => number | undefined
  /** Another address with a token of its own, for another browser. */
  newUrl(): string
  /** Ends everything that was started; resolves when the simulator is gone and the port is free. */
  close(): Promise<void>
}

/**
 * Starts the web shell.
 * @throws the system's error when the port cannot be bound (`EADDRINUSE`, `EACCES`)
 */
export async function serve(options: ServeOptions = {}): Promise<Serving> {
  const built = (): AppPaths => appPaths(import.meta.url)
  const dataDir = options.dataDir ?? defaultDataDir()
  const log = new Log({ file: layoutOf(dataDir).log })
  const sessions = new Sessions()
  const entry = options.simulatorEntry ?? built().simulator
  const supervisor = new Supervisor<Port>({
    spawn: () =>
      spawnNodeSimulator({ entry, dataDir, log: (level, text) => log.add(level, 'simulator', text) }),
    log: (level, text) => log.add(level, 'host', text)
  })
  const host = createHost({
    dataDir,
    examplesDir: options.examplesDir ?? built().examples,
    info: {
      version: VERSION,
      shell: 'web',
      platform: `${process.platform} ${process.arch}, Node ${process.version}`
    },
    log,
    supervisor,
    // The page has the bytes already; it offers them as a download.
    saveFile: async ({ name }) => ({ outcome: 'download', name })
  })

  let port = 0
  const page = {
    root: options.rendererDir ?? built().renderer,
    sessions,
    cookie: () => `contpte-lab-${port}`
  }
  const sockets = createSockets({ host, supervisor, log, authorise: (request) => authorise(request, page) })
  const server = createServer((request, response) => {
    answer(request, response, page).catch((error: unknown) => {
      log.add('error', 'server', String(error))
      response.destroy()
    })
  })
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  port = (server.address() as AddressInfo).port
  log.add('info', 'server', `serving on 127.0.0.1:${port}`)
  supervisor.start()

  const newUrl = (): string => `http://127.0.0.1:${port}/?token=${sessions.newToken()}`
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    sockets.close()
    const freed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await Promise.all([freed, supervisor.stop()])
    await log.flush()
  }
  return {
    url: newUrl(),
    port,
    simulatorPid: () => supervisor.pid,
    newUrl,
    close: () => (closed ??= close())
  }
}
