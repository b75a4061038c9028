import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from './fixtures'
import type { Lab } from './lab'
import { MARKUP, SMALL } from './scripts'
import { CHARTED } from './stepping-scripts'

test.describe.configure({ mode: 'serial' })
test.use({ together: 'written' })

test('ux 105 and 106: nothing is loaded but from our own origin, and the page has no Node', async ({
  lab
}) => {
  await lab.write(CHARTED)
  await lab.run()
  const origins = await lab.page.evaluate(() => [
    location.origin,
    ...performance.getEntriesByType('resource').map(({ name }) => new URL(name).origin)
  ])
  expect(new Set(origins)).toEqual(new Set([origins[0]]))

  const found = await lab.page.evaluate(() =>
    ['process', 'require', 'module', 'Buffer', 'global', '__dirname'].filter((name) => name in window)
  )
  expect(found).toEqual([])
})

test('ux 110 and 111: a request across origins, an injected script and eval are refused', async ({ lab }) => {
  lab.problems.expect(/Content Security Policy|unsafe-eval|127\.0\.0\.1|ERR_|example/)
  const asked: string[] = []
  const other = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.end('secret')
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const outcome = await lab.page.evaluate(
    (address) =>
      fetch(address)
        .then((response) => response.text())
        .catch((error: unknown) => String(error)),
    `http://127.0.0.1:${port}/`
  )
  await new Promise((resolve) => other.close(resolve))
  expect(outcome).toMatch(/TypeError/)
  expect(asked).toEqual([])
  await injected(lab)
})

/** Injected scripts and eval do not run. */
async function injected(lab: Lab): Promise<void> {
  const outcome = await lab.page.evaluate(async () => {
    const reports: string[] = []
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective }) =>
      reports.push(effectiveDirective)
    )
    const script = document.createElement('script')
    script.textContent = 'window.injected = true'
    document.head.append(script)
    const image = document.createElement('img')
    image.setAttribute('onerror', 'window.injected = true')
    image.src = 'data:,'
    document.body.append(image)
    // In a turn of the page's own: the debugger that drives this test is above the policy.
    const evaluated = await new Promise<string>((resolve) =>
      setTimeout(() => {
        try {
          resolve(String(Reflect.get(window, 'eval')('1 + 1')))
        } catch {
          resolve('refused')
        }
      })
    )
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    script.remove()
    image.remove()
    return { reports, evaluated, injected: 'injected' in window }
  })
  expect(outcome.injected).toBe(false)
  expect(outcome.evaluated).toBe('refused')
  expect(outcome.reports).toContain('script-src-elem')
}

test('ux 111: editor, workers and charts work under the policy without a report', async ({ lab }) => {
  // The fixture fails on any console error, and a policy report is one.
  await lab.write(SMALL.replace('42,', "'42',"))
  await expect(lab.editor.locator('.squiggly-error').first()).toBeVisible()
  await lab.write(SMALL)
  await lab.run()
  expect(lab.problems.list()).toEqual([])
})

const ESCAPES = [
  "world.constructor.constructor('return process')()",
  "(() => {}).constructor('return process')()",
  '(async () => {}).constructor(\'return import("fs")\')().then(tell)',
  "Function('return globalThis.process.pid')()",
  'eval(\'require("fs")\')',
  "new (world.Error.prepareStackTrace?.constructor ?? Array).constructor('return process.env')()",
  'world.process.exit(1)',
  "world.require('child_process')",
  'world.std.open("/etc/passwd")',
  'world.os.exec(["id"])',
  'world.WebAssembly.compile(new Uint8Array())',
  'new world.Worker("data:,")',
  'world.fetch("http://127.0.0.1/")',
  'new world.WebSocket("ws://127.0.0.1/")',
  'new world.XMLHttpRequest()',
  'world.setTimeout(() => 0, 1)',
  'world.postMessage("out")',
  'world.performance.now()',
  'new world.Date().getTime()',
  'world.Date.now()',
  'Math.random()',
  'world.crypto.getRandomValues(new Uint8Array(1))'
]

test('ux 125: of many ways out of the sandbox none leads anywhere', async ({ lab }) => {
  const attempts = ESCAPES.map((code) => `    attempt(${JSON.stringify(code)}, () => ${code})`).join('\n')
  await lab.write(`import { experiment } from 'contpte-lab'
const world = globalThis as any
export default experiment({
  title: 'Escapes',
  run({ record, expect }) {
    let out = 0
    const tell = (value: unknown) => { out += value === undefined ? 0 : 1 }
    const attempt = (name: string, body: () => unknown) => {
      try {
        const got = body()
        if (got !== undefined && !(got instanceof Promise)) { out += 1; console.log('OUT ' + name) }
      } catch {}
    }
${attempts}
    record('escapes', out, '1')
    expect(out, 'ways out').toBe(0)
  }
})
`)
  await lab.run()
  await lab.panel('Verdicts')
  await expect(lab.verdicts).toContainText('ways out')
  await expect(lab.verdicts).not.toContainText('does not hold')
})

test('ux 128: markup in a title, a name or a chart stays text', async ({ lab }) => {
  await lab.write(MARKUP)
  await lab.run()
  for (const panel of ['Verdicts', 'Table', 'Chart', 'Console', 'Runs']) {
    await lab.panel(panel)
    expect(await lab.page.locator('[onerror], [onload], img[src=x]').count(), panel).toBe(0)
  }
  await lab.panel('Verdicts')
  await expect(lab.verdicts).toContainText('<img src=x onerror=')
  expect(await lab.page.evaluate(() => 'hacked' in window)).toBe(false)
})
