import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { connect as tcpConnect } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import { CONTENT_SECURITY_POLICY } from '../host/static'
import { MAX_SIMULATOR_MESSAGE_BYTES } from '../protocol/limits'
import type { Port } from '../protocol/port'
import { webSocketPort, type AnyWebSocket } from '../protocol/ports/web-socket'
import { connectRpc } from '../protocol/rpc'
import { hostContract } from '../protocol/schemas/host'
import { simulatorContract } from '../protocol/schemas/simulator'
import type { HostEvent } from '../protocol/services'
import { serve, type Serving } from './serve'

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let folder: string
let serving: Serving
let cookie: string
const origin = (): string => `http://127.0.0.1:${serving.port}`

/** A request as it is written: no client tidies up the path. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port: serving.port, path, method, headers }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    sent.on('error', reject).end()
  })
}

const withCookie = (path: string, headers: Record<string, string> = {}, method?: string): Promise<Answer> =>
  ask(path, { cookie, ...headers }, method)

interface Opened {
  readonly socket: WebSocket
  readonly port: Port
}

/** Opens a WebSocket, or tells the HTTP status it was refused with. */
function upgrade(
  path: string,
  headers: Record<string, string>,
  options: ClientOptions = {}
): Promise<Opened | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${serving.port}${path}`, { ...options, headers })
    // What the server says first comes in the same turn: the port must be there to keep it.
    socket.on('open', () => resolve({ socket, port: webSocketPort(socket as unknown as AnyWebSocket) }))
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      response.resume()
    })
    socket.on('error', reject)
  })
}

async function openSocket(path: string): Promise<Opened> {
  const opened = await upgrade(path, { cookie, origin: origin() })
  if (typeof opened === 'number') throw new Error(`refused with ${opened}`)
  return opened
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lab-server-'))
  const root = join(folder, 'renderer')
  await mkdir(join(root, 'assets'), { recursive: true })
  await writeFile(join(root, 'index.html'), '<!doctype html><title>page</title>')
  await writeFile(join(root, 'assets', 'main-1234.js'), 'export {}')
  await writeFile(join(root, 'assets', 'a.wasm'), '')
  await writeFile(join(root, 'assets', 'a.ttf'), '')
  await writeFile(join(root, '.hidden.html'), 'hidden')
  await writeFile(join(root, 'unknown.kind'), 'x')
  await writeFile(join(folder, 'secret.html'), 'secret')
  await symlink(join(folder, 'secret.html'), join(root, 'link.html'))
  await symlink(folder, join(root, 'up'))
  serving = await serve({
    dataDir: join(folder, 'data'),
    rendererDir: root,
    examplesDir: join(folder, 'none'),
    simulatorEntry: fileURLToPath(new URL('./testing/fake-simulator.mjs', import.meta.url))
  })
})

afterAll(async () => {
  await serving.close()
  await rm(folder, { recursive: true, force: true })
})

describe('the token', () => {
  it('is asked for, and works once', async () => {
    expect((await ask('/')).status).toBe(401)
    expect((await ask('/?token=')).status).toBe(401)
    expect((await ask('/?token=guess')).status).toBe(401)
    const { pathname, search } = new URL(serving.url)
    // Only the page itself takes it.
    expect((await ask(`/assets/main-1234.js${search}`)).status).toBe(401)
    const first = await ask(`${pathname}${search}`)
    expect(first.status).toBe(200)
    expect(first.body).toContain('<title>page</title>')
    const set = String(first.headers['set-cookie'])
    expect(set).toMatch(/; HttpOnly; SameSite=Strict; Path=\/$/)
    expect(set).not.toContain(search.slice('?token='.length))
    cookie = set.split(';')[0]
    expect((await ask(`${pathname}${search}`)).status).toBe(401)
  })

  it('is exchanged for a session in which a reload, a second tab and the old address work', async () => {
    expect((await withCookie('/')).status).toBe(200)
    expect((await withCookie('/assets/main-1234.js')).status).toBe(200)
    expect((await withCookie(new URL(serving.url).search.replace(/^/, '/'))).status).toBe(200)
    const name = cookie.split('=')[0]
    expect((await ask('/', { cookie: `${name}=${'A'.repeat(43)}` })).status).toBe(401)
    expect((await ask('/', { cookie: `${name}=` })).status).toBe(401)
  })

  it('can be had anew for another browser', async () => {
    const { pathname, search } = new URL(serving.newUrl())
    expect((await ask(`${pathname}${search}`)).status).toBe(200)
  })

  it('names its session cookie after the port, because cookies are shared by all ports', () => {
    expect(cookie).toMatch(new RegExp(`^contpte-lab-${serving.port}=`))
  })
})

describe('a request', () => {
  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '0.0.0.0',
    '[::1]',
    '192.168.0.1'
  ])('with the Host %j is refused, also with a session', async (host) =>
    expect((await withCookie('/', { host })).status).toBe(403)
  )

  it('through a tunnel, with another port in Host, is answered', async () => {
    expect((await withCookie('/', { host: 'localhost:9000', origin: 'http://localhost:9000' })).status).toBe(
      200
    )
  })

  it.each([
    'http://evil.example',
    'null',
    'https://127.0.0.1',
    'http://127.0.0.1:1',
    'http://localhost',
    'file://'
  ])('with the Origin %s is refused, also with a session', async (foreign) =>
    expect((await withCookie('/', { origin: foreign })).status).toBe(403)
  )

  it('that another site makes for a part of the page is refused; a link to it is not', async () => {
    const site = { 'sec-fetch-site': 'cross-site' }
    expect((await withCookie('/assets/main-1234.js', { ...site, 'sec-fetch-mode': 'no-cors' })).status).toBe(
      403
    )
    expect((await withCookie('/', { ...site, 'sec-fetch-mode': 'navigate' })).status).toBe(200)
  })

  it('by a link from another site, which carries no strict cookie, is asked again by a page of ours', async () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    const first = await ask('/', link)
    expect([first.status, first.headers['content-type']]).toEqual([401, 'text/html; charset=utf-8'])
    expect(first.body).toContain('<meta http-equiv="refresh" content="0; url=/">')
    // Once: the second is from ourselves.
    const second = await ask('/', { ...link, 'sec-fetch-site': 'same-origin' })
    expect([second.status, second.body.includes('refresh')]).toEqual([401, false])
    expect((await ask('/assets/main-1234.js', link)).body).not.toContain('refresh')
  })

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('by %s is refused', async (method) => {
    expect((await withCookie('/', {}, method)).status).toBe(405)
  })

  it.each([
    '/../secret.html',
    '/assets/../../secret.html',
    '/%2e%2e/secret.html',
    '/..%2fsecret.html',
    '/%2e%2e%2fsecret.html',
    '/%252e%252e%252fsecret.html',
    '/..\\secret.html',
    '/..%5csecret.html',
    '/assets/..%5c..%5csecret.html',
    '//secret.html',
    '/index.html%00.js',
    '/%00',
    '/link.html',
    '/up/secret.html',
    '/.hidden.html',
    '/assets',
    '/assets/',
    '/unknown.kind',
    '/none.html',
    '/%',
    '/%ff',
    '/./index.html',
    'http://127.0.0.1/secret.html'
  ])('for %s is answered 404', async (path) => {
    const { status, body } = await withCookie(path)
    expect(status).toBe(404)
    expect(body).not.toContain('secret')
  })

  it.each([
    ['/', 'text/html; charset=utf-8'],
    ['/assets/main-1234.js', 'text/javascript; charset=utf-8'],
    ['/assets/a.wasm', 'application/wasm'],
    ['/assets/a.ttf', 'font/ttf']
  ])('for %s has the type %s', async (path, type) => {
    const { status, headers } = await withCookie(path)
    expect([status, headers['content-type']]).toEqual([200, type])
  })

  it('carries the security headers, whatever the answer', async () => {
    for (const answer of [
      await ask('/'),
      await withCookie('/'),
      await withCookie('/none'),
      await ask('/', { host: 'x' })
    ])
      expect(answer.headers).toMatchObject({
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer'
      })
    expect(CONTENT_SECURITY_POLICY).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; img-src 'self' data: blob:; worker-src 'self'; connect-src 'self'"
    )
  })

  it('by HEAD has no body', async () => {
    const answer = await withCookie('/', {}, 'HEAD')
    expect([answer.status, answer.body]).toEqual([200, ''])
  })
})

describe('a WebSocket', () => {
  it('without a session, from elsewhere, to nowhere or with a foreign Host is refused', async () => {
    const ours = origin()
    expect(await upgrade('/ws/host', { origin: ours })).toBe(401)
    expect(await upgrade('/ws/simulator', { origin: ours })).toBe(401)
    expect(await upgrade('/ws/host', { cookie, origin: 'http://evil.example' })).toBe(403)
    expect(await upgrade('/ws/host', { cookie })).toBe(403)
    expect(await upgrade('/ws/host', { cookie, origin: ours, host: 'evil.example' })).toBe(403)
    expect(await upgrade('/ws/other', { cookie, origin: ours })).toBe(404)
    expect(await upgrade('/ws/__proto__', { cookie, origin: ours })).toBe(404)
    expect(await upgrade('/', { cookie, origin: ours })).toBe(404)
  })

  it('reaches the host', async () => {
    const { socket, port } = await openSocket('/ws/host')
    const { call } = connectRpc(port, hostContract)
    expect(await call.info()).toMatchObject({ shell: 'web' })
    const saved = await call.saveExperiment({ id: 'untitled:1', text: 'x' })
    expect(await call.readExperiment({ id: saved.id })).toMatchObject({ text: 'x' })
    await expect(call.readExperiment({ id: '../secret' })).rejects.toMatchObject({ code: 'bad-id' })
    expect(
      await call.saveFile({
        name: 'a.zip',
        bytes: new Uint8Array(9),
        filter: { name: 'Zip', extensions: ['zip'] }
      })
    ).toEqual({
      outcome: 'download',
      name: 'a.zip'
    })
    socket.close()
  })

  it('that sends rubbish is closed or answered, and the server lives', async () => {
    for (const rubbish of ['', '{', 'null', '[]', new Uint8Array([1, 2, 3, 4, 5]), new Uint8Array(0)]) {
      const { socket, port } = await openSocket('/ws/host')
      socket.send(rubbish)
      const { call } = connectRpc(port, hostContract)
      const outcome = await call.info().then(
        () => 'answered',
        (error: { code: string }) => error.code
      )
      expect(['answered', 'disconnected']).toContain(outcome)
      socket.close()
    }
  })

  it('that sends too much is closed with 1009', async () => {
    const { socket } = await openSocket('/ws/simulator')
    const code = new Promise((resolve) => socket.on('close', resolve))
    socket.send(new Uint8Array(MAX_SIMULATOR_MESSAGE_BYTES + 1))
    expect(await code).toBe(1009)
  })

  it('to the simulator ends with it, and the next one reaches its successor', async () => {
    const host = connectRpc((await openSocket('/ws/host')).port, hostContract)
    const heard: HostEvent[] = []
    host.on((event) => heard.push(event))
    const first = connectRpc((await openSocket('/ws/simulator')).port, simulatorContract)
    const pid = (await first.call.hello()).cores
    expect(pid).toBe(serving.simulatorPid())
    process.kill(pid, 'SIGKILL')
    await new Promise<void>((resolve) => first.onClose(resolve))
    const second = connectRpc((await openSocket('/ws/simulator')).port, simulatorContract)
    expect((await second.call.hello()).cores).not.toBe(pid)
    await host.call.info()
    expect(heard.map((event) => event.type === 'simulator' && event.state)).toEqual([
      'ready',
      'restarting',
      'ready'
    ])
    expect(heard[1]).toMatchObject({ restarts: 1, reason: expect.stringContaining('SIGKILL') })
    expect((await host.call.readLog()).join('\n')).toContain('SIGKILL')
    host.close()
  })

  it('of one page ends alone', async () => {
    const one = connectRpc((await openSocket('/ws/simulator')).port, simulatorContract)
    const two = connectRpc((await openSocket('/ws/simulator')).port, simulatorContract)
    const { cores } = await one.call.hello()
    one.close()
    await new Promise<void>((resolve) => one.onClose(resolve))
    expect((await two.call.hello()).cores).toBe(cores)
    two.close()
  })
})

it('binds the loopback address only', async () => {
  const others = Object.values(networkInterfaces())
    .flatMap((each) => each ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
  for (const { address } of others) {
    const outcome = await new Promise((resolve) => {
      const socket = tcpConnect(serving.port, address)
      socket.on('connect', () => resolve('connected'))
      socket.on('error', () => resolve('refused'))
    })
    expect(outcome).toBe('refused')
  }
})

it('ends everything it started', async () => {
  const own = await serve({
    dataDir: join(folder, 'data2'),
    rendererDir: join(folder, 'renderer'),
    examplesDir: folder,
    simulatorEntry: fileURLToPath(new URL('./testing/fake-simulator.mjs', import.meta.url))
  })
  const pid = own.simulatorPid() as number
  await own.close()
  await own.close()
  expect(() => process.kill(pid, 0)).toThrow()
  await expect(fetch(`http://127.0.0.1:${own.port}/`)).rejects.toThrow()
})

it('says which port is taken', async () => {
  const paths = { rendererDir: folder, examplesDir: folder, simulatorEntry: folder }
  await expect(serve({ port: serving.port, dataDir: join(folder, 'data3'), ...paths })).rejects.toMatchObject(
    {
      code: 'EADDRINUSE'
    }
  )
})
