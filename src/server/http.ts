/** The page over HTTP: checks, then files of the built renderer, nothing else. */
import { createReadStream } from 'node:fs'
import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { resolveStatic, SECURITY_HEADERS } from '../host/static'
import { checkSource, cookieOf, type Refusal, type Sessions } from './session'

export interface PageOptions {
  /** Folder of the built renderer. */
  readonly root: string
  readonly sessions: Sessions
  /** Name of the session cookie; it holds the port, because cookies are shared by all ports of a host. */
  readonly cookie: () => string
}

const EXPIRED = 'Not allowed: this address was used already, or belongs to an earlier start.'
const UNAUTHORISED: Refusal = {
  status: 401,
  message: `${EXPIRED} Start contpte-lab again and open the address it prints.`
}

/** What a request asks for, split without normalising: `..` must arrive as it was sent. */
function splitUrl(url: string): { path: string; query: URLSearchParams } {
  const at = url.indexOf('?')
  return at < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) }
}

/** Whether a request comes from our own page and belongs to a session. */
export function authorise(request: IncomingMessage, { sessions, cookie }: PageOptions): Refusal | undefined {
  return checkSource(request) ?? (sessions.has(cookieOf(request, cookie())) ? undefined : UNAUTHORISED)
}

/** Answers one HTTP request. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: PageOptions
): Promise<void> {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value)
  response.setHeader('Cache-Control', 'no-store')
  const { path, query } = splitUrl(request.url ?? '/')
  const refused = checkSource(request) ?? (isRead(request) ? undefined : METHOD)
  if (refused !== undefined) return refuse(response, refused)
  if (authorise(request, options) !== undefined) {
    // The page is answered at once, not redirected to: a browser keeps a strict cookie from a redirect
    // that began on another site, such as a link in a web terminal. The page removes the token itself.
    const token = path === '/' ? query.get('token') : null
    const session = token === null ? undefined : options.sessions.exchange(token)
    if (session === undefined) return refuse(response, UNAUTHORISED, path === '/' && isFollowedLink(request))
    response.setHeader('Set-Cookie', `${options.cookie()}=${session}; HttpOnly; SameSite=Strict; Path=/`)
  }
  const file = await resolveStatic(options.root, path)
  if (file === undefined) return refuse(response, { status: 404, message: 'There is no such file' })
  response.setHeader('Content-Type', file.type)
  response.setHeader('Content-Length', file.bytes)
  if (file.immutable) response.setHeader('Cache-Control', 'private, max-age=31536000, immutable')
  if (request.method === 'HEAD') {
    response.end()
    return
  }
  createReadStream(file.path)
    .on('error', () => response.destroy())
    .pipe(response)
}

const METHOD: Refusal = { status: 405, message: 'Only GET and HEAD are answered' }

function isRead({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Whether somebody followed a link on another site to us. */
function isFollowedLink({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] === 'navigate'
}

/**
 * @param again a strict cookie is not sent with a link from another site: the refusal then asks once
 *   more, as a page of ours, and who has a session gets in
 */
function refuse(response: ServerResponse, { status, message }: Refusal, again = false): void {
  response.statusCode = status
  if (status === 405) response.setHeader('Allow', 'GET, HEAD')
  response.setHeader('Content-Type', `text/${again ? 'html' : 'plain'}; charset=utf-8`)
  response.end(again ? `<meta http-equiv="refresh" content="0; url=/"><p>${message}</p>\n` : `${message}\n`)
}

/** Refuses an upgrade: the socket is still plain HTTP. */
export function refuseUpgrade(socket: Duplex, { status, message }: Refusal): void {
  socket.on('error', () => undefined)
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n` +
      `Content-Type: text/plain; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`
  )
}
