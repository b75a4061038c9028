/**
 * Runs the built shell against the double from its start to its end, attacks it a little, and prints
 * what it saw as JSON. `node --import register.mjs driver.mjs OUT_DIR DATA_DIR`
 */
import { readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as double from './double.mjs'
import { loadPage, talk } from './page.mjs'

const [out, dataDir] = process.argv.slice(2)
const report = {}
const turn = () => new Promise((resolve) => setImmediate(resolve))

const entry = import(pathToFileURL(join(out, 'main/index.js')).href)
await entry
report.beforeReady = double.calls.map(([name]) => name)
double.becomeReady()
if (process.env.DOUBLE_SECOND_INSTANCE !== undefined) {
  await turn()
  finish()
}
while (double.windows.length === 0) await turn()

const [window] = double.windows
const { webContents } = window
const { options } = window
report.window = { ...options, webPreferences: options.webPreferences }
report.privileges = double.handlers.privileges
report.preloadExists = existsSync(options.webPreferences.preload)
await turn()
report.loaded = double.calls.filter(([name]) => name === 'loadURL' || name === 'show')

// The scheme.
const get = async (url, method = 'GET') => {
  const response = await double.handlers.lab(new Request(url, { method }))
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text()
  }
}
const index = await get('lab://app/')
report.scheme = {
  index: { ...index, body: index.body.slice(0, 100) },
  refused: Object.fromEntries(
    await Promise.all(
      [
        'lab://app/../../package.json',
        'lab://app/..%2f..%2fpackage.json',
        'lab://app/%2e%2e/main/index.js',
        'lab://app/..%5c..%5cpackage.json',
        'lab://app/index.html%00',
        'lab://app//etc/passwd',
        'lab://other/index.html',
        'lab://app/none.js'
      ].map(async (url) => [url, (await get(url)).status])
    )
  ),
  post: (await get('lab://app/', 'POST')).status
}

// The page gets its ports.
const page = loadPage(options.webPreferences.preload, webContents, double.ipcMain)
report.bridge = {
  required: page.required,
  exposed: Object.keys(page.exposed),
  keys: Object.keys(page.exposed.lab),
  frozen: Object.isFrozen(page.exposed.lab),
  returns: page.exposed.lab.requestPorts() === undefined
}
const handedHost = await page.port('host')
const host = talk(handedHost.port)
const handedSimulator = await page.port('simulator')
let simulator = talk(handedSimulator.port)
report.handed = [handedHost, handedSimulator].map(({ message, target, count }) => ({
  message,
  target,
  count
}))
report.info = (await host.call('info')).r
report.experiments = (await host.call('listExperiments')).r.length
report.hello = (await simulator.call('hello')).r
report.unknown = (await host.call('nothing')).e

// A run through the real laboratory.
const text = `import { experiment } from 'contpte-lab'
export default experiment({ title: 'One', run({ record, expect }) { record('x', 2); expect(2, 'two').toBe(2) } })
`
const { runId } = (await simulator.call('startRun', { file: 'one.ts', text, seed: 1 })).r
const { run } = await simulator.until((event) => event.type === 'run-ended' && event.runId === runId)
report.run = {
  status: run.status,
  expectations: run.expectations.map(({ status }) => status),
  diagnostics: run.diagnostics
}

// Who else may have ports.
const send = (senderFrame) => double.ipcMain.emit('contpte-lab:request-ports', { senderFrame })
send({ url: 'lab://app/' })
send({ url: 'https://example.com/' })
send(null)
const own = webContents.mainFrame.url
webContents.mainFrame.url = 'https://example.com/'
send(webContents.mainFrame)
webContents.mainFrame.url = own
await turn()
report.portsToOthers = page.received.length
report.refusals = (await host.call('readLog')).r.filter((line) => line.includes('refused ports')).length

// A hostile message from an extra channel of the preload.
webContents.emit('double:to-preload', 'contpte-lab:port', { type: 'contpte-lab:port', service: 'evil' }, [])
report.strangePortsPassed = page.received.length

// The simulator dies.
double.simulators[0].kill()
const successor = await page.port('simulator')
await simulator.closed
simulator = talk(successor.port)
report.afterKill = {
  hello: (await simulator.call('hello')).r !== undefined,
  states: host.heard.filter(({ type }) => type === 'simulator').map(({ state }) => state),
  reason: host.heard.findLast(({ type }) => type === 'simulator').reason,
  forks: double.calls.filter(([name]) => name === 'utilityProcess.fork').length,
  runs: (await simulator.call('listRuns')).r.map(({ status }) => status)
}
report.fork = double.calls.find(([name]) => name === 'utilityProcess.fork')

