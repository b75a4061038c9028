import { chromium } from '@playwright/test'
import { ensureBuilt } from '../build.mjs'
import { findChromium } from '../test/browser.mjs'
import { WebHost } from '../test/host.mjs'
import { median, percentile, Skip } from './measure.mjs'

export const title = 'how soon the window answers (built app, web shell, a fresh profile each time)'

const RUNS = 5
const KEYS = 'the quick brown fox jumps over the lazy dog'

/** In the page: collects the time from each key to the end of the frame that shows it, in milliseconds. */
const WATCH_KEYS = `{
  const found = (window.benchDelays = [])
  addEventListener(
    'keydown',
    ({ timeStamp }) => requestAnimationFrame(() => setTimeout(() => found.push(performance.now() - timeStamp))),
    { capture: true }
  )
}`

/** @typedef {import('@playwright/test').Page} Page */

/** @param {string} body @returns {string} */
const experiment = (body) =>
  `import { experiment } from 'contpte-lab'\n\nexport default experiment({\n  title: 'Bench',\n  run() {\n    ${body}\n  }\n})\n`

/** @param {Page} page */
const editorOf = (page) => page.locator('.monaco-editor[role="code"]:visible').first()

/** @param {Page} page @param {string} text */
async function paste(page, text) {
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
  await page.keyboard.press('ControlOrMeta+V')
}

/** @param {Page} page @param {string} text */
async function write(page, text) {
  await editorOf(page).locator('.view-lines').click()
  await page.keyboard.press('ControlOrMeta+A')
  await paste(page, text)
}

/** @param {Page} page */
const cancelButton = (page) => page.getByRole('button', { name: /^Cancel/ }).first()

/** @param {Page} page @returns {Promise<number[]>} from each key to what it shows, in ms */
async function typing(page) {
  await page.evaluate(WATCH_KEYS)
  await page.keyboard.type(KEYS, { delay: 40 })
  const typed = (/** @type {number} */ count) => /** @type {any} */ (globalThis).benchDelays.length === count
  await page.waitForFunction(typed, KEYS.length)
  return page.evaluate('window.benchDelays')
}

/** One fresh profile: every figure once. @param {string} executablePath */
async function visit(executablePath) {
  const host = new WebHost()
  await host.start()
  const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 })
  try {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      permissions: ['clipboard-read', 'clipboard-write']
    })
    const page = await context.newPage()
    await page.goto(host.url, { waitUntil: 'commit' })
    await editorOf(page).locator('.view-line').first().waitFor()
    const ready = await page.evaluate(() => performance.now())

    const asked = Date.now()
    await page.keyboard.press('ControlOrMeta+Enter')
    await page.getByTestId('verdicts').getByText(/holds/).first().waitFor({ timeout: 60_000 })
    const verdict = Date.now() - asked
    await cancelButton(page).waitFor({ state: 'hidden', timeout: 60_000 })

    await write(page, experiment('const one = 1'))
    await page.keyboard.press('ControlOrMeta+A')
    const typed = Date.now()
    await paste(page, experiment("const wrong: number = 'text'"))
    await editorOf(page).locator('.squiggly-error').first().waitFor()
    const squiggle = Date.now() - typed

    await write(page, experiment('for (;;);'))
    await page.keyboard.press('ControlOrMeta+Enter')
    await cancelButton(page).waitFor()
    await page.keyboard.press('ControlOrMeta+End')
    const latency = percentile(await typing(page), 0.95)
    const stop = Date.now()
    await page.keyboard.press('Shift+F5')
    await cancelButton(page).waitFor({ state: 'hidden' })
    return { ready, verdict, squiggle, latency, cancel: Date.now() - stop }
  } finally {
    await browser.close()
    await host.dispose()
  }
}

/**
 * @param {(message: string) => void} log
 * @returns {Promise<import('./measure.mjs').Figure[]>}
 */
export async function run(log) {
  const executablePath = await findChromium()
  if (!executablePath) throw new Skip('no Chromium on this machine')
  await ensureBuilt({ log })
  /** @type {Awaited<ReturnType<typeof visit>>[]} */
  const visits = []
  for (let index = 0; index < RUNS; index++) visits.push(await visit(executablePath))
  /** @param {string} what @param {keyof (typeof visits)[number]} key @param {number} budget */
  const figure = (what, key, budget) => ({
    what,
    value: median(visits.map((visit) => visit[key])),
    unit: 'ms',
    budget,
    runs: RUNS
  })
  return [
    figure('navigation to an editor that can be typed into', 'ready', 2_500),
    figure('Mod+Enter to the first verdict', 'verdict', 5_000),
    figure('a wrong type to its squiggle', 'squiggle', 1_000),
    figure('typing while a run goes on, 95th percentile', 'latency', 50),
    figure('cancel of an endless loop', 'cancel', 1_000)
  ]
}
