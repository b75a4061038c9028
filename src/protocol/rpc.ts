/**
 * Typed calls and events over a `Port`, on birpc. What birpc leaves open is closed here: envelopes are
 * validated before it sees them, only methods of the contract resolve, payloads and replies are checked
 * against their schemas, errors cross as `{code, message, hint}`, and nothing a peer sends can throw.
 */
import { createBirpc } from 'birpc'
import * as v from 'valibot'
import type { Contract } from './contract'
import { errorFromData, errorToData, RPC_CODES, RpcError } from './errors'
import type { Port } from './port'
import { MAX_CALLS_UNDER_WAY } from './limits'
import { describeIssues, maybe, line, name, shape, type Schema } from './schemas/base'

const EVENT = '$event'

const envelope = v.union([
  v.strictObject({
    t: v.literal('q'),
    i: v.optional(v.pipe(v.string(), v.maxLength(64))),
    m: name,
    a: v.array(v.unknown())
  }),
  v.strictObject({ t: v.literal('s'), i: v.pipe(v.string(), v.maxLength(64)), r: v.optional(v.unknown()) }),
  v.strictObject({
    t: v.literal('s'),
    i: v.pipe(v.string(), v.maxLength(64)),
    e: shape<{ code: string; message: string; hint?: string }>({
      code: name,
      message: line,
      hint: maybe(line)
    })
  })
])

interface Call {
  readonly request?: Schema<unknown>
  readonly reply: Schema<unknown>
}

/** What went wrong on a connection without a caller to tell: for the log. */
export type Complain = (error: RpcError) => void

function parse<T>(schema: Schema<T>, value: unknown, code: string, what: string): T {
  const result = v.safeParse(schema, value, { abortEarly: true })
  if (result.success) return result.output
  throw new RpcError(code, `${what}: ${describeIssues(result.issues)}`)
}

/** Reads an envelope; turns error data into an error, so that birpc rejects with it. */
function readEnvelope(raw: unknown): unknown {
  const message = parse<v.InferOutput<typeof envelope>>(
    envelope as Schema<v.InferOutput<typeof envelope>>,
    raw,
    RPC_CODES['bad-message'],
    'Not a message of this protocol'
  )
  return 'e' in message ? { ...message, e: errorFromData(message.e) } : message
}

function writeEnvelope(message: { readonly e?: unknown }): unknown {
  return message.e === undefined ? message : { ...message, e: errorToData(message.e) }
}

/** The id of a call whose envelope is refused, so that its caller still gets an answer. */
function callId(raw: unknown): string | undefined {
  const fields = (typeof raw === 'object' && raw !== null ? raw : {}) as Record<string, unknown>
  return fields.t === 'q' && typeof fields.i === 'string' && fields.i.length <= 64 ? fields.i : undefined
}

type Answer = (name: string, args: readonly unknown[]) => unknown

/** birpc over a port with every way out guarded. */
function open(port: Port, answer: Answer, complain: Complain) {
  const report = (error: unknown): true => {
    complain(error instanceof RpcError ? error : errorFromData(errorToData(error)))
    return true
  }
  return createBirpc<Record<string, (...args: unknown[]) => unknown>, Record<string, never>, false>(
    {},
    {
      proxify: false,
      timeout: -1,
      post: (message: unknown) => port.post(message),
      on: (listener: (message: unknown) => void) =>
        port.onMessage((raw) => {
          let message
          try {
            message = readEnvelope(raw)
          } catch (error) {
            const id = callId(raw)
            if (id !== undefined) port.post({ t: 's', i: id, e: errorToData(error) })
            report(error)
            return
          }
          listener(message)
        }),
      serialize: writeEnvelope,
      resolver:
        (name: string) =>
        (...args: unknown[]) =>
          answer(name, args),
      onGeneralError: (error: Error, name?: string) => (name === undefined ? undefined : report(error))
    }
  )
}

/** The serving end of a connection. */
export interface Served<E> {
  emit(event: E): void
  close(): void
}

/**
 * Serves `service` over `port` until it closes.
 * @param complain hears of messages that have no caller to be answered, and of defects of the service
 */
