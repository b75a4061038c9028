import { expect, test } from '../fixtures'

const APP = /^lab:\/\/app\//

test('ux 105 and 121: the page comes from our own scheme, and paths that leave it are not found', async ({
  lab
}) => {
  expect(lab.page.url()).toMatch(APP)
  lab.problems.expect(/404|ERR_/)
  const status = await lab.page.evaluate(
    (paths) => Promise.all(paths.map((path) => fetch(path).then((answer) => answer.status))),
    ['/../main/index.js', '/%2e%2e/%2e%2e/package.json', '/..%5c..%5cpackage.json', '/%00']
  )
  expect(new Set(status)).toEqual(new Set([404]))
})

test('ux 107 and 123: the bridge is frozen, documented and has nothing of Electron', async ({ lab }) => {
  const bridge = await lab.page.evaluate(() => {
    const lab = (window as unknown as { lab: Record<string, unknown> }).lab
    return {
      keys: Object.keys(lab),
      frozen: Object.isFrozen(lab),
      kinds: Object.values(lab).map((value) => typeof value)
    }
  })
  expect(bridge).toEqual({ keys: ['requestPorts'], frozen: true, kinds: ['function'] })
})

test('ux 107: polluting prototypes in the page does not reach the preload', async ({ lab }) => {
  await lab.page.evaluate(() => {
    Object.defineProperty(Object.prototype, 'polluted', { get: () => 'yes', configurable: true })
    Array.prototype.push = () => 0
  })
  await lab.page.reload()
  await lab.ready()
  await lab.run()
})

test('ux 108: the page runs in a sandbox of its own', async ({ lab }) => {
  const found = await lab.page.evaluate(() => 'process' in window || 'require' in window)
  expect(found).toBe(false)
})

test('ux 109: permissions are denied, but for writing to the clipboard', async ({ lab }) => {
  const states = await lab.page.evaluate(async () => {
    const names = ['geolocation', 'notifications', 'camera', 'microphone', 'midi', 'clipboard-read']
    const found: string[] = []
    for (const name of names) {
      const { state } = await navigator.permissions.query({ name: name as PermissionName })
      found.push(`${name} ${state}`)
    }
    return found
  })
  expect(states.filter((state) => !state.endsWith('denied'))).toEqual([])
})

test('ux 116: the page cannot be led away', async ({ lab }) => {
  await lab.page.evaluate(() => {
    location.href = 'https://example.com/'
  })
  await lab.page.evaluate(() => {
    location.href = 'https://app.example.com/lab://app/'
  })
  await lab.ready()
  expect(lab.page.url()).toMatch(APP)
})

test('ux 117: no window opens', async ({ lab }) => {
  expect(await lab.page.evaluate(() => window.open('https://example.com/') === null)).toBe(true)
  expect(await lab.page.evaluate(() => window.open('about:blank') === null)).toBe(true)
})

test('ux 120: a frame inside the page gets no ports', async ({ lab }) => {
  lab.problems.expect(/Content Security Policy|frame/)
  const got = await lab.page.evaluate(async () => {
    const frame = document.createElement('iframe')
    frame.src = '/index.html'
    document.body.append(frame)
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    try {
      return 'lab' in (frame.contentWindow ?? {})
    } catch {
      return false
    } finally {
      frame.remove()
    }
  })
  expect(got).toBe(false)
})
