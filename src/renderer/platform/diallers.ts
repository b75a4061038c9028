/** The two ways to a service: Electron's ports and WebSockets. */
import { webMessagePort } from '../../protocol/ports/message-port'
import { webSocketPort, type AnyWebSocket } from '../../protocol/ports/web-socket'
import type { Port } from '../../protocol/port'
import { readPortMessage, type LabBridge, type ServiceName } from '../../protocol/window'
import type { Dial } from './reconnecting-client'

declare global {
  interface Window {
    /** Given by Electron's preload; missing in a browser. */
    readonly lab?: LabBridge
  }
}

/** Dials by WebSocket to where the page came from. */
export function webSocketDialler(
  location: Pick<Location, 'protocol' | 'host'>
): (service: ServiceName) => Dial {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  return (service) => () =>
    new Promise<Port>((resolve, reject) => {
      const socket = new WebSocket(`${scheme}://${location.host}/ws/${service}`)
      socket.onopen = () => resolve(webSocketPort(socket as unknown as AnyWebSocket))
      socket.onerror = () => reject(new Error('the connection was refused'))
    })
}

/**
 * Takes the ports that the main process hands in through the preload: one a service at first, and a
 * new one whenever the process behind it was restarted.
 */
export function bridgeDialler(page: Window, lab: LabBridge): (service: ServiceName) => Dial {
  const waiting: Partial<Record<ServiceName, Port>> = {}
  const current: Partial<Record<ServiceName, Port>> = {}
  const wanted: Partial<Record<ServiceName, (port: Port) => void>> = {}
  page.addEventListener('message', (event) => {
    if (event.source !== page || event.origin !== page.location.origin) return
    const message = readPortMessage(event.data)
    const [given] = event.ports
    if (message === undefined || given === undefined) return
    const { service } = message
    const port = webMessagePort(given)
    waiting[service]?.close()
    waiting[service] = port
    // Only the newest port leads anywhere: ending the one in use makes its client dial again.
    current[service]?.close()
    wanted[service]?.(port)
  })
  let asked = false
  return (service) => () =>
    new Promise<Port>((resolve) => {
      wanted[service] = (port) => {
        wanted[service] = undefined
        waiting[service] = undefined
        current[service] = port
        resolve(port)
      }
      const port = waiting[service]
      if (port !== undefined) wanted[service](port)
      if (!asked) lab.requestPorts()
      asked = true
    })
}
