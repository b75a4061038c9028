/** The built shell, from its entry to its end, against a double of the `electron` module. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ensureBuilt } from '../../tools/build.mjs'
import { CONTENT_SECURITY_POLICY } from '../host/static'
import { COMMANDS, type CommandEntry } from '../protocol/commands'
import { LAB_BRIDGE_KEYS } from '../protocol/window'
import { accelerator } from './accelerator'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const out = here('../../out')
let dataDir: string
let report: Report

interface MenuItem {
  readonly id?: string
  readonly title?: string
  readonly accelerator?: string
  readonly role?: string
}
type Report = Record<string, unknown> & {
  readonly menu: { readonly label?: string; readonly role?: string; readonly items?: MenuItem[] }[]
  readonly window: { readonly x?: number; readonly webPreferences: Record<string, unknown> }
  readonly scheme: {
    readonly index: Record<string, unknown>
    readonly refused: Record<string, number>
    readonly post: number
  }
}

async function drive(env: Record<string, string> = {}): Promise<Report> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', here('./testing/register.mjs'), here('./testing/driver.mjs'), out, dataDir],
    {
      env: { PATH: process.env.PATH, CONTPTE_LAB_DATA: dataDir, ...env },
      timeout: 60_000,
      maxBuffer: 1 << 26
    }
  )
  return JSON.parse(stdout) as Report
}

beforeAll(async () => {
  await ensureBuilt()
  dataDir = await mkdtemp(join(tmpdir(), 'lab-shell-'))
  await writeFile(join(dataDir, 'window.json'), JSON.stringify({ x: 5000, y: 50, width: 1200, height: 800 }))
  report = await drive()
}, 300_000)
afterAll(() => rm(dataDir, { recursive: true, force: true }))

describe('start', () => {
  it('does before ready what must be done before ready, in the entry itself', () => {
    expect(report.beforeReady).toEqual([
      'app.setName',
      'app.setPath userData',
      'app.enableSandbox',
      'protocol.registerSchemesAsPrivileged',
      'app.requestSingleInstanceLock'
    ])
  })

  it('opens one window on our own scheme', () => {
    expect(report.loaded).toEqual([['loadURL', 'lab://app/'], ['show']])
    expect(report.privileges).toEqual([
      { scheme: 'lab', privileges: { standard: true, secure: true, supportFetchAPI: true, codeCache: true } }
    ])
  })

  it('sandboxes it and sets nothing that weakens it', () => {
    const { preload, ...preferences } = report.window.webPreferences
    expect(preferences).toEqual({ sandbox: true, contextIsolation: true, nodeIntegration: false })
    expect(preload).toBe(join(out, 'preload', 'index.cjs'))
    expect(report.preloadExists).toBe(true)
  })

  it('leaves a window that would be off every screen to the system', () => {
    expect(report.window.x).toBeUndefined()
  })

  it('a second time ends at once', async () => {
    const second = await drive({ DOUBLE_SECOND_INSTANCE: '1' })
    expect(second.calls).toContain('app.quit')
    expect(second.calls).not.toContain('BrowserWindow')
    expect(second.calls).not.toContain('utilityProcess.fork')
    expect(report.secondInstance).toEqual({ windows: 1, focused: true })
  })
})

describe('the scheme', () => {
  it('serves the page with the security headers', () => {
    expect(report.scheme.index).toMatchObject({
      headers: {
        'content-security-policy': CONTENT_SECURITY_POLICY,
        'content-type': 'text/html; charset=utf-8',
        'x-content-type-options': 'nosniff'
      }
    })
  })

  it('refuses what leaves the root, other hosts and other methods', () => {
    expect(new Set(Object.values(report.scheme.refused))).toEqual(new Set([404]))
    expect(report.scheme.post).toBe(405)
  })
})

describe('the preload', () => {
  it('requires nothing but electron and exposes the documented keys, frozen', () => {
    expect(report.bridge).toEqual({
      required: ['electron'],
      exposed: ['lab'],
      keys: [...LAB_BRIDGE_KEYS],
      frozen: true,
      returns: true
    })
  })

  it('passes on one port a service, to our own origin', () => {
    expect(report.handed).toEqual(
      ['host', 'simulator'].map((service) => ({
        message: { type: 'contpte-lab:port', service },
        target: 'lab://app',
        count: 1
      }))
    )
    expect(report.strangePortsPassed).toBe(0)
  })
})

describe('the services', () => {
  it('answer over their ports', () => {
    expect(report.info).toMatchObject({ shell: 'electron' })
    expect(report.experiments).toBeGreaterThan(0)
    expect(report.hello).toMatchObject({ apiVersion: 1 })
    expect(report.unknown).toMatchObject({ code: 'unknown-method' })
  })

  it('run an experiment in the utility process', () => {
    expect(report.run).toEqual({ status: 'finished', expectations: ['pass'], diagnostics: [] })
  })

  it('give the simulator a chosen environment only', () => {
    const [, path, args, options] = report.fork as [
      string,
      string,
      string[],
      { env: string[]; stdio: string }
    ]
    expect([path, args, options.stdio]).toEqual([join(out, 'main', 'simulator.js'), [], 'pipe'])
    expect(options.env.sort()).toEqual(['CONTPTE_LAB_DATA', 'PATH'])
  })

  it('give ports to the main frame of our own page only, and log the others', () => {
    expect(report.portsToOthers).toBe(0)
    expect(report.refusals).toBe(4)
  })

  it('come back with a new port after the simulator died, with its runs', () => {
    expect(report.afterKill).toEqual({
      hello: true,
      states: ['starting', 'ready', 'restarting', 'ready'],
      reason: 'the simulator ended with exit code 1',
      forks: 2,
      runs: ['finished']
    })
  })

  it('get fresh ports when the page is loaded again', () => {
    expect(report.reloaded).toEqual({ info: true, hello: true })
  })
})

describe('the menu', () => {
  it('holds every command with its key, and the roles of Edit', () => {
    const items = report.menu.flatMap(({ items: found }) => found ?? []).filter(({ id }) => id !== undefined)
    expect(items).toEqual(
      expect.arrayContaining(
        (COMMANDS as readonly CommandEntry[]).map(({ id, title, keys }) => ({
          id,
          title,
          ...(keys.length > 0 ? { accelerator: accelerator(keys[0]) } : {})
        }))
      )
    )
    expect(items.length).toBe(COMMANDS.length)
    expect(report.menu.map(({ role }) => role)).toContain('editMenu')
  })

  it('sends a chosen command to the page', () => {
    expect(report.command).toEqual({ type: 'command', id: 'run.start' })
  })
})

describe('the page may not', () => {
  it('have a permission but writing to the clipboard', () => {
    expect(report.permissions).toEqual({
      requests: ['clipboard-sanitized-write'],
      checks: ['clipboard-sanitized-write'],
      foreign: [],
      device: false
    })
  })

  it('go anywhere else', () => {
    expect(report.navigation).toEqual({
      'will-navigate': ['lab://app/'],
      'will-frame-navigate': ['lab://app/'],
      'will-redirect': ['lab://app/']
    })
    expect(report.webview).toBe(false)
  })

  it('open windows; a known link goes to the browser after asking', () => {
    expect(report.opened).toEqual(['deny', 'deny', 'deny', 'deny', 'deny'])
    expect(report.externalBeforeYes).toBe(0)
    expect(report.external).toEqual(['https://lore.kernel.org/x'])
  })
})

describe('files', () => {
  it('go where the user says, by the system dialog, with their kind', () => {
    expect(report.saveCancelled).toEqual({ outcome: 'cancelled', name: '../../evil.zip' })
    expect(report.saved).toEqual({ outcome: 'saved', name: 'chosen.zip' })
    expect(report.savedBytes).toEqual([80, 75, 3, 4])
    expect(report.saveDialog).toEqual({
      defaultPath: '/home/user/downloads/evil.zip',
      filters: [{ name: 'Bundle', extensions: ['zip'] }]
    })
  })
})

describe('the end', () => {
  it('offers to load a crashed page again', () => {
    expect(report.reloadOffered).toBe(true)
  })

  it('waits for the simulator and keeps the place of the window', async () => {
    expect(report.quit).toBe(true)
    expect(JSON.parse(await readFile(join(dataDir, 'window.json'), 'utf8'))).toEqual({
      x: 10,
      y: 20,
      width: 1200,
      height: 800
    })
  })
})

it.each([
  ['Mod+Shift+P', 'CmdOrCtrl+Shift+P'],
  ['Mod+Comma', 'CmdOrCtrl+,'],
  ['F5', 'F5'],
  ['?', '?']
])('the key %s is the accelerator %s', (key, expected) => {
  expect(accelerator(key)).toBe(expected)
})
