/** The simulator as Electron's utility process; every window gets a MessagePort of its own to it. */
import { MessageChannelMain, utilityProcess, type MessagePortMain } from 'electron'
import type { Readable } from 'node:stream'
import { logOutput, simulatorEnvironment, type SpawnOptions } from '../host/node-simulator'
import type { SimulatorProcess } from '../host/supervise'
import { readToHost } from '../protocol/process'

export function spawnUtilitySimulator({
  entry,
  dataDir,
  log
}: SpawnOptions): SimulatorProcess<MessagePortMain> {
  const child = utilityProcess.fork(entry, [], {
    serviceName: 'contpte-lab simulator',
    stdio: 'pipe',
    env: simulatorEnvironment(dataDir)
  })
  logOutput(child.stdout as Readable | null, 'info', log)
  logOutput(child.stderr as Readable | null, 'error', log)
  return {
    get pid() {
      return child.pid
    },
    send: (message) => child.postMessage(message),
    connect: () => {
      const { port1, port2 } = new MessageChannelMain()
      child.postMessage({ kind: 'connect' }, [port1])
      return port2
    },
    kill: () => {
      // `kill()` asks first; what hangs in a loop does not listen.
      if (child.pid !== undefined) process.kill(child.pid, 'SIGKILL')
      else child.kill()
    },
    onMessage: (listener) => {
      child.on('message', (raw: unknown) => {
        const message = readToHost(raw)
        if (message !== undefined) listener(message)
      })
    },
    onExit: (listener) => {
      child.on('exit', (code) => listener({ code, signal: null }))
    }
  }
}
