/** Two joined ports for tests: messages cross as structured clones, in order, in a later turn. */
import { closing, type Port } from '../port'

export function portPair(): [Port, Port] {
  const { closed, close, onClose } = closing()
  const make = (): {
    port: Port
    deliver: (message: unknown) => void
    link: (to: (message: unknown) => void) => void
  } => {
    let listener: ((message: unknown) => void) | undefined
    let send: (message: unknown) => void = () => undefined
    const early: unknown[] = []
    return {
      port: {
        post: (message) => {
          if (!closed()) send(structuredClone(message))
        },
        onMessage: (given) => {
          listener = given
          for (const message of early.splice(0)) given(message)
        },
        onClose,
        close
      },
      deliver: (message) =>
        queueMicrotask(() => (listener === undefined ? early.push(message) : listener(message))),
      link: (to) => (send = to)
    }
  }
  const a = make()
  const b = make()
  a.link(b.deliver)
  b.link(a.deliver)
  return [a.port, b.port]
}
