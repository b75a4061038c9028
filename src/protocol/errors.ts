/**
 * Errors that cross a process border: a stable code for programs, a message for people, and where it
 * helps a hint what to do. Classes do not survive the crossing, these three fields do.
 */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  constructor(
    /** One of `RPC_CODES`, or the code of the error that the other side threw. */
    readonly code: string,
    message: string,
    readonly hint?: string
  ) {
    super(message)
  }
}

/** The codes this layer itself gives; those of the services come through unchanged. */
export const RPC_CODES = {
  /** The message is not a call, a reply or an event of this protocol. */
  'bad-message': 'bad-message',
  /** The service has no such method. */
  'unknown-method': 'unknown-method',
  /** The payload is not what the method takes; the message names the field. */
  'bad-request': 'bad-request',
  /** The other side answered something its own contract forbids. */
  'bad-reply': 'bad-reply',
  /** More calls under way on one connection than `MAX_CALLS_UNDER_WAY`. */
  busy: 'busy',
  /** The connection ended before the reply came. */
  disconnected: 'disconnected',
  /** The other side is down and was not restarted. */
  unavailable: 'unavailable',
  /** A defect of ours: the other side threw something without a code. */
  internal: 'internal'
} as const

/** What of an error goes over the wire. */
export interface ErrorData {
  readonly code: string
  readonly message: string
  readonly hint?: string
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** An error as data; what has no code of its own becomes `internal`. */
export function errorToData(error: unknown): ErrorData {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>
  const hint = text(fields.hint)
  return {
    code: text(fields.code) ?? RPC_CODES.internal,
    message: text(fields.message) ?? String(error),
    ...(hint === undefined ? {} : { hint })
  }
}

/** The error that data from the other side stand for. */
export function errorFromData(data: ErrorData): RpcError {
  return new RpcError(data.code, data.message, data.hint)
}
