/** A `Port` over a MessagePort: the browser's, or Electron's `MessagePortMain`. */
import { closing, type Port } from '../port'

/** The browser's `MessagePort`, as far as it is used. */
export interface WebMessagePort {
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void
  addEventListener(type: 'close', listener: () => void): void
  postMessage(message: unknown): void
  start(): void
  close(): void
}

/** A `Port` over the browser's `MessagePort`; which starts paused. */
export function webMessagePort(port: WebMessagePort): Port {
  const { closed, close, onClose } = closing()
  port.addEventListener('close', close)
  return {
    post: (message) => {
      if (!closed()) port.postMessage(message)
    },
    onMessage: (listener) => {
      port.addEventListener('message', (event) => listener(event.data))
      port.start()
    },
    onClose,
    close: () => {
      port.close()
      close()
    }
  }
}

/** Electron's `MessagePortMain`, in the main process and in a utility process. */
export interface MainMessagePort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): unknown
  on(event: 'close', listener: () => void): unknown
  start(): void
  close(): void
}

/** A `Port` over `MessagePortMain`, which starts paused. */
export function mainMessagePort(port: MainMessagePort): Port {
  const { closed, close, onClose } = closing()
  port.on('close', close)
  return {
    post: (message) => {
      if (!closed()) port.postMessage(message)
    },
    onMessage: (listener) => {
      port.on('message', (event) => listener(event.data))
      port.start()
    },
    onClose,
    close: () => {
      port.close()
      close()
    }
  }
}
