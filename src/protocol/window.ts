/**
 * What Electron's preload gives to the page, and how ports reach it. In a browser there is no
 * `window.lab`: the page then opens WebSockets to where it came from.
 */
import * as v from 'valibot'

/** `window.lab`: frozen, and nothing else of Electron reaches the page. */
export interface LabBridge {
  /** Asks for a port to each service; each comes as a window message (`PortMessage`) with one port. */
  readonly requestPorts: () => void
}

/** The documented keys of `window.lab`. */
export const LAB_BRIDGE_KEYS = ['requestPorts'] as const satisfies readonly (keyof LabBridge)[]

/** Channel on which the page's frame asks for ports; the main process checks who asks. */
export const REQUEST_PORTS_CHANNEL = 'contpte-lab:request-ports'
/** Channel on which the main process hands over a port, with a `PortMessage`. */
export const PORT_CHANNEL = 'contpte-lab:port'

const portMessage = v.strictObject({
  type: v.literal('contpte-lab:port'),
  service: v.picklist(['host', 'simulator'])
})

/** Says which service the port that comes along belongs to. A later one replaces the earlier. */
export type PortMessage = v.InferOutput<typeof portMessage>
export type ServiceName = PortMessage['service']

/** A hand-over message, or nothing when it is something else. */
export function readPortMessage(value: unknown): PortMessage | undefined {
  const result = v.safeParse(portMessage, value)
  return result.success ? result.output : undefined
}
