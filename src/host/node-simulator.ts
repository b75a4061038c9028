/** The simulator as a forked Node process: the web shell's way, and that of tests. */
import { fork } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Port } from '../protocol/port'
import { Channels, readToHost, type ToHost, type ToSimulator } from '../protocol/process'
import { DATA_VARIABLE } from './data-dir'
import type { LogLevel } from './log'
import type { Exit, SimulatorProcess } from './supervise'

/** Variables of our environment that the simulator gets; it runs other people's scripts. */
const PASSED = ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'TMPDIR', 'LANG', 'HOME', 'USERPROFILE']

export interface SpawnOptions {
  /** Path of the built `simulator.js`. */
  readonly entry: string
  readonly dataDir: string
  readonly log: (level: LogLevel, text: string) => void
}

/** What of our environment a simulator gets. */
export function simulatorEnvironment(dataDir: string): Record<string, string> {
  const passed = PASSED.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]]
  )
  return { ...(Object.fromEntries(passed) as Record<string, string>), [DATA_VARIABLE]: dataDir }
}

/** Writes what a process prints to the log, line by line. */
export function logOutput(stream: Readable | null, level: LogLevel, log: SpawnOptions['log']): void {
  let rest = ''
  stream?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const each of lines) if (each.trim() !== '') log(level, each)
  })
  stream?.on('end', () => {
    if (rest.trim() !== '') log(level, rest)
  })
}

/** Starts `simulator.js`; windows share its channel as numbered ones. */
export function spawnNodeSimulator({ entry, dataDir, log }: SpawnOptions): SimulatorProcess<Port> {
  const child = fork(entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    env: simulatorEnvironment(dataDir)
  })
  logOutput(child.stdout, 'info', log)
  logOutput(child.stderr, 'error', log)

  const send = (message: ToSimulator): void => {
    // A send to a process that has just died is no error: its exit is told below.
    if (child.connected) child.send(message, () => undefined)
  }
  const channels = new Channels(send)
  const listeners: ((message: ToHost) => void)[] = []
  const exits: ((exit: Exit) => void)[] = []
  let gone = false
  const exited = (exit: Exit): void => {
    if (gone) return
    gone = true
    channels.closeAll()
    for (const listener of exits) listener(exit)
  }
  child.on('message', (raw) => {
    const message = readToHost(raw)
    if (message?.kind === 'data' || message?.kind === 'close') channels.receive(message)
    else if (message !== undefined) for (const listener of listeners) listener(message)
  })
  child.on('exit', (code, signal) => exited({ code, signal }))
  child.on('error', (error) => {
    log('error', `simulator: ${error.message}`)
    if (child.pid === undefined) exited({ code: null, signal: null })
  })

  let nextId = 0
  return {
    pid: child.pid,
    send,
    connect: () => {
      const id = nextId++
      send({ kind: 'open', id })
      return channels.open(id)
    },
    kill: () => void child.kill('SIGKILL'),
    onMessage: (listener) => void listeners.push(listener),
    onExit: (listener) => void exits.push(listener)
  }
}
