import type { Clients } from '../../protocol/client'

let inUse: Clients | undefined

/** Gives the stores their clients, once, before the app is mounted. */
export function useClients(clients: Clients): void {
  inUse = clients
}

/** The clients of this window. A call before `useClients` is a mistake of ours. */
export function clients(): Clients {
  if (!inUse) throw new Error('clients() before useClients()')
  return inUse
}

/** The host's calls. */
export const host = () => clients().host.call

/** The simulator's calls. */
export const simulator = () => clients().simulator.call
