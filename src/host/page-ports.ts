/**
 * The ports of one page where ports are handed over (Electron): one to the host at once, one to the
 * simulator whenever it becomes ready. A reload begins anew and ends what the page before had.
 */
import type { Port } from '../protocol/port'
import { serveRpc } from '../protocol/rpc'
import { hostContract } from '../protocol/schemas/host'
import type { ServiceName } from '../protocol/window'
import type { Log } from './log'
import type { Host } from './service'
import type { Supervisor } from './supervise'

export interface PagePortsOptions<C> {
  readonly host: Host
  readonly supervisor: Supervisor<C>
  readonly log: Log
  /** A new channel: our end as a port, and the end that is given away. */
  readonly channel: () => { readonly ours: Port; readonly theirs: C }
}

export class PagePorts<C> {
  readonly #options: PagePortsOptions<C>
  #end: () => void = () => undefined

  constructor(options: PagePortsOptions<C>) {
    this.#options = options
  }

  /** Gives the page that is loaded now its ports; `post` hands one over. */
  begin(post: (service: ServiceName, port: C) => void): void {
    const { host, supervisor, log, channel } = this.#options
    this.end()
    const { ours, theirs } = channel()
    const served = serveRpc(ours, hostContract, host.service, (error) =>
      log.add('warn', 'window', error.message)
    )
    post('host', theirs)

    let ended = false
    let given: number | undefined
    const giveSimulator = (): void => {
      const { state, restarts } = supervisor.state
      if (state !== 'ready' || given === restarts) return
      given = restarts
      supervisor.connect().then(
        (port) => {
          if (!ended) post('simulator', port)
        },
        (error: unknown) => log.add('warn', 'host', String(error))
      )
    }
    const endings = [
      host.on((event) => served.emit(event)),
      supervisor.onState(giveSimulator),
      () => ours.close()
    ]
    giveSimulator()
    this.#end = () => {
      ended = true
      for (const end of endings) end()
    }
  }

  /** The page is gone. */
  end(): void {
    this.#end()
    this.#end = () => undefined
  }
}