export function serveRpc<S extends object, E extends { readonly type: string }>(
  port: Port,
  contract: Contract<S, E>,
  service: S,
  complain: Complain = () => undefined
): Served<E> {
  const calls = contract.calls as unknown as Readonly<Record<string, Call>>
  const methods = service as unknown as Readonly<Record<string, (request?: unknown) => Promise<unknown>>>
  let underWay = 0
  const answer: Answer = async (name, args) => {
    if (!Object.hasOwn(calls, name))
      throw new RpcError(RPC_CODES['unknown-method'], `The ${contract.name} has no method "${name}"`)
    const { request } = calls[name]
    if (args.length !== (request === undefined ? 0 : 1))
      throw new RpcError(
        RPC_CODES['bad-request'],
        `${name} takes ${request === undefined ? 'no argument' : 'one argument'}`
      )
    if (underWay >= MAX_CALLS_UNDER_WAY)
      throw new RpcError(RPC_CODES.busy, `More than ${MAX_CALLS_UNDER_WAY} calls under way`)
    underWay++
    try {
      return request === undefined
        ? await methods[name]()
        : await methods[name](parse(request, args[0], RPC_CODES['bad-request'], name))
    } catch (error) {
      const data = errorToData(error)
      if (data.code === RPC_CODES.internal && error instanceof Error)
        complain(new RpcError(data.code, `${name}: ${error.stack ?? error.message}`))
      throw error
    } finally {
      underWay--
    }
  }
  const rpc = open(port, answer, complain)
  port.onClose(() => rpc.$close())
  return {
    emit: (event) => void rpc.$callEvent(EVENT, event).catch(() => undefined),
    close: () => port.close()
  }
}

/** The calling end of a connection. */
export interface Connection<S, E> {
  /** The methods of the contract; they reject with `RpcError` only. */
  readonly call: S
  on(listener: (event: E) => void): () => void
  onClose(listener: () => void): void
  close(): void
}

/** Calls the service at the other end of `port`. */
export function connectRpc<S extends object, E extends { readonly type: string }>(
  port: Port,
  contract: Contract<S, E>,
  complain: Complain = () => undefined
): Connection<S, E> {
  const listeners = new Set<(event: E) => void>()
  const events = contract.events as unknown as Readonly<Record<string, Schema<E>>>
  const answer: Answer = (method, [event]) => {
    const type = (event as { readonly type?: unknown } | null | undefined)?.type
    if (method !== EVENT || typeof type !== 'string' || !Object.hasOwn(events, type)) {
      complain(new RpcError(RPC_CODES['bad-message'], `Not an event of the ${contract.name}`))
      return
    }
    try {
      const parsed = parse(events[type], event, RPC_CODES['bad-message'], `Event ${type}`)
      for (const listener of [...listeners]) listener(parsed)
    } catch (error) {
      complain(error instanceof RpcError ? error : errorFromData(errorToData(error)))
    }
  }
  const rpc = open(port, answer, complain)
  let closed = false
  port.onClose(() => {
    closed = true
    rpc.$close(new RpcError(RPC_CODES.disconnected, `The connection to the ${contract.name} ended`))
  })
  const method =
    (name: string, { request: schema, reply }: Call) =>
    async (request?: unknown) => {
      if (closed) throw new RpcError(RPC_CODES.disconnected, `The connection to the ${contract.name} ended`)
      // Checked here too: a copy without a framework's proxies goes out, and what is too large never does.
      const args = schema === undefined ? [] : [parse(schema, request, RPC_CODES['bad-request'], name)]
      let answer
      try {
        answer = await rpc.$call(name, ...args)
      } catch (error) {
        throw error instanceof RpcError ? error : errorFromData(errorToData(error))
      }
      return parse(reply, answer, RPC_CODES['bad-reply'], name)
    }
  const calls = Object.entries<Call>(contract.calls as unknown as Readonly<Record<string, Call>>)
  return {
    call: Object.fromEntries(calls.map(([name, schemas]) => [name, method(name, schemas)])) as unknown as S,
    on: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    onClose: port.onClose,
    close: () => port.close()
  }
}
