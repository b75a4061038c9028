/**
 * `npm start`: builds what is stale and opens the app: in Electron where its binary can be had, else in
 * the browser, from a server on 127.0.0.1. Ctrl-C ends everything it started.
 *
 * Options: `--web` (the browser, without asking for Electron), `--port N` (of the server), `--no-open`
 * (only print the address).
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './build/inputs.mjs'
import { ensureBuilt } from './build.mjs'
import { findElectron } from './test/browser.mjs'

/** Electron that fails sooner than this did not come up at all (a library is missing, say). */
const EARLY_MS = 10_000
/** Time a child gets to end in good order. */
const GRACE_MS = 3_000
const FETCH_LIMIT_MS = 300_000

/** @param {string} text */
const say = (text) => process.stderr.write(`${text}\n`)

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set()
/** @type {(() => Promise<void>)[]} */
const endings = []

/**
 * Starts a program that ends with us.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 */
function start(command, args, options) {
  const child = spawn(command, args, options)
  children.add(child)
  child.once('exit', () => children.delete(child))
  child.once('error', () => children.delete(child))
  return child
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<number | null>} */
function ended(child) {
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code))
    child.once('error', () => resolve(null))
  })
}

let ending = false
/** Ends everything that was started, then this process. @param {number} code */
async function end(code) {
  if (ending) return
  ending = true
  const gone = [...children].map(async (child) => {
    const exit = ended(child)
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS)
    await exit
    clearTimeout(timer)
  })
  await Promise.allSettled([...gone, ...endings.map((close) => close())])
  process.exit(code)
}

const SIGNALS = /** @type {const} */ ({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 })
for (const [signal, code] of Object.entries(SIGNALS)) process.on(signal, () => void end(code))

function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}

/** Lets the package fetch its binary; answers whether it says it did. */
async function fetchElectron() {
  let script
  try {
    script = join(dirname(createRequire(import.meta.url).resolve('electron/package.json')), 'install.js')
  } catch {
    return false
  }
  const child = start(process.execPath, [script], { stdio: 'ignore' })
  // Said only when it takes a while: where there is no network it fails at once.
  const notice = setTimeout(() => say('Fetching the Electron binary, once ...'), 2_000)
  const limit = setTimeout(() => child.kill('SIGKILL'), FETCH_LIMIT_MS)
  const code = await ended(child)
  clearTimeout(notice)
  clearTimeout(limit)
  return code === 0
}

/**
 * Where Electron's binary is, or why there is none to run.
 * @returns {Promise<{ path: string } | { reason: string }>}
 */
async function electron() {
  // Who names a binary has thought about the rest.
  if (process.env.ELECTRON_EXEC_PATH) return findElectron()
  if (!hasDisplay()) return { reason: 'there is no display' }
  // Chromium's sandbox refuses root, and we do not switch it off.
  if (process.platform === 'linux' && process.getuid?.() === 0)
    return { reason: 'Electron does not run as root' }
  const found = findElectron()
  if ('path' in found) return found
  return (await fetchElectron()) ? findElectron() : { reason: 'its binary could not be fetched' }
}

/**
 * Runs Electron to its end.
 * @param {string} path
 * @returns {Promise<string | undefined>} why it did not come up, or nothing when it ran
 */
async function runElectron(path) {
  const begun = performance.now()
  const { ELECTRON_RUN_AS_NODE: _, ...env } = process.env
  const code = await ended(start(path, [root], { stdio: 'inherit', env }))
  if (ending) return undefined
  if (code !== 0 && performance.now() - begun < EARLY_MS) return `it ended with ${code ?? 'a signal'} at once`
  await end(code ?? 1)
  return undefined
}

/** Opens an address with the system's browser; where that does not work, the printed one is there. @param {string} url */
function openBrowser(url) {
  const [command, ...args] =
    process.platform === 'darwin'
      ? ['open', url]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', url]
        : ['xdg-open', url]
  const child = spawn(command, args, { stdio: 'ignore', detached: true })
  child.on('error', () => undefined)
  child.unref()
}

/** @param {number} port @param {boolean} open */
async function runWeb(port, open) {
  /** @type {typeof import('../src/server/index')} */
  const { serve } = await import(new URL('../out/main/server.js', import.meta.url).href)
  const serving = await serve({ port })
  endings.push(() => serving.close())
  if (ending) return void serving.close()
  process.stdout.write(`contpte-lab is at ${serving.url}\n`)
  say('The address works once, for the first browser that opens it. Ctrl-C ends it.')
  if (open && hasDisplay()) openBrowser(serving.url)
}

async function main() {
  const { values } = parseArgs({
    options: {
      web: { type: 'boolean', default: false },
      port: { type: 'string', default: '0' },
      'no-open': { type: 'boolean', default: false }
    }
  })
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535)
    throw new Error(`--port takes 0 to 65535, not ${values.port}`)
  await ensureBuilt({ targets: ['all'], log: say })
  if (!values.web) {
    const found = await electron()
    const reason = 'path' in found ? await runElectron(found.path) : found.reason
    if (ending) return
    say(`Electron is not available (${reason}): the app opens in the browser instead.`)
  }
  await runWeb(port, !values['no-open'])
}

try {
  await main()
} catch (error) {
  say(`contpte-lab could not start: ${error instanceof Error ? error.message : String(error)}`)
  await end(1)
}
