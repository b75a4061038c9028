/**
 * Takes the README's picture from the built app: `node tools/screenshots.mjs`. With a folder, also both
 * themes at 1280x800 and 1920x1080, to be looked at: `node tools/screenshots.mjs FOLDER`.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { ensureBuilt } from './build.mjs'
import { root } from './build/inputs.mjs'
import { ensureChromium } from './test/browser.mjs'
import { WebHost } from './test/host.mjs'

/** @typedef {import('@playwright/test').Page} Page */
/** @typedef {{ path: string, theme: 'dark' | 'light', width: number, height: number }} Picture */

const log = (/** @type {string} */ message) => console.error(message)
const idle = () => /** @type {any} */ (globalThis).__contpteLab?.idle() === true

/** @param {Page} page @param {string} title */
async function command(page, title) {
  await page.keyboard.press('F1')
  const palette = page.getByRole('dialog')
  await palette.getByRole('combobox').fill(title)
  await palette.getByRole('option', { name: title }).first().click()
  await palette.waitFor({ state: 'hidden' })
}

/** The first start, run: verdicts on the left, the page tables of two kernels on the right. @param {Page} page */
async function arrange(page) {
  await page.waitForFunction(idle)
  await page.keyboard.press('ControlOrMeta+Enter')
  await page.waitForFunction(idle)
  await command(page, 'Layout: Compare')
  await command(page, 'Show Fork')
  await page
    .getByRole('tabpanel', { name: /^Fork\b/ })
    .getByRole('table')
    .first()
    .waitFor()
  await page.waitForFunction(idle)
  await page.mouse.move(0, 0)
}

const folder = process.argv[2]
/** @type {Picture[]} */
const pictures = [{ path: join(root, 'docs/screenshot.png'), theme: 'dark', width: 1440, height: 900 }]
if (folder) {
  mkdirSync(folder, { recursive: true })
  for (const theme of /** @type {const} */ (['dark', 'light']))
    for (const [width, height] of [
      [1280, 800],
      [1920, 1080]
    ])
      pictures.push({ path: join(folder, `${theme}-${width}x${height}.png`), theme, width, height })
}

await ensureBuilt({ log })
const executablePath = await ensureChromium(log)
const browser = await chromium.launch({ executablePath, chromiumSandbox: process.getuid?.() !== 0 })
try {
  for (const { path, theme, width, height } of pictures) {
    const host = new WebHost()
    await host.start()
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: 'reduce'
    })
    await page.goto(host.url)
    await arrange(page)
    await page.screenshot({ path })
    log(path)
    await page.close()
    await host.dispose()
  }
} finally {
  await browser.close()
}