// A reload of the page gets fresh ports and ends the old ones.
const reloaded = loadPage(options.webPreferences.preload, webContents, double.ipcMain)
reloaded.exposed.lab.requestPorts()
const again = talk((await reloaded.port('host')).port)
const simulatorAgain = talk((await reloaded.port('simulator')).port)
await host.closed
report.reloaded = {
  info: (await again.call('info')).r !== undefined,
  hello: (await simulatorAgain.call('hello')).r !== undefined
}

// The menu.
const click = (id) => {
  const items = double.handlers.menu.flatMap(({ submenu }) => submenu ?? [])
  items.find((item) => item.id === id).click()
}
report.menu = double.handlers.menu.map(({ label, role, submenu }) => ({
  label,
  role,
  items: submenu?.map(({ id, label: title, accelerator, role: itemRole, type }) => ({
    id,
    title,
    accelerator,
    role: itemRole,
    type
  }))
}))
click('run.start')
report.command = await again.until(({ type }) => type === 'command')

// Permissions, navigation, windows.
const permissions = [
  'clipboard-sanitized-write',
  'clipboard-read',
  'media',
  'geolocation',
  'notifications',
  'openExternal',
  'usb',
  'fullscreen',
  'midi'
]
const ask = (permission, requestingUrl) => {
  let decided
  double.handlers.permissionRequest(webContents, permission, (granted) => (decided = granted), {
    requestingUrl
  })
  return decided
}
report.permissions = {
  requests: permissions.filter((permission) => ask(permission, 'lab://app/')),
  checks: permissions.filter((permission) =>
    double.handlers.permissionCheck(webContents, permission, 'lab://app/', {})
  ),
  foreign: permissions.filter((permission) => ask(permission, 'https://example.com/')),
  device: double.handlers.devicePermission({})
}
const goes = (event, url) => {
  let prevented = false
  webContents.emit(event, { url, preventDefault: () => (prevented = true) })
  return !prevented
}
const places = [
  'lab://app/',
  'https://example.com/',
  'lab://app.example.com/',
  'lab://evil/',
  'file:///etc/passwd',
  'javascript:1',
  'lab:app'
]
report.navigation = Object.fromEntries(
  ['will-navigate', 'will-frame-navigate', 'will-redirect'].map((event) => [
    event,
    places.filter((url) => goes(event, url))
  ])
)
report.webview = goes('will-attach-webview', '')
const tries = ['https://example.com/', 'https://lore.kernel.org/x', 'file:///x', 'smb://x/y', 'javascript:1']
double.answers.messageBox = 1
report.opened = tries.map((url) => webContents.openHandler({ url }).action)
await turn()
report.externalBeforeYes = double.calls.filter(([name]) => name === 'openExternal').length
double.answers.messageBox = 0
tries.forEach((url) => webContents.openHandler({ url }))
await turn()
report.external = double.calls.filter(([name]) => name === 'openExternal').map(([, url]) => url)

// Files.
const bytes = new Uint8Array([80, 75, 3, 4])
const file = { name: '../../evil.zip', bytes, filter: { name: 'Bundle', extensions: ['zip'] } }
report.saveCancelled = (await again.call('saveFile', file)).r
double.answers.saveTo = join(dataDir, 'chosen.zip')
report.saved = (await again.call('saveFile', file)).r
report.savedBytes = [...readFileSync(double.answers.saveTo)]
report.saveDialog = double.calls.find(([name]) => name === 'showSaveDialog')[1]

// Second start, crash of the page, end.
double.app.emit('second-instance')
report.secondInstance = {
  windows: double.windows.length,
  focused: double.calls.some(([name]) => name === 'focus')
}
webContents.emit('render-process-gone', {}, { reason: 'crashed' })
await turn()
report.reloadOffered = double.calls.some(([name]) => name === 'reload')
window.emit('close')
window.emit('closed')
const quit = new Promise((resolve) => double.app.once('quit', resolve))
double.app.emit('window-all-closed')
await quit
report.quit = true
finish()

function finish() {
  report.calls = double.calls.map(([name]) => name)
  process.stdout.write(JSON.stringify(report), () => process.exit(0))
}
