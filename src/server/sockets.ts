/** The two services over WebSockets, for pages that passed the same checks as any request. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Host } from '../host/service'
import type { Log } from '../host/log'
import type { Supervisor } from '../host/supervise'
import { MAX_HOST_MESSAGE_BYTES, MAX_SIMULATOR_MESSAGE_BYTES } from '../protocol/limits'
import type { Port } from '../protocol/port'
import { webSocketPort, type AnyWebSocket } from '../protocol/ports/web-socket'
import { serveRpc } from '../protocol/rpc'
import { hostContract } from '../protocol/schemas/host'
import { refuseUpgrade } from './http'
import type { Refusal } from './session'

/** A tunnel that fell away tells nobody: a page that answers no ping for this long is gone. */
const PING_EVERY_MS = 30_000

export interface SocketsOptions {
  readonly host: Host
  readonly supervisor: Supervisor<Port>
  readonly log: Log
  readonly authorise: (request: IncomingMessage) => Refusal | undefined
}

export interface Sockets {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

export function createSockets({ host, supervisor, log, authorise }: SocketsOptions): Sockets {
  const server = (maxPayload: number): WebSocketServer =>
    new WebSocketServer({ noServer: true, maxPayload, perMessageDeflate: false })
  const complain = (error: Error): void => log.add('warn', 'server', error.message)

  const services: Readonly<
    Record<string, { readonly wss: WebSocketServer; readonly serve: (port: Port) => void }>
  > = {
    '/ws/host': {
      wss: server(MAX_HOST_MESSAGE_BYTES),
      serve: (port) => {
        const served = serveRpc(port, hostContract, host.service, complain)
        port.onClose(host.on((event) => served.emit(event)))
      }
    },
    '/ws/simulator': {
      wss: server(MAX_SIMULATOR_MESSAGE_BYTES),
      serve: (page) => {
        supervisor.connect().then(
          (simulator) => joinPorts(page, simulator),
          (error: unknown) => {
            complain(error instanceof Error ? error : new Error(String(error)))
            page.close()
          }
        )
      }
    }
  }

  const alive = new WeakSet<WebSocket>()
  const heartbeat = setInterval(() => {
    for (const { wss } of Object.values(services))
      for (const socket of wss.clients) {
        if (!alive.delete(socket)) socket.terminate()
        else socket.ping()
      }
  }, PING_EVERY_MS)
  heartbeat.unref()

  return {
    upgrade: (request, socket, head) => {
      const path = (request.url ?? '').split('?')[0]
      const found = Object.hasOwn(services, path) ? services[path] : undefined
      const refusal =
        authorise(request) ??
        (request.headers.origin === undefined
          ? ({ status: 403, message: 'A WebSocket must name its origin' } as const)
          : found === undefined
            ? ({ status: 404, message: 'There is no such service' } as const)
            : undefined)
      if (refusal !== undefined || found === undefined) {
        refuseUpgrade(socket, refusal ?? { status: 404, message: 'There is no such service' })
        return
      }
      found.wss.handleUpgrade(request, socket, head, (webSocket) => {
        alive.add(webSocket)
        webSocket.on('pong', () => alive.add(webSocket))
        found.serve(webSocketPort(webSocket as unknown as AnyWebSocket))
      })
    },
    close: () => {
      clearInterval(heartbeat)
      for (const { wss } of Object.values(services)) {
        for (const socket of wss.clients) socket.terminate()
        wss.close()
      }
    }
  }
}

/** Makes two ports one: what comes in at one goes out at the other, and they end together. */
function joinPorts(a: Port, b: Port): void {
  a.onMessage((message) => b.post(message))
  b.onMessage((message) => a.post(message))
  a.onClose(() => b.close())
  b.onClose(() => a.close())
}
