/**
 * `npm run screenshots`: the README's picture from the built app. With a folder, also the panels that step
 * through traces, on a small state and on 1 GiB, in both themes at 1280x800 and 1920x1080, to be looked at:
 * `npm run screenshots -- FOLDER`, or `npm run screenshots -- FOLDER SCENE` for one of `SCENES`.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { ensureBuilt } from './build.mjs'
import { root } from './build/inputs.mjs'
import { CHROMIUM_ARGS, ensureChromium } from './test/browser.mjs'
import { WebHost } from './test/host.mjs'

/** @typedef {import('@playwright/test').Page} Page */
/** @typedef {{ path?: string, theme: 'dark' | 'light', width: number, height: number, show: (page: Page) => Promise<void> }} Picture */

/** For a machine with other work to do. */
const SLOW = { timeout: 300_000 }

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

/** Opens an example by words of its title. @param {Page} page @param {string} words */
async function example(page, words) {
  await page.waitForFunction(idle, undefined, SLOW)
  await page.keyboard.press('ControlOrMeta+P')
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox').fill(words)
  await page.keyboard.press('Enter')
  await dialog.waitFor({ ...SLOW, state: 'hidden' })
  await page.waitForFunction(idle, undefined, SLOW)
}

/** A block with a hole, two kernels in the middle of its fork. @param {Page} page */
async function arrange(page) {
  await example(page, 'hole in a forked')
  await step(page, 0.7)
}

/** Two kernels on 1 GiB: far more entries than a screen has pixels in a row. */
const GIB = `import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Fork of 1 GiB',
  parameters: { kernel: ['no-contpte', 'contpte-v2'] },
  run({ parameters, machine, record }) {
    const m = machine({ kernel: parameters.kernel, tlb: {} })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '1GiB', align: '2MiB' })
    heap.write()
    heap.madvise('dontneed', 100_005, 1)
    parent.fork()
    record('folded', heap.foldedBlocks(), '1')
  }
})
`

/** Runs what is open and steps to where there is something to see. @param {Page} page @param {number} share */
async function step(page, share) {
  await command(page, 'Layout: Compare')
  await page.keyboard.press('ControlOrMeta+Enter')
  await page.waitForFunction(idle, undefined, SLOW)
  const slider = page.getByRole('slider', { name: 'Position in the trace' })
  await slider.waitFor(SLOW)
  const events = Number(await slider.getAttribute('aria-valuemax'))
  await page.keyboard.press('ControlOrMeta+Alt+G')
  await page.getByRole('textbox', { name: /^Position/ }).fill(String(Math.round(events * share)))
  await page.keyboard.press('Enter')
  await page.waitForFunction(idle, undefined, SLOW)
  await page.mouse.move(0, 0)
}

/** @param {Page} page @param {string} text */
async function write(page, text) {
  await page.locator('.monaco-editor[role="code"]:visible .view-lines').first().click()
  await page.keyboard.press('ControlOrMeta+A')
  await page.evaluate(`navigator.clipboard.writeText(${JSON.stringify(text)})`)
  await page.keyboard.press('ControlOrMeta+V')
}

/** Both panels on what is open. @param {Page} page @param {string} folder @param {string} name */
async function panels(page, folder, name) {
  for (const [title, file] of [
    ['Fork', 'fork'],
    ['Page tables & TLB', 'page-tables']
  ]) {
    await command(page, `Show ${title}`)
    await page.waitForFunction(idle, undefined, SLOW)
    await page.mouse.move(0, 0)
    const path = join(folder, `${file}-${name}.png`)
    await page.screenshot({ path })
    log(path)
  }
}

/** @param {Page} page @param {string} folder @param {string} look */
async function stepping(page, folder, look) {
  await example(page, 'hole in a forked')
  await step(page, 0.7)
  await panels(page, folder, `small-${look}`)
  await write(page, GIB)
  await step(page, 0.8)
  await panels(page, folder, `1gib-${look}`)
}

/** Two sequences, empty and with the counterexample of one. @param {Page} page @param {string} folder @param {string} look */
async function vmemmap(page, folder, look) {
  await page.waitForFunction(idle, undefined, SLOW)
  /** @param {string} name */
  const shot = async (name) => {
    await page.waitForFunction(idle, undefined, SLOW)
    await page.mouse.move(0, 0)
    const path = join(folder, `vmemmap-${name}-${look}.png`)
    await page.screenshot({ path })
    log(path)
  }
  await command(page, 'Layout: Compare')
  await command(page, 'Show Vmemmap')
  await shot('empty')
  const panel = page.getByTestId('vmemmap')
  await panel.getByRole('button', { name: 'Show S0 beside S6' }).click()
  await panel.getByRole('combobox', { name: 'Sequence', exact: true }).selectOption('known S4')
  const rows = panel.getByRole('grid', { name: 'S4: steps' }).getByRole('row')
  await rows.nth(14).click()
  await shot('steps')
  await command(page, 'Vmemmap: explore all interleavings')
  await page.waitForFunction(idle, undefined, SLOW)
  const told = panel.getByTestId('counterexample')
  await told.getByRole('option').nth(6).click()
  await told.scrollIntoViewIfNeeded()
  await shot('counterexample')
}

