/** The page's side: runs the built preload as a sandboxed one runs, and talks through the ports it gets. */
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import { runInNewContext } from 'node:vm'

/** What of Node a sandboxed preload has. */
const SANDBOXED = ['electron', 'events', 'timers', 'url']

/**
 * Loads the preload for a page of `contents`.
 * @returns what it exposed, and a way to take the ports it passes on
 */
export function loadPage(preloadFile, contents, ipcMain, origin = 'lab://app') {
  const required = []
  const exposed = {}
  const received = []
  const waiting = []
  const ipcRenderer = Object.assign(new EventEmitter(), {
    send: (channel, ...args) => ipcMain.emit(channel, { senderFrame: contents.mainFrame }, ...args)
  })
  contents.removeAllListeners('double:to-preload')
  contents.on('double:to-preload', (channel, message, transfer) =>
    ipcRenderer.emit(channel, { ports: transfer.map(({ port }) => port) }, structuredClone(message))
  )
  const window = {
    location: { origin },
    postMessage: (message, target, ports) => {
      const given = { message, target, port: ports[0], count: ports.length }
      const take = waiting.findIndex(({ service }) => service === message.service)
      if (take >= 0) waiting.splice(take, 1)[0].resolve(given)
      else received.push(given)
    }
  }
  const electron = {
    ipcRenderer,
    contextBridge: { exposeInMainWorld: (key, api) => (exposed[key] = api) }
  }
  const require = (name) => {
    required.push(name)
    if (!SANDBOXED.includes(name)) throw new Error(`module not found: ${name}`)
    return name === 'electron' ? electron : {}
  }
  const module = { exports: {} }
  runInNewContext(readFileSync(preloadFile, 'utf8'), {
    require,
    module,
    exports: module.exports,
    window,
    URL,
    console
  })
  return {
    required,
    exposed,
    received,
    /** The next port to a service. */
    port: (service) => {
      const at = received.findIndex(({ message }) => message.service === service)
      if (at >= 0) return Promise.resolve(received.splice(at, 1)[0])
      return new Promise((resolve) => waiting.push({ service, resolve }))
    }
  }
}

/** Calls over a port in the words of the protocol. */
export function talk(port) {
  const events = new EventEmitter()
  const heard = []
  const open = new Map()
  let next = 0
  port.on('message', ({ data }) => {
    if (data.t === 's') open.get(data.i)?.(data)
    else {
      heard.push(data.a[0])
      events.emit('event')
    }
  })
  return {
    heard,
    call: (m, ...a) =>
      new Promise((resolve) => {
        const i = String(next++)
        open.set(i, resolve)
        port.postMessage({ data: { t: 'q', i, m, a }, ports: [] })
      }),
    /** Resolves when an event of that kind was heard. */
    until: async (wanted) => {
      while (!heard.some(wanted)) await new Promise((resolve) => events.once('event', resolve))
      return heard.find(wanted)
    },
    closed: new Promise((resolve) => port.on('close', resolve))
  }
}
