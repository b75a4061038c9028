import { expect, test as base } from '@playwright/test'
import { WebHost } from '../../tools/test/host.mjs'
import { get, session, upgrade } from './http'

/** One host for all tests of a worker that only ask it for pages, and the session it gave. */
const test = base.extend<{ fresh: WebHost }, { served: { origin: string; cookie: string } }>({
  served: [
    async ({}, use) => {
      const host = new WebHost()
      await host.start()
      await use({ origin: host.origin, cookie: await session(host.url) })
      await host.dispose()
    },
    { scope: 'worker' }
  ],
  /** A host whose token nobody used yet. */
  fresh: async ({}, use) => {
    const host = new WebHost()
    await host.start()
    await use(host)
    await host.dispose()
  }
})

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; " +
  "img-src 'self' data: blob:; worker-src 'self'; connect-src 'self'"

test.describe('ux 127: the web host', () => {
  test('listens on 127.0.0.1 only and has a token in its address', async ({ fresh }) => {
    const { hostname, search, hash, pathname } = new URL(fresh.url)
    expect(hostname).toBe('127.0.0.1')
    expect(`${pathname}${search}${hash}`).toMatch(/[\w-]{22,}/)
  })

  for (const path of ['/', '/index.html', '/assets/none.js', '/ws/host']) {
    test(`refuses ${path} without the token`, async ({ served }) => {
      expect((await get(served.origin, path)).status).toBe(401)
    })
  }

  test('refuses a wrong token', async ({ fresh }) => {
    const url = new URL(fresh.url)
    for (const name of [...url.searchParams.keys()]) url.searchParams.set(name, 'A'.repeat(43))
    expect((await get(fresh.origin, url.pathname + url.search)).status).toBe(401)
  })

  test('takes the token once; the cookie it gave is not readable by scripts nor sent by other sites', async ({
    fresh
  }) => {
    const { pathname, search } = new URL(fresh.url)
    const first = await get(fresh.origin, pathname + search)
    const cookie = [first.headers['set-cookie'] ?? []].flat().join('\n')
    expect(cookie).toMatch(/HttpOnly/i)
    expect(cookie).toMatch(/SameSite=Strict/i)
    expect((await get(fresh.origin, pathname + search)).status).toBe(401)
    expect((await get(fresh.origin, '/', { Cookie: cookie.split(';')[0] })).status).toBe(200)
  })

  test('refuses a foreign Host header, also with a session', async ({ served: { origin, cookie } }) => {
    for (const name of ['example.com', 'localhost.example.com', '127.0.0.1.example.com']) {
      expect((await get(origin, '/', { Host: name, Cookie: cookie })).status, name).toBe(403)
    }
  })

  test('refuses a foreign Origin header, also with a session', async ({ served: { origin, cookie } }) => {
    const others = ['https://example.com', 'null', 'http://127.0.0.1:1', `${origin}.example.com`]
    for (const foreign of others) {
      const headers = { Origin: foreign, Cookie: cookie }
      expect((await get(origin, '/', headers)).status, foreign).toBe(403)
      for (const path of ['/ws/host', '/ws/simulator'])
        expect((await upgrade(origin, path, headers)).status, `${path} from ${foreign}`).toBe(403)
    }
  })

  test('refuses a WebSocket without a session, and agrees with one', async ({
    served: { origin, cookie }
  }) => {
    for (const path of ['/ws/host', '/ws/simulator'])
      expect((await upgrade(origin, path)).status, path).toBe(401)
    expect((await upgrade(origin, '/ws/host', { Cookie: cookie })).status).toBe(101)
  })

  test('sends the policy with the page and its files', async ({ served: { origin, cookie } }) => {
    const page = await get(origin, '/', { Cookie: cookie })
    expect(page.headers['content-security-policy']).toBe(CSP)
    const script = /src="\.?(\/assets\/[^"]+\.js)"/.exec(page.body)?.[1] ?? ''
    const { status, headers } = await get(origin, script, { Cookie: cookie })
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
    test(`is refused: ${path}`, async ({ served: { origin, cookie } }) => {
      const { status, body } = await get(origin, path, { Cookie: cookie })
      expect([400, 404]).toContain(status)
      expect(body).not.toContain('contpte-lab.mjs')
      expect(body).not.toContain('root:')
    })
  }
})