/** Pages, slots and tags in two designs, empty and in the middle. @param {Page} page @param {string} folder @param {string} look */
async function swap(page, folder, look) {
  await page.waitForFunction(idle, undefined, SLOW)
  /** @param {string} name */
  const shot = async (name) => {
    await page.waitForFunction(idle, undefined, SLOW)
    await page.mouse.move(0, 0)
    const path = join(folder, `swap-${name}-${look}.png`)
    await page.screenshot({ path })
    log(path)
  }
  await command(page, 'Layout: Compare')
  await command(page, 'Show MTE swap')
  await shot('empty')
  await example(page, 'Nth fault frees')
  await step(page, 0.3)
  await command(page, 'Show MTE swap')
  const panel = page.getByTestId('swap')
  await panel.getByRole('button', { name: 'Next fault' }).click()
  await shot('fault')
  await command(page, 'Show or hide the experiment list')
  await panel.getByTestId('swap-area').first().scrollIntoViewIfNeeded()
  await shot('slots')
}

/** Two designs in the middle of clearing a block. @param {Page} page @param {string} folder @param {string} look */
async function teardown(page, folder, look) {
  await example(page, 'half-cleared block')
  await step(page, 0.5)
  await command(page, 'Show Teardown')
  await page.waitForFunction(idle, undefined, SLOW)
  await page.mouse.move(0, 0)
  const path = join(folder, `teardown-${look}.png`)
  await page.screenshot({ path })
  log(path)
}

/** One heap under two policies: what stands in the columns, and memory over the run. */
const POLICIES = `import { experiment } from 'contpte-lab'

export default experiment({
  title: 'Two policies',
  parameters: { policy: ['never', 'always'] },
  run({ parameters, machine, record }) {
    const m = machine({ kernel: 'linux-6.12', memory: '256MiB' })
    m.sysfs.write('hugepages-64kB/enabled', parameters.policy)
    const heap = m.spawn().mmap({ bytes: '16MiB' })
    const arena = heap.workload({ kind: 'arena', live: '2MiB' })
    for (let round = 0; round < 10; round++) arena.run(1000)
    record('folded', heap.foldedBlocks(), '1')
  }
})
`

/** @param {Page} page @param {string} folder @param {string} look */
async function thp(page, folder, look) {
  await page.waitForFunction(idle, undefined, SLOW)
  await write(page, POLICIES)
  await step(page, 0.9)
  await command(page, 'Show THP')
  for (const name of ['columns', 'memory']) {
    if (name === 'memory')
      await page.getByRole('region', { name: 'Memory over the run', exact: true }).scrollIntoViewIfNeeded()
    await page.waitForFunction(idle, undefined, SLOW)
    await page.mouse.move(0, 0)
    const path = join(folder, `thp-${name}-${look}.png`)
    await page.screenshot({ path })
    log(path)
  }
}

/** What is photographed with a folder, by name. */
const SCENES = { stepping, vmemmap, swap, teardown, thp }

const folder = process.argv[2]
/** @type {Picture[]} */
const pictures = process.argv[3]
  ? []
  : [{ path: join(root, 'docs/screenshot.png'), theme: 'dark', width: 1440, height: 900, show: arrange }]
if (folder) {
  mkdirSync(folder, { recursive: true })
  for (const theme of /** @type {const} */ (['dark', 'light']))
    for (const [width, height] of [
      [1280, 800],
      [1920, 1080]
    ]) {
      const look = `${theme}-${width}x${height}`
      for (const [name, scene] of Object.entries(SCENES))
        if (name === (process.argv[3] ?? name))
          pictures.push({ theme, width, height, show: (page) => scene(page, folder, look) })
    }
}

await ensureBuilt({ log })
const executablePath = await ensureChromium(log)
const browser = await chromium.launch({
  args: CHROMIUM_ARGS,
  executablePath,
  chromiumSandbox: process.getuid?.() !== 0
})
try {
  for (const { path, theme, width, height, show } of pictures) {
    const host = new WebHost()
    await host.start()
    const page = await browser.newPage({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: 'reduce',
      permissions: ['clipboard-read', 'clipboard-write']
    })
    await page.goto(host.url)
    await show(page)
    if (path) {
      await page.screenshot({ path })
      log(path)
    }
    await page.close()
    await host.dispose()
  }
} finally {
  await browser.close()
}
