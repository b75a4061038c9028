/** What a page holds of each service: calls, events and how the connection stands. */
import type { HostEvent, HostService, SimulatorEvent, SimulatorService } from './services'

/**
 * - `connecting`: not yet, or not again, connected; calls wait for the connection.
 * - `ready`: connected and greeted.
 * - `failed`: the host gave up restarting the other side; calls are refused with `unavailable`.
 */
export type ClientState = 'connecting' | 'ready' | 'failed'

/**
 * One service as the page sees it. It reconnects by itself; a call that was under way when the
 * connection broke is rejected with an `RpcError` of code `disconnected`, a call made before the next
 * connection stands waits for it.
 */
export interface Client<S, E> {
  /** Typed calls. They reject with an `RpcError`, whose `code` is stable and whose message is for people. */
  readonly call: S
  readonly state: ClientState
  /** How many connections stood so far: 1 after the first. A change means: ask again for what you show. */
  readonly generation: number
  /** Hears every event of this and all later connections. Answers what ends it. */
  on(listener: (event: E) => void): () => void
  /** Hears every change of `state` or `generation`. Answers what ends it. */
  onState(listener: (state: ClientState, generation: number) => void): () => void
}

export type HostClient = Client<HostService, HostEvent>
export type SimulatorClient = Client<SimulatorService, SimulatorEvent>

export interface Clients {
  readonly host: HostClient
  readonly simulator: SimulatorClient
}
