/** The simulator's line to its host: Electron's parent port, or the channel of a forked Node process. */
import { mainMessagePort, type MainMessagePort } from '../protocol/ports/message-port'
import type { Port } from '../protocol/port'
import { Channels, readToSimulator, type ToHost } from '../protocol/process'

/** Electron's `process.parentPort`, as far as it is used. */
interface ParentPort {
  on(
    event: 'message',
    listener: (event: { readonly data: unknown; readonly ports: readonly MainMessagePort[] }) => void
  ): unknown
  postMessage(message: unknown): void
}

export interface LinkHandlers {
  /** A window has connected. */
  connected(port: Port): void
  /** The host is gone. */
  stop(): void
}

/**
 * Opens the line to the host, whichever there is.
 * @throws Error when this process was started by hand, without a host
 */
export function openLink(handlers: LinkHandlers): (message: ToHost) => void {
  const { parentPort } = process as typeof process & { readonly parentPort?: ParentPort }
  return parentPort === undefined ? nodeLink(handlers) : electronLink(parentPort, handlers)
}

function electronLink(parentPort: ParentPort, { connected }: LinkHandlers): (message: ToHost) => void {
  const send = (message: ToHost): void => parentPort.postMessage(message)
  parentPort.on('message', ({ data, ports }) => {
    const message = readToSimulator(data)
    if (message?.kind === 'connect') ports.forEach((port) => connected(mainMessagePort(port)))
    else if (message?.kind === 'ping') send({ kind: 'pong', id: message.id })
  })
  return send
}

function nodeLink({ connected, stop }: LinkHandlers): (message: ToHost) => void {
  if (process.send === undefined) throw new Error('The simulator is started by the app, not by hand')
  const send = (message: ToHost): void => {
    if (process.connected) process.send?.(message)
  }
  const channels = new Channels(send)
  process.on('message', (raw) => {
    const message = readToSimulator(raw)
    if (message?.kind === 'open') connected(channels.open(message.id))
    else if (message?.kind === 'data' || message?.kind === 'close') channels.receive(message)
    else if (message?.kind === 'ping') send({ kind: 'pong', id: message.id })
  })
  process.on('disconnect', stop)
  return send
}
