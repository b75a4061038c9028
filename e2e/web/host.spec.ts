import { expect, test } from '../fixtures'
import { get, session, upgrade } from './http'

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; " +
  "img-src 'self' data: blob:; worker-src 'self'; connect-src 'self'"

test.describe('ux 127: the web host', () => {
  test('listens on 127.0.0.1 only and has a token in its address', async ({ host }) => {
    const { hostname, search, hash, pathname } = new URL(host.url)
    expect(hostname).toBe('127.0.0.1')
    expect(`${pathname}${search}${hash}`).toMatch(/[\w-]{22,}/)
  })

  for (const path of ['/', '/index.html', '/assets/none.js', '/ws/host']) {
    test(`refuses ${path} without the token`, async ({ host }) => {
      expect((await get(host.origin, path)).status).toBe(401)
    })
  }

  test('refuses a wrong token', async ({ host }) => {
    const url = new URL(host.url)
    for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, 'A'.repeat(43))
    expect((await get(host.origin, url.pathname + url.search)).status).toBe(401)
  })

  test('takes the token once; the cookie it gave is not readable by scripts nor sent by other sites', async ({
    host
  }) => {
    const { pathname, search } = new URL(host.url)
    const first = await get(host.origin, pathname + search)
    const cookie = [first.headers['set-cookie'] ?? []].flat().join('\n')
    expect(cookie).toMatch(/HttpOnly/i)
    expect(cookie).toMatch(/SameSite=Strict/i)
    expect((await get(host.origin, pathname + search)).status).toBe(401)
    expect((await get(host.origin, '/', { Cookie: cookie.split(';')[0] })).status).toBe(200)
  })

  test('refuses a foreign Host header, also with a session', async ({ host }) => {
    const cookie = await session(host.url)
    for (const name of ['example.com', 'localhost.example.com', '127.0.0.1.example.com', '127.0.0.1:1']) {
      expect((await get(host.origin, '/', { Host: name, Cookie: cookie })).status, name).toBe(403)
    }
  })

  test('refuses a foreign Origin header, also with a session', async ({ host }) => {
    const cookie = await session(host.url)
    for (const origin of [
      'https://example.com',
      'null',
      'http://127.0.0.1:1',
      `${host.origin}.example.com`
    ]) {
      expect((await get(host.origin, '/', { Origin: origin, Cookie: cookie })).status, origin).toBe(403)
      for (const path of ['/ws/host', '/ws/simulator']) {
        const answer = await upgrade(host.origin, path, { Origin: origin, Cookie: cookie })
        expect(answer.status, `${path} from ${origin}`).toBe(403)
      }
    }
  })

  test('refuses a WebSocket without a session, and agrees with one', async ({ host }) => {
    for (const path of ['/ws/host', '/ws/simulator'])
      expect((await upgrade(host.origin, path)).status, path).toBe(401)
    const cookie = await session(host.url)
    expect((await upgrade(host.origin, '/ws/host', { Cookie: cookie })).status).toBe(101)
  })

  test('sends the policy with the page and its files', async ({ host }) => {
    const cookie = await session(host.url)
    const page = await get(host.origin, '/', { Cookie: cookie })
    expect(page.headers['content-security-policy']).toBe(CSP)
    const script = /src="\.?(\/assets\/[^"]+\.js)"/.exec(page.body)?.[1] ?? ''
    const { status, headers } = await get(host.origin, script, { Cookie: cookie })
    expect(status).toBe(200)
    expect(headers['content-type']).toMatch(/^text\/javascript/)
    expect(headers['x-content-type-options']).toBe('nosniff')
  })
})

test.describe('ux 121: a path that leaves the root', () => {
  const ESCAPES = [
    '/../package.json',
    '/assets/../../main/index.js',
    '/%2e%2e/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/%2e%2e%5c%2e%2e%5cpackage.json',
    '/..\\..\\package.json',
    '/assets/%00/../../package.json',
    '//etc/passwd',
    '/%2fetc%2fpasswd',
    '/assets/%c0%ae%c0%ae/package.json',
    '/%',
    '/file:///etc/passwd'
  ]
  for (const path of ESCAPES) {
    test(`is refused: ${path}`, async ({ host }) => {
      const cookie = await session(host.url)
      const { status, body } = await get(host.origin, path, { Cookie: cookie })
      expect([400, 404]).toContain(status)
      expect(body).not.toContain('contpte-lab.mjs')
      expect(body).not.toContain('root:')
    })
  }
})

test('ux 123: in a browser there is no bridge at all', async ({ lab }) => {
  expect(await lab.page.evaluate(() => 'lab' in window)).toBe(false)
})

test('ux 127: a reload and a second tab of the same browser need no new token', async ({ lab, host }) => {
  await lab.page.reload()
  await lab.ready()
  const second = await lab.page.context().newPage()
  expect((await second.goto(host.origin))?.status()).toBe(200)
  await second.close()
})

test('ux 124: nonsense on the wire is answered or cut off, and the app goes on', async ({ lab }) => {
  lab.problems.expect(/WebSocket/)
  const outcomes = await lab.page.evaluate(async () => {
    const messages: (string | Uint8Array<ArrayBuffer>)[] = [
      '',
      'null',
      '{',
      '[]',
      '{"__proto__":{"polluted":true}}',
      JSON.stringify({ id: 1, method: 'constructor', args: [] }),
      JSON.stringify({ id: 'x'.repeat(1e6) }),
      '['.repeat(100_000),
      new Uint8Array([0xff, 0xfe, 0x00]),
      new Uint8Array(1e6)
    ]
    const settled: string[] = []
    for (const path of ['/ws/host', '/ws/simulator']) {
      for (const message of messages) {
        const outcome = await new Promise<string>((resolve) => {
          const socket = new WebSocket(`ws://${location.host}${path}`)
          socket.onopen = () => socket.send(message)
          socket.onclose = () => resolve('closed')
          socket.onmessage = () => {
            resolve('answered')
            socket.close()
          }
          // Ignoring nonsense is an answer too.
          setTimeout(() => {
            resolve('silent')
            socket.close()
          }, 300)
        })
        settled.push(`${path} ${outcome}`)
      }
    }
    return settled
  })
  expect(outcomes).toHaveLength(20)
  await expect(lab.status).toContainText('simulator ready')
  await lab.run()
  await expect(lab.verdicts).toBeVisible()
})
