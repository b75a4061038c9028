/**
 * The one door between Electron and the page. It gives the page `window.lab` (keys: `LAB_BRIDGE_KEYS`)
 * and passes on the ports that the main process hands over; no Electron object goes through.
 */
import { contextBridge, ipcRenderer } from 'electron'
import {
  LAB_BRIDGE_KEYS,
  PORT_CHANNEL,
  readPortMessage,
  REQUEST_PORTS_CHANNEL,
  type LabBridge
} from '../protocol/window'

const bridge: LabBridge = {
  requestPorts: () => {
    ipcRenderer.send(REQUEST_PORTS_CHANNEL)
  }
}

ipcRenderer.on(PORT_CHANNEL, (event, raw: unknown) => {
  const message = readPortMessage(raw)
  if (message !== undefined && event.ports.length === 1)
    window.postMessage(message, window.location.origin, [event.ports[0]])
})

contextBridge.exposeInMainWorld(
  'lab',
  Object.freeze(Object.fromEntries(LAB_BRIDGE_KEYS.map((key) => [key, bridge[key]])))
)
