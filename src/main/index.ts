/**
 * The Electron shell. It decides nothing: it opens one sandboxed window on the built page, keeps the
 * simulator through `host/`, and hands ports to the page. What must precede `ready` runs synchronously
 * here, before anything is awaited.
 */
import { app, ipcMain, MessageChannelMain, protocol, session, type BrowserWindow } from 'electron'
import { mkdirSync } from 'node:fs'
import { VERSION } from 'virtual:engine-hash'
import { dataDir as findDataDir, layoutOf } from '../host/data-dir'
import { Log } from '../host/log'
import { PagePorts } from '../host/page-ports'
import { appPaths } from '../host/paths'
import { createHost } from '../host/service'
import { Supervisor } from '../host/supervise'
import { mainMessagePort } from '../protocol/ports/message-port'
import { REQUEST_PORTS_CHANNEL } from '../protocol/window'
import { buildMenu } from './menu'
import { saveFile } from './save-file'
import { isOurs, SCHEME_PRIVILEGES, serveApp } from './scheme'
import { guardContents, guardSession } from './security'
import { spawnUtilitySimulator } from './utility-simulator'
import { createWindow, postPort } from './window'

const dataDir = findDataDir()
const layout = layoutOf(dataDir)
app.setName('contpte-lab')
mkdirSync(layout.electron, { recursive: true, mode: 0o700 })
app.setPath('userData', layout.electron)
app.enableSandbox()
protocol.registerSchemesAsPrivileged([SCHEME_PRIVILEGES])
const isFirst = app.requestSingleInstanceLock()
if (!isFirst) app.quit()

const paths = appPaths(import.meta.url)
const log = new Log({ file: layout.log })
const supervisor = new Supervisor({
  spawn: () =>
    spawnUtilitySimulator({
      entry: paths.simulator,
      dataDir,
      log: (level, text) => log.add(level, 'simulator', text)
    }),
  log: (level, text) => log.add(level, 'host', text)
})
const host = createHost({
  dataDir,
  examplesDir: paths.examples,
  info: {
    version: VERSION,
    shell: 'electron',
    platform: `${process.platform} ${process.arch}, Electron ${process.versions.electron}, Node ${process.version}`
  },
  log,
  supervisor,
  saveFile: (request) => saveFile(window, request)
})
const ports = new PagePorts({
  host,
  supervisor,
  log,
  channel: () => {
    const { port1, port2 } = new MessageChannelMain()
    return { ours: mainMessagePort(port1), theirs: port2 }
  }
})

let window: BrowserWindow | undefined

function focusOrOpen(): void {
  if (window === undefined) {
    window = createWindow({ preload: paths.preload, boundsFile: layout.window, log })
    window.on('closed', () => {
      ports.end()
      window = undefined
    })
    return
  }
  if (window.isMinimized()) window.restore()
  window.focus()
}

ipcMain.on(REQUEST_PORTS_CHANNEL, ({ senderFrame }) => {
  const target = window
  // Only the main frame of our own page gets ports: no frame inside it, no page from elsewhere.
  if (target === undefined || senderFrame !== target.webContents.mainFrame || !isOurs(senderFrame.url))
    log.add('warn', 'window', `refused ports to ${senderFrame?.url ?? 'a frame that is gone'}`)
  else ports.begin((service, port) => postPort(target, service, port))
})

app.on('web-contents-created', (_event, contents) => guardContents(contents, log))
app.on('second-instance', focusOrOpen)
app.on('activate', focusOrOpen)
app.on('window-all-closed', () => {
  if (process.platform !== 'darwin') app.quit()
})
let stopped = false
app.on('will-quit', (event) => {
  if (stopped) return
  event.preventDefault()
  void Promise.all([supervisor.stop(), log.flush()]).then(() => {
    stopped = true
    app.quit()
  })
})

if (isFirst)
  void app.whenReady().then(() => {
    guardSession(session.defaultSession)
    serveApp(session.defaultSession.protocol, paths.renderer)
    buildMenu((id) => host.emit({ type: 'command', id }))
    supervisor.start()
    focusOrOpen()
  })
