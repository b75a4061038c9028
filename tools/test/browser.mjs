import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join } from 'node:path'

const { resolve } = createRequire(import.meta.url)

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const PLACES = {
  darwin: [
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe'
  ]
}

/**
 * Later Chromiums load popups of their own address bar beside every page: two seconds of CPU each. Naming
 * any feature takes the place of what Playwright switches off, so that is named again.
 */
export const CHROMIUM_ARGS = [
  `--disable-features=${[
    'WebUIOmniboxPopup',
    'WebUIOmniboxAimPopup',
    'AvoidUnnecessaryBeforeUnloadCheckSync',
    'DestroyProfileOnBrowserClose',
    'HttpsUpgrades',
    'HttpsFirstBalancedModeAutoEnable',
    'LensOverlay',
    'MediaRouter',
    'PaintHolding',
    'ThirdPartyStoragePartitioning',
    'AvoidCorsURLLoaderRestartOnRedirect',
    'OptimizationHints',
    'NetworkTimeServiceQuerying'
  ].join(',')}`
]

/** @param {string} path @returns {boolean} */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Playwright's own browser, if it was installed. */
async function playwrightBrowser() {
  const { chromium } = await import('@playwright/test')
  const path = chromium.executablePath()
  return path && existsSync(path) ? path : undefined
}

/**
 * A Chromium to test with: CHROME_PATH, else one on the PATH or in its usual place, else Playwright's.
 * @returns {Promise<string | undefined>} absolute path
 */
export async function findChromium() {
  const named = process.env.CHROME_PATH
  if (named) return isExecutable(named) ? named : undefined
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean)
  const onPath = folders.flatMap((folder) => NAMES.map((name) => join(folder, name)))
  const usual = PLACES[/** @type {keyof typeof PLACES} */ (process.platform)] ?? []
  return [...onPath, ...usual].find(isExecutable) ?? (await playwrightBrowser())
}

/** @param {string} command @param {readonly string[]} args @returns {boolean} */
function run(command, args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(command, args, { stdio: ['ignore', 2, 2], env }).status === 0
}

/**
 * Finds a Chromium or installs one: Debian's package where we may, Playwright's build elsewhere.
 * @param {(message: string) => void} log
 * @returns {Promise<string>}
 * @throws when there is none and none can be had
 */
export async function ensureChromium(log) {
  const found = await findChromium()
  if (found) return found
  if (process.env.CHROME_PATH) throw new Error(`CHROME_PATH names no program: ${process.env.CHROME_PATH}`)
  const isRoot = process.getuid?.() === 0
  const sudo = isRoot ? [] : ['sudo', '-n']
  const mayInstall =
    existsSync('/usr/bin/apt-get') && (isRoot || spawnSync('sudo', ['-n', 'true']).status === 0)
  if (mayInstall) {
    log('no Chromium found: installing the chromium package')
    const [command, ...first] = [...sudo, 'apt-get']
    run(command, [...first, 'update'])
    run(command, [...first, 'install', '-y', '--no-install-recommends', 'chromium'])
  } else {
    log("no Chromium found: installing Playwright's")
    run(process.execPath, [
      join(dirname(resolve('@playwright/test/package.json')), 'cli.js'),
      'install',
      'chromium'
    ])
  }
  const installed = await findChromium()
  if (!installed) throw new Error('no Chromium: install one, or name it in CHROME_PATH')
  return installed
}

/**
 * The Electron binary, without asking the package to fetch one.
 * @returns {{ path: string } | { reason: string }}
 */
export function findElectron() {
  const named = process.env.ELECTRON_EXEC_PATH
  if (named)
    return isExecutable(named) ? { path: named } : { reason: `ELECTRON_EXEC_PATH names no program: ${named}` }
  try {
    const folder = dirname(resolve('electron/package.json'))
    const path = join(folder, 'dist', readFileSync(join(folder, 'path.txt'), 'utf8'))
    if (isExecutable(path))
      return hasDisplay() ? { path } : { reason: 'Electron needs a display: DISPLAY is not set' }
  } catch {
    // No package or no path.txt: the binary was never fetched.
  }
  return { reason: 'the Electron binary is not installed (npx install-electron fetches it)' }
}

function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}
