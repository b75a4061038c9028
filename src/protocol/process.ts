/**
 * What host and simulator process say to each other beside the calls of windows. In Electron every
 * window gets a MessagePort of its own and only `connect` and the health check use this channel; in the
 * web shell the windows' connections share it as numbered channels.
 */
import * as v from 'valibot'
import { closing, type Port } from './port'

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

/** From the host to the simulator. */
const toSimulator = v.variant('kind', [
  /** Electron: the port of a new window comes along. */
  v.strictObject({ kind: v.literal('connect') }),
  v.strictObject({ kind: v.literal('open'), id }),
  v.strictObject({ kind: v.literal('data'), id, data: v.unknown() }),
  v.strictObject({ kind: v.literal('close'), id }),
  v.strictObject({ kind: v.literal('ping'), id })
])

/** From the simulator to the host. */
const toHost = v.variant('kind', [
  v.strictObject({ kind: v.literal('ready') }),
  v.strictObject({ kind: v.literal('data'), id, data: v.unknown() }),
  v.strictObject({ kind: v.literal('close'), id }),
  v.strictObject({ kind: v.literal('pong'), id }),
  v.strictObject({ kind: v.literal('log'), level: v.picklist(['info', 'warn', 'error']), text: v.string() })
])

export type ToSimulator = v.InferOutput<typeof toSimulator>
export type ToHost = v.InferOutput<typeof toHost>

/** A message to the simulator, or nothing when it is none of the protocol. */
export function readToSimulator(value: unknown): ToSimulator | undefined {
  const result = v.safeParse(toSimulator, value)
  return result.success ? result.output : undefined
}

/** A message to the host, or nothing when it is none of the protocol. */
export function readToHost(value: unknown): ToHost | undefined {
  const result = v.safeParse(toHost, value)
  return result.success ? result.output : undefined
}

type ChannelMessage = Extract<ToSimulator, { kind: 'data' | 'close' }>

/** Numbered channels over one stream of messages: the same book-keeping at both ends. */
export class Channels {
  readonly #open = new Map<number, { deliver: (data: unknown) => void; close: () => void }>()
  readonly #send: (message: ChannelMessage) => void

  constructor(send: (message: ChannelMessage) => void) {
    this.#send = send
  }

  /** A port for channel `id`; what arrives before its listener is kept. */
  open(id: number): Port {
    const { closed, close, onClose } = closing()
    let early: unknown[] | undefined = []
    let deliver = (data: unknown): void => void early?.push(data)
    this.#open.set(id, { deliver: (data) => deliver(data), close })
    onClose(() => this.#open.delete(id))
    return {
      post: (data) => {
        if (!closed()) this.#send({ kind: 'data', id, data })
      },
      onMessage: (listener) => {
        deliver = listener
        for (const data of early ?? []) listener(data)
        early = undefined
      },
      onClose,
      close: () => {
        if (!closed()) this.#send({ kind: 'close', id })
        close()
      }
    }
  }

  /** Hands a message of the other side to its channel; one for a closed channel is late and dropped. */
  receive(message: ChannelMessage): void {
    const channel = this.#open.get(message.id)
    if (message.kind === 'data') channel?.deliver(message.data)
    else channel?.close()
  }

  /** Closes all channels: the other side is gone. */
  closeAll(): void {
    for (const { close } of [...this.#open.values()]) close()
  }
}
