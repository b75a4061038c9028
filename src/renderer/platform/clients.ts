import type { HostEvent, HostService, SimulatorEvent, SimulatorService } from '../../protocol/services'

/** Whether calls go through now. `waiting`: the other end is being started again; calls made now fail at once. */
export type ConnectionState = 'connecting' | 'open' | 'waiting' | 'closed'

interface Client<Event> {
  readonly state: ConnectionState
  /** Told after every change of `state`. Answers a function that stops it. */
  onState(listener: (state: ConnectionState) => void): () => void
  /** Told every event, in order. Answers a function that stops it. */
  on(listener: (event: Event) => void): () => void
}

/** The simulator's calls, its events, and whether it can be reached. */
export type SimulatorClient = SimulatorService & Client<SimulatorEvent>

/** The host's calls, its events, and whether it can be reached. */
export type HostClient = HostService & Client<HostEvent>

/** What a window talks to. `connect()` makes it; tests make one in memory. */
export interface Clients {
  readonly simulator: SimulatorClient
  readonly host: HostClient
}
