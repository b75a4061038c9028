import { describe, expect, it } from 'vitest'
import type { Port } from '../../protocol/port'
import { serveRpc, type Served } from '../../protocol/rpc'
import { hostContract } from '../../protocol/schemas/host'
import { simulatorContract } from '../../protocol/schemas/simulator'
import type { HostEvent, HostService, SimulatorEvent, SimulatorService } from '../../protocol/services'
import { hostSamples, simulatorSamples } from '../../protocol/testing/samples'
import { portPair } from '../../protocol/testing/pair'
import type { ServiceName } from '../../protocol/window'
import { connectThrough } from './connect'
import { bridgeDialler } from './diallers'

/** Both services on a table: they can be down, die, and come back. */
class Table {
  up: Record<ServiceName, boolean> = { host: true, simulator: true }
  dials = { host: 0, simulator: 0 }
  hosts: Served<HostEvent>[] = []
  simulators: Served<SimulatorEvent>[] = []
  hangs = false

  readonly dialler = (service: ServiceName) => async (): Promise<Port> => {
    this.dials[service]++
    if (!this.up[service]) throw new Error('the connection was refused')
    const [ours, theirs] = portPair()
    if (service === 'host') this.hosts.push(serveRpc(ours, hostContract, this.host()))
    else this.simulators.push(serveRpc(ours, simulatorContract, this.simulator()))
    return theirs
  }

  host(): HostService {
    const replies = hostSamples.replies
    return { info: async () => replies.info, readLog: async () => replies.readLog } as unknown as HostService
  }

  simulator(): SimulatorService {
    const never = new Promise<never>(() => undefined)
    return {
      hello: async () => simulatorSamples.replies.hello,
      listRuns: async () => (this.hangs ? never : [])
    } as unknown as SimulatorService
  }
}

const until = (subscribe: (listener: () => void) => () => void, wanted: () => boolean): Promise<void> =>
  new Promise((resolve) => {
    if (wanted()) return resolve()
    const end = subscribe(() => {
      if (!wanted()) return
      end()
      resolve()
    })
  })

describe('clients', () => {
  it('resolve with the host, make calls, and hear events', async () => {
    const table = new Table()
    const { host, simulator } = await connectThrough(table.dialler)
    expect(host.state).toBe('ready')
    expect(await simulator.call.listRuns()).toEqual([])
    const heard: unknown[] = []
    const end = host.on((event) => heard.push(event))
    table.hosts[0].emit({ type: 'command', id: 'run.start' })
    await host.call.info()
    end()
    table.hosts[0].emit({ type: 'command', id: 'run.cancel' })
    await host.call.info()
    expect(heard).toEqual([{ type: 'command', id: 'run.start' }])
  })

  it('connect again when the simulator is restarted; calls under way are rejected, later ones wait', async () => {
    const table = new Table()
    const { simulator } = await connectThrough(table.dialler)
    await simulator.call.hello()
    const events: unknown[] = []
    simulator.on((event) => events.push(event))
    table.hangs = true
    const lost = simulator.call.listRuns()
    // The call must be on its way before the connection ends.
    await simulator.call.hello()
    table.hangs = false
    table.simulators[0].close()
    await expect(lost).rejects.toMatchObject({ code: 'disconnected' })
    await until(
      (listener) => simulator.onState(listener),
      () => simulator.state === 'connecting'
    )
    expect(await simulator.call.listRuns()).toEqual([])
    expect([simulator.state, simulator.generation]).toEqual(['ready', 2])
    table.simulators[1].emit(simulatorSamples.events.console)
    await simulator.call.hello()
    expect(events).toEqual([simulatorSamples.events.console])
  })

  it('refuse calls while the simulator is given up, and work again after a restart', async () => {
    const table = new Table()
    const { host, simulator } = await connectThrough(table.dialler)
    await simulator.call.hello()
    table.up.simulator = false
    table.simulators[0].close()
    table.hosts[0].emit({
      type: 'simulator',
      state: 'failed',
      restarts: 5,
      reason: 'it ended with exit code 1'
    })
    await host.call.info()
    expect(simulator.state).toBe('failed')
    await expect(simulator.call.hello()).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('exit code 1')
    })
    table.up.simulator = true
    table.hosts[0].emit({ type: 'simulator', state: 'restarting', restarts: 6 })
    await host.call.info()
    expect(await simulator.call.hello()).toEqual(simulatorSamples.replies.hello)
    expect(simulator.state).toBe('ready')
  })

  it('reject at once when the host never answers', async () => {
    const table = new Table()
    table.up.host = false
    await expect(connectThrough(table.dialler)).rejects.toMatchObject({
      code: 'unavailable',
      message: 'The host does not answer: the connection was refused'
    })
    expect(table.dials.host).toBeGreaterThan(1)
  })
})

describe('ports handed over by the preload', () => {
  /** A page that gets messages as a window does. */
  function page() {
    const listeners: ((event: unknown) => void)[] = []
    const window = {
      location: { origin: 'lab://app' },
      addEventListener: (_type: string, listener: (event: unknown) => void) => listeners.push(listener)
    }
    let asked = 0
    const hand = (service: string, port: MessagePort, from: object = {}) => {
      const event = {
        source: window,
        origin: 'lab://app',
        data: { type: 'contpte-lab:port', service },
        ports: [port],
        ...from
      }
      for (const listener of listeners) listener(event)
    }
    return {
      dialler: bridgeDialler(window as unknown as Window, { requestPorts: () => void asked++ }),
      hand,
      asked: () => asked
    }
  }
  const channel = () => new MessageChannel() as unknown as { port1: MessagePort; port2: MessagePort }

  it('are asked for once and given to who dials', async () => {
    const { dialler, hand, asked } = page()
    const host = dialler('host')()
    const simulator = dialler('simulator')()
    expect(asked()).toBe(1)
    const { port1, port2 } = channel()
    hand('host', port2)
    const port = await host
    const message = new Promise((resolve) => port.onMessage(resolve))
    port1.postMessage('hello')
    expect(await message).toBe('hello')
    hand('simulator', channel().port2)
    await simulator
    port1.close()
  })

  it('replace the port in use, which ends', async () => {
    const { dialler, hand } = page()
    hand('simulator', channel().port2)
    const first = await dialler('simulator')()
    const ended = new Promise<void>((resolve) => first.onClose(resolve))
    const second = channel()
    hand('simulator', second.port2)
    await ended
    const port = await dialler('simulator')()
    const message = new Promise((resolve) => port.onMessage(resolve))
    second.port1.postMessage('second')
    expect(await message).toBe('second')
    second.port1.close()
  })

  it('from another window, another origin or in another shape are ignored', async () => {
    const { dialler, hand } = page()
    const dialled = dialler('host')()
    const wrong = channel().port2
    hand('host', wrong, { source: {} })
    hand('host', wrong, { origin: 'https://example.com' })
    hand('evil', wrong)
    hand('host', wrong, { data: { type: 'contpte-lab:port', service: 'host', surplus: 1 } })
    const right = channel()
    hand('host', right.port2)
    const message = new Promise((resolve) => void dialled.then((port) => port.onMessage(resolve)))
    right.port1.postMessage('right')
    expect(await message).toBe('right')
    right.port1.close()
  })
})
