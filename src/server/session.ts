/** Who may talk to the web shell: one-time tokens, session cookies, and checks of where a request comes from. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** A refusal with its HTTP status and one line for people. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 503
  readonly message: string
}

const HOSTS = new Set(['127.0.0.1', 'localhost'])
/** Sessions kept; the oldest ends when one more begins. */
const MAX_SESSIONS = 64

const secret = (): string => randomBytes(32).toString('base64url')
const digest = (value: string): Buffer => createHash('sha256').update(value).digest()
const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

/**
 * Refuses what did not come from our own page: a Host that is not this machine's loopback name (DNS
 * rebinding), or an Origin that is not the very host asked for. The port in Host may be another than
 * ours, because SSH forwards under another; Origin must equal it to the digit.
 */
export function checkSource(request: IncomingMessage): Refusal | undefined {
  const { host, origin } = request.headers
  const name = /^([^:@/\\]+)(?::\d{1,5})?$/.exec(host ?? '')?.[1]
  if (name === undefined || !HOSTS.has(name.toLowerCase()))
    return { status: 403, message: 'This server answers only as 127.0.0.1 or localhost' }
  if (origin !== undefined && origin.toLowerCase() !== `http://${host}`.toLowerCase())
    return { status: 403, message: 'Requests from other origins are refused' }
  const site = request.headers['sec-fetch-site']
  if (site === 'cross-site' && request.headers['sec-fetch-mode'] !== 'navigate')
    return { status: 403, message: 'Requests from other sites are refused' }
  return undefined
}

/** The value of a cookie. */
export function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? '').split(';')) {
    const at = part.indexOf('=')
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim()
  }
  return undefined
}

/** Tokens that were given out and the sessions they were exchanged for. */
export class Sessions {
  readonly #tokens: string[] = []
  readonly #sessions: string[] = []

  /** A new one-time token. */
  newToken(): string {
    const token = secret()
    this.#tokens.push(token)
    return token
  }

  /** Exchanges a token for a session; nothing when it is unknown or was used. */
  exchange(token: string): string | undefined {
    const at = this.#tokens.findIndex((known) => same(known, token))
    if (at < 0) return undefined
    this.#tokens.splice(at, 1)
    const session = secret()
    this.#sessions.push(session)
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.shift()
    return session
  }

  has(session: string | undefined): boolean {
    return session !== undefined && this.#sessions.some((known) => same(known, session))
  }
}
