import { expect, test } from '../fixtures'

test.describe.configure({ mode: 'serial' })
test.use({ together: 'wire' })

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
