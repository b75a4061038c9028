import {
  type BrowserContext,
  expect,
  type Page,
  type TestInfo,
  _electron,
  test as base
} from '@playwright/test'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findElectron } from '../tools/test/browser.mjs'
import { childrenOf, WebHost } from '../tools/test/host.mjs'
import { Lab } from './lab'
import { watch } from './watch'

export { expect }

/** The app in one of its two shells, with a profile of its own. */
export interface Shell {
  readonly kind: 'web' | 'electron'
  /** The window. After `restart` it is another one. */
  page: Page
  readonly dataDir: string
  /** Shows the app; what the page does is watched from before. */
  open(): Promise<void>
  /** Process id of the simulator. */
  simulatorPid(): number | undefined
  /**
   * Ends everything at once (as a power cut would) and starts again with the same profile, after
   * `between` did to it what it wanted.
   */
  restart(between?: () => void): Promise<Page>
  /** Does what offers a file to the user, and keeps the file at `path`: a download, or the save dialog's answer. */
  saved(path: string, offer: () => Promise<void>): Promise<void>
}

/**
 * What the tests of a worker share: nothing that the app keeps, but origins, so that the browser need
 * not fetch and compile the same files again for every test.
 */
interface Browsing {
  readonly context: BrowserContext
  /** Of hosts that ended; the next ones take the same. */
  readonly ports: number[]
}

/** An app that was started, and how to end it. */
interface Opened {
  readonly shell: Shell
  /** Only of the web shell. */
  readonly host?: WebHost
  close(): Promise<void>
}

async function webShell(browsing: Browsing): Promise<Opened> {
  const first = new WebHost(undefined, browsing.ports.pop())
  let host = first
  await host.start()
  const port = Number(new URL(host.origin).port)
  const page = await browsing.context.newPage()
  await forget(page, host.origin)
  const shell: Shell = {
    kind: 'web',
    page,
    dataDir: host.dataDir,
    open: async () => void (await shell.page.goto(host.url)),
    simulatorPid: () => host.simulatorPid(),
    restart: async (between) => {
      await host.stop('SIGKILL')
      between?.()
      host = new WebHost(first.dataDir)
      await host.start()
      await shell.open()
      return shell.page
    },
    saved: async (path, offer) => {
      const download = shell.page.waitForEvent('download')
      await offer()
      await (await download).saveAs(path)
    }
  }
  const close = async () => {
    await page.close()
    if (host !== first) await host.dispose()
    await first.dispose()
    browsing.ports.push(port)
  }
  return { shell, host: first, close }
}

/**
 * The browser forgets what pages of an origin kept, but not their files. Cookies stay: they belong to all
 * ports, and one of an earlier host opens nothing.
 */
async function forget(page: Page, origin: string): Promise<void> {
  const browser = await page.context().newCDPSession(page)
  const storageTypes = 'local_storage,indexeddb,cache_storage,service_workers'
  await browser.send('Storage.clearDataForOrigin', { origin, storageTypes })
  await browser.detach()
}

async function electronShell(executablePath: string): Promise<Opened> {
  const dataDir = mkdtempSync(join(tmpdir(), 'contpte-lab-e2e-'))
  const root = fileURLToPath(new URL('..', import.meta.url))
  const launch = () =>
    _electron.launch({
      executablePath,
      // As root Chromium refuses its sandbox. Tests only: the product never asks for this.
      args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), root],
      env: { ...process.env, CONTPTE_LAB_DATA: dataDir, CONTPTE_LAB_TEST: '1' }
    })
  let app = await launch()
  const shell: Shell = {
    kind: 'electron',
    page: await app.firstWindow(),
    dataDir,
    open: async () => void (await shell.page.reload()),
    simulatorPid: () => childrenOf(app.process().pid ?? 0).at(-1),
    restart: async (between) => {
      const closed = app.waitForEvent('close')
      app.process().kill('SIGKILL')
      await closed
      between?.()
      app = await launch()
      shell.page = await app.firstWindow()
      return shell.page
    },
    saved: async (path, offer) => {
      await app.evaluate(({ dialog }, filePath) => {
        dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath })
      }, path)
      await offer()
      await expect.poll(() => existsSync(path)).toBe(true)
    }
  }
  const close = async () => {
    await app.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { shell, close }
}

/** The one place where a test may be skipped: a shell that this machine cannot start. */
function electronOrSkip(testInfo: TestInfo): string {
  const electron = findElectron()
  const reason = 'reason' in electron ? electron.reason : ''
  testInfo.skip(reason !== '', reason)
  return 'path' in electron ? electron.path : ''
}

interface Options {
  /**
   * A name: tests with it that a worker runs one after the other use one window, whatever file they are in.
   * Opening the app anew is most of what such a test would cost. `written` is for tests that begin by writing
   * what they look at and leave the settings as they are; others name a window for their own group.
   */
  together: string
}

interface Fixtures {
  needsBinary: string
  opened: Opened & { readonly used: boolean }
  shell: Shell
  /** The web shell's host; only in `e2e/web`. */
  host: WebHost
  /** The app, opened on a fresh profile and idle. Fails a test that made the app complain unexpectedly. */
  lab: Lab
}

/** The app that tests use together, until one asks for another. Tests without a name open theirs beside it. */
interface Kept {
  name: string
  app?: Opened
  end(): Promise<void>
}

export const test = base.extend<Fixtures & Options, { browsing: Browsing; kept: Kept }>({
  together: ['', { option: true }],
  browsing: [
    async ({ browser }, use, { project }) => {
      const { viewport, permissions } = project.use
      const context = await browser.newContext({ viewport, permissions })
      await use({ context, ports: [] })
      await context.close()
    },
    { scope: 'worker' }
  ],
  kept: [
    async ({}, use) => {
      const kept: Kept = {
        name: '',
        end: async () => {
          await kept.app?.close()
          kept.app = undefined
          kept.name = ''
        }
      }
      await use(kept)
      await kept.end()
    },
    { scope: 'worker' }
  ],
  needsBinary: [
    async ({}, use, testInfo) => {
      await use(testInfo.project.name === 'electron' ? electronOrSkip(testInfo) : '')
    },
    { auto: true }
  ],
  opened: async ({ needsBinary, browsing, kept, together }, use) => {
    const open = () => (needsBinary ? electronShell(needsBinary) : webShell(browsing))
    const used = kept.app !== undefined && together === kept.name
    if (together && !used) await kept.end()
    const app = used && kept.app ? kept.app : await open()
    if (together) Object.assign(kept, { name: together, app })
    await use({ ...app, used })
    if (!together) await app.close()
  },
  shell: async ({ opened }, use) => {
    await use(opened.shell)
  },
  host: async ({ opened: { host } }, use) => {
    if (!host) throw new Error('only the web shell has a web host')
    await use(host)
  },
  lab: async ({ opened: { shell, used } }, use) => {
    const problems = watch(shell.page)
    const lab = new Lab(shell, problems)
    if (used) {
      await shell.page.bringToFront()
      await lab.tidy()
    } else await shell.open()
    await lab.ready()
    await use(lab)
    problems.assertNone()
  }
})

/**
 * What a spec allows where an expectation names a time: ten times it, for a busy machine. The spec shows
 * that the thing works; `npm run bench -- ui` measures how soon.
 */
export function tenTimes(limitMs: number): number {
  return 10 * limitMs
}
