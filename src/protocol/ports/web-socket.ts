/** A `Port` over a WebSocket, the browser's or that of the package `ws`: both speak the DOM's events. */
import { closing, type Port } from '../port'
import { decodeFrame, encodeFrame } from './frames'

/** What both WebSockets have in common, as far as it is used. */
export interface AnyWebSocket {
  binaryType: string
  readonly readyState: number
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  onmessage: ((event: { readonly data: unknown }) => void) | null
  onclose: ((event: { readonly code: number }) => void) | null
  onerror: ((event: never) => void) | null
}

/** WebSocket close code: a frame could not be read. */
const BAD_FRAME = 1007
const OPEN = 1

/** A `Port` over an open WebSocket. A frame that cannot be read closes it with code 1007. */
export function webSocketPort(socket: AnyWebSocket): Port {
  const { close, onClose } = closing()
  // The server may talk first: what comes before the listener is kept.
  let early: unknown[] | undefined = []
  let deliver = (message: unknown): void => void early?.push(message)
  socket.binaryType = 'arraybuffer'
  socket.onmessage = ({ data }) => {
    let message
    try {
      if (typeof data !== 'string' && !(data instanceof ArrayBuffer))
        throw new Error('neither text nor bytes')
      message = decodeFrame(typeof data === 'string' ? data : new Uint8Array(data))
    } catch {
      socket.close(BAD_FRAME, 'not a frame of this protocol')
      return
    }
    deliver(message)
  }
  socket.onerror = () => socket.close()
  socket.onclose = close
  return {
    post: (message) => {
      if (socket.readyState === OPEN) socket.send(encodeFrame(message) as string | Uint8Array<ArrayBuffer>)
    },
    onMessage: (listener) => {
      deliver = listener
      for (const message of early ?? []) listener(message)
      early = undefined
    },
    onClose,
    close: () => socket.close(1000)
  }
}
