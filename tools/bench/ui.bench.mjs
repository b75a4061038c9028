import { chromium } from '@playwright/test'
import { ensureBuilt } from '../build.mjs'
import { CHROMIUM_ARGS, findChromium } from '../test/browser.mjs'
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
  const browser = await chromium.launch({
    args: CHROMIUM_ARGS,
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0
  })
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

/** A cell of a million events and more. */
const LONG = experiment(`const m = machine({ kernel: 'contpte-unbatched' })
    m.sysfs.write('hugepages-64kB/enabled', 'always')
    const parent = m.spawn()
    const heap = parent.mmap({ bytes: '256MiB', align: '2MiB' })
    heap.write()
    parent.fork().exit()
    record('unfolds', m.counters.unfold, '1')`).replace('run()', 'run({ machine, record })')

/** In the page: the browser's own frame times, in milliseconds, until it is asked to stop. */
const WATCH_FRAMES = `{
  const frames = (window.benchFrames = [])
  window.benchOn = true
  let last = 0
  const frame = (now) => {
    if (last > 0) frames.push(now - last)
    last = now
    if (window.benchOn) requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
}`
const STOP_FRAMES = `(() => {
  window.benchOn = false
  return window.benchFrames
})()`

const SLOW = { timeout: 300_000 }
/** Moves of the pointer while scrubbing, one a frame. */
const MOVES = 240

/** @param {Page} page @param {string} title */
async function command(page, title) {
  await page.keyboard.press('F1')
  await page.getByRole('dialog').getByRole('combobox').fill(title)
  await page.locator('[role=option][data-highlighted]', { hasText: title }).waitFor()
  await page.keyboard.press('Enter')
}

/** What the page's main thread did so far, in milliseconds of CPU time: other programs do not count. @param {import('@playwright/test').CDPSession} session */
async function busy(session) {
  const { metrics } = await session.send('Performance.getMetrics')
  return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0)
}

/**
 * The longest task of the page's main thread in a trace of the browser: as the clock has it, and what of it the
 * thread was given a CPU for. With few CPUs the simulator, the drawing and this script take them, too.
 * @param {Buffer} trace @returns {{ cpu: number, wall: number }} milliseconds
 */
function longestTask(trace) {
  /** @type {{ traceEvents: { name: string, ph: string, pid: number, tid: number, dur?: number, tdur?: number, args?: { name?: string } }[] }} */
  const { traceEvents } = JSON.parse(trace.toString())
  const threads = traceEvents.filter(
    ({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain'
  )
  const main = new Set(threads.map(({ pid, tid }) => `${pid} ${tid}`))
  const tasks = traceEvents.filter(
    ({ name, ph, pid, tid }) => ph === 'X' && /RunTask$/.test(name) && main.has(`${pid} ${tid}`)
  )
  if (tasks.length === 0) throw new Error('the browser traced no task')
  const longest = (/** @type {'dur' | 'tdur'} */ time) =>
    Math.max(...tasks.map((task) => task[time] ?? 0)) / 1e3
  return { cpu: longest('tdur'), wall: longest('dur') }
}

/** A trace of a million events in the panels: opened, and scrubbed through. @param {string} executablePath */
async function scrubbing(executablePath) {
  const idle = () => /** @type {any} */ (globalThis).__contpteLab?.idle() === true
  const host = new WebHost()
  await host.start()
  const browser = await chromium.launch({
    args: CHROMIUM_ARGS,
    executablePath,
    chromiumSandbox: process.getuid?.() !== 0
  })
  try {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      permissions: ['clipboard-read', 'clipboard-write']
    })
    const page = await context.newPage()
    await page.goto(host.url)
    await page.waitForFunction(idle, undefined, SLOW)
    await write(page, LONG)
    await page.keyboard.press('ControlOrMeta+Enter')
    await page.waitForFunction(idle, undefined, SLOW)
    const slider = page.getByRole('slider', { name: 'Position in the trace' })
    const lanes = page.locator('[role=slider][aria-busy=false]')
    const asked = Date.now()
    await command(page, 'Layout: Step')
    await slider.waitFor(SLOW)
    const made = Date.now() - asked
    const events = Number(await slider.getAttribute('aria-valuemax'))
    await page.waitForFunction(idle, undefined, SLOW)
    // The simulator keeps the trace: from here on only the window has something to do.
    await command(page, 'Layout: Write')
    await page.evaluate('window.__contpteLab.idle()')
    await page.reload()
    await page.waitForFunction(idle, undefined, SLOW)
    const session = await context.newCDPSession(page)
    await session.send('Performance.enable', { timeDomain: 'threadTicks' })
    const before = await busy(session)
    const reopened = Date.now()
    await command(page, 'Step through this run')
    await lanes.waitFor(SLOW)
    await page.waitForFunction(idle, undefined, SLOW)
    const open = Date.now() - reopened
    const openBusy = (await busy(session)) - before
    await command(page, 'Layout: Step')
    await page.waitForFunction(idle, undefined, SLOW)
    const box = await slider.boundingBox()
    if (!box) throw new Error('the timeline is not on screen')
    await page.mouse.move(box.x + 4, box.y + 8)
    await browser.startTracing(page, { categories: ['toplevel'] })
    await page.mouse.down()
    await page.evaluate(WATCH_FRAMES)
    const idleBusy = await busy(session)
    const began = Date.now()
    for (let move = 1; move <= MOVES; move++) {
      await page.mouse.move(box.x + 4 + ((box.width - 8) * move) / MOVES, box.y + 8)
    }
    const took = Date.now() - began
    const moveBusy = ((await busy(session)) - idleBusy) / MOVES
    const longest = longestTask(await browser.stopTracing())
    const frames = /** @type {number[]} */ (await page.evaluate(STOP_FRAMES))
    await page.mouse.up()
    return { events, made, open, openBusy, frames, took, moveBusy, longest }
  } finally {
    await browser.close()
    await host.dispose()
  }
}

/** @param {string} executablePath @returns {Promise<import('./measure.mjs').Figure[]>} */
export async function traceFigures(executablePath) {
  const { events, made, open, openBusy, frames, took, moveBusy, longest } = await scrubbing(executablePath)
  const mean =
    frames.reduce((/** @type {number} */ sum, /** @type {number} */ each) => sum + each, 0) / frames.length
  return [
    {
      what: `a trace of ${events} events, made, into the panels`,
      value: open,
      unit: 'ms',
      budget: 1_000,
      runs: 1,
      note: `making it took ${made} ms before; ${openBusy.toFixed(0)} ms of CPU time in the page`
    },
    {
      what: 'a frame while scrubbing through it, mean',
      value: mean,
      unit: 'ms',
      budget: 20,
      runs: 1,
      note: `${(1000 / mean).toFixed(1)} frames/s over ${frames.length} frames in ${took} ms; ${moveBusy.toFixed(1)} ms of CPU time a move in the page; 95th percentile ${percentile(frames, 0.95).toFixed(1)} ms`
    },
    {
      what: 'longest task of the page while scrubbing, CPU time',
      value: longest.cpu,
      unit: 'ms',
      budget: 100,
      runs: 1,
      note: `${longest.wall.toFixed(0)} ms by the clock, with the waiting for a CPU`
    }
  ]
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
    figure('cancel of an endless loop', 'cancel', 1_000),
    ...(await traceFigures(executablePath))
  ]
}
