/**
 * The page's connection to host and simulator: over ports that Electron's preload hands in, or over
 * WebSockets to where the page came from. Nothing else in the renderer knows which.
 */
import type { Clients } from '../../protocol/client'
import { hostContract } from '../../protocol/schemas/host'
import { simulatorContract } from '../../protocol/schemas/simulator'
import type { ServiceName } from '../../protocol/window'
import { ReconnectingClient, type Dial } from './reconnecting-client'
import { bridgeDialler, webSocketDialler } from './diallers'

/**
 * Connects this page and keeps it connected. Resolves when the host answers; the simulator may still be
 * starting then.
 * @throws RpcError `unavailable` when the host cannot be reached at all
 */
export async function connect(): Promise<Clients> {
  if (window.lab !== undefined) return connectThrough(bridgeDialler(window, window.lab))
  forgetToken()
  return connectThrough(webSocketDialler(window.location))
}

/** The one-time token has done its work: out of the address bar, the history and what is copied from them. */
function forgetToken(): void {
  const { pathname, search, hash } = window.location
  const query = new URLSearchParams(search)
  if (!query.has('token')) return
  query.delete('token')
  window.history.replaceState(
    window.history.state,
    '',
    `${pathname}${query.size > 0 ? `?${query}` : ''}${hash}`
  )
}

/** `connect` over any way of dialling a service. */
export async function connectThrough(dialler: (service: ServiceName) => Dial): Promise<Clients> {
  const complain = (error: Error): void => console.error(error)
  const host = new ReconnectingClient(hostContract, dialler('host'), (call) => call.info(), complain)
  const simulator = new ReconnectingClient(
    simulatorContract,
    dialler('simulator'),
    (call) => call.hello(),
    complain
  )
  host.on((event) => {
    if (event.type !== 'simulator') return
    if (event.state === 'failed') simulator.giveUp(`The simulator does not run: ${event.reason ?? 'unknown'}`)
    else simulator.resume()
  })
  await host.connected()
  return { host, simulator }
}
