/** The window: sandboxed, where it was last if that is still on a screen, and never left blank. */
import { BrowserWindow, dialog, nativeTheme, screen, type MessagePortMain } from 'electron'
import { writeFileAtomic } from '../host/files'
import type { Log } from '../host/log'
import { restoredBounds } from '../host/window-bounds'
import { PORT_CHANNEL, type PortMessage, type ServiceName } from '../protocol/window'
import { START_URL } from './scheme'

export interface WindowOptions {
  readonly preload: string
  /** File in which the window's place is kept. */
  readonly boundsFile: string
  readonly log: Log
}

const SIZE = { width: 1440, height: 900 }

export function createWindow({ preload, boundsFile, log }: WindowOptions): BrowserWindow {
  const window = new BrowserWindow({
    ...SIZE,
    ...restoredBounds(
      boundsFile,
      screen.getAllDisplays().map((display) => display.workArea)
    ),
    minWidth: 800,
    minHeight: 500,
    show: false,
    title: 'contpte-lab',
    backgroundColor: nativeTheme.shouldUseDarkColors ? '#1d2026' : '#ffffff',
    webPreferences: { preload, sandbox: true, contextIsolation: true, nodeIntegration: false }
  })
  window.once('ready-to-show', () => window.show())
  window.on('close', () => {
    writeFileAtomic(boundsFile, JSON.stringify(window.getNormalBounds())).catch((error: unknown) =>
      log.add('warn', 'window', `the window's place was not kept: ${String(error)}`)
    )
  })
  window.webContents.on('render-process-gone', (_event, { reason }) => {
    if (reason !== 'clean-exit') void offerReload(window, reason, log)
  })
  window.loadURL(START_URL).catch((error: unknown) => {
    log.add('error', 'window', String(error))
    window.show()
  })
  return window
}

/** Posts a port to the page's main frame. */
export function postPort(window: BrowserWindow, service: ServiceName, port: MessagePortMain): void {
  const message: PortMessage = { type: 'contpte-lab:port', service }
  window.webContents.postMessage(PORT_CHANNEL, message, [port])
}

/** The page's process is gone; its text is on disk, so loading it again brings everything back. */
async function offerReload(window: BrowserWindow, reason: string, log: Log): Promise<void> {
  log.add('error', 'window', `the page ended: ${reason}`)
  if (window.isDestroyed()) return
  const { response } = await dialog.showMessageBox(window, {
    type: 'error',
    message: 'The window stopped working',
    detail: `Reason: ${reason}. Your text and finished results are kept.`,
    buttons: ['Reload', 'Close'],
    defaultId: 0,
    cancelId: 1
  })
  if (window.isDestroyed()) return
  if (response === 0) window.reload()
  else window.destroy()
}
