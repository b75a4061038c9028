import type { Clients } from './clients'

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
