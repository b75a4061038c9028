/**
 * A small double of the `electron` module for the built shell: what it needs, recording what it does.
 * Behind `utilityProcess` is a real worker, behind `MessageChannelMain` a real MessageChannel. What
 * Electron refuses, it refuses too: schemes registered late, options it does not know, ports unstarted.
 */
import { EventEmitter } from 'node:events'
import { existsSync } from 'node:fs'
import { MessageChannel, Worker } from 'node:worker_threads'

/** What the shell did, in order. */
export const calls = []
const note = (name, ...args) => void calls.push([name, ...args])

let ready = false
let tellReady
const whenReady = new Promise((resolve) => (tellReady = resolve))
/** Lets `app.whenReady()` resolve: after the entry has run, as in Electron. */
export function becomeReady() {
  ready = true
  tellReady()
}
const early = (name) => {
  if (ready) throw new Error(`${name} after ready`)
  note(name)
}

class App extends EventEmitter {
  setName() {
    early('app.setName')
  }
  setPath(name, path) {
    if (!existsSync(path)) throw new Error(`no such folder: ${path}`)
    early(`app.setPath ${name}`)
  }
  enableSandbox() {
    early('app.enableSandbox')
  }
  requestSingleInstanceLock() {
    early('app.requestSingleInstanceLock')
    return process.env.DOUBLE_SECOND_INSTANCE === undefined
  }
  whenReady() {
    return whenReady
  }
  getPath(name) {
    return `/home/user/${name}`
  }
  quit() {
    note('app.quit')
    const event = { prevented: false, preventDefault: () => (event.prevented = true) }
    this.emit('will-quit', event)
    if (!event.prevented) this.emit('quit')
  }
}
export const app = new App()

/** `MessagePortMain`: paused until started, messages come as events with `data` and `ports`. */
export class MessagePortMain extends EventEmitter {
  constructor(port) {
    super()
    this.port = port
    port.on('close', () => this.emit('close'))
  }
  postMessage(message, transfer = []) {
    this.port.postMessage(
      { data: message, ports: transfer.map(({ port }) => port) },
      transfer.map(({ port }) => port)
    )
  }
  start() {
    this.port.on('message', ({ data, ports }) =>
      this.emit('message', { data, ports: ports.map((port) => new MessagePortMain(port)) })
    )
  }
  close() {
    this.port.close()
  }
}

export class MessageChannelMain {
  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port1 = new MessagePortMain(port1)
    this.port2 = new MessagePortMain(port2)
  }
}

export const simulators = []
export const utilityProcess = {
  fork(modulePath, args, options) {
    note('utilityProcess.fork', modulePath, args, { ...options, env: Object.keys(options.env) })
    const worker = new Worker(new URL('./utility.mjs', import.meta.url), {
      workerData: modulePath,
      env: options.env,
      stdout: true,
      stderr: true
    })
    const child = Object.assign(new EventEmitter(), {
      pid: undefined,
      stdout: worker.stdout,
      stderr: worker.stderr,
      postMessage: (message, transfer = []) =>
        worker.postMessage(
          { data: message, ports: transfer.map(({ port }) => port) },
          transfer.map(({ port }) => port)
        ),
      kill: () => {
        void worker.terminate()
        return true
      }
    })
    worker.on('message', (message) => child.emit('message', message))
    worker.on('error', (error) => child.emit('error', error))
    worker.on('exit', (code) => child.emit('exit', code))
    simulators.push(child)
    return child
  }
}

export const ipcMain = new EventEmitter()

export const handlers = {}
export const protocol = {
  registerSchemesAsPrivileged(schemes) {
    early('protocol.registerSchemesAsPrivileged')
    handlers.privileges = schemes
  }
}
const defaultSession = {
  protocol: { handle: (scheme, handler) => void (handlers[scheme] = handler) },
  setPermissionRequestHandler: (handler) => void (handlers.permissionRequest = handler),
  setPermissionCheckHandler: (handler) => void (handlers.permissionCheck = handler),
  setDevicePermissionHandler: (handler) => void (handlers.devicePermission = handler)
}
export const session = { defaultSession }

class WebContents extends EventEmitter {
  mainFrame = { url: '' }
  setWindowOpenHandler(handler) {
    this.openHandler = handler
  }
  postMessage(channel, message, transfer) {
    this.emit('double:to-preload', channel, message, transfer)
  }
}

export const windows = []
export class BrowserWindow extends EventEmitter {
  constructor(options) {
    super()
    this.options = options
    this.webContents = new WebContents()
    windows.push(this)
    note('BrowserWindow')
    app.emit('web-contents-created', {}, this.webContents)
  }
  async loadURL(url) {
    note('loadURL', url)
    this.webContents.mainFrame = { url }
    this.emit('ready-to-show')
  }
  show() {
    note('show')
  }
  focus() {
    note('focus')
  }
  restore() {
    note('restore')
  }
  reload() {
    note('reload')
  }
  isMinimized() {
    return true
  }
  isDestroyed() {
    return false
  }
  destroy() {
    note('destroy')
  }
  getNormalBounds() {
    return { x: 10, y: 20, width: 1200, height: 800 }
  }
}

/** What the user will answer. */
export const answers = { messageBox: 1, saveTo: '' }
export const dialog = {
  async showMessageBox(...args) {
    note('showMessageBox', args.at(-1).detail)
    return { response: answers.messageBox }
  },
  async showSaveDialog(...args) {
    note('showSaveDialog', args.at(-1))
    return { canceled: answers.saveTo === '', filePath: answers.saveTo }
  }
}
export const shell = { openExternal: async (url) => note('openExternal', url) }
export const nativeTheme = { shouldUseDarkColors: true }
export const screen = { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] }
export const Menu = {
  buildFromTemplate: (template) => template,
  setApplicationMenu: (template) => void (handlers.menu = template)
}
