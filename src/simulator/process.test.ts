/** The built simulator process with the real laboratory, as the web shell starts it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ensureBuilt } from '../../tools/build.mjs'
import { spawnNodeSimulator } from '../host/node-simulator'
import { appPaths } from '../host/paths'
import { Supervisor } from '../host/supervise'
import type { Port } from '../protocol/port'
import { connectRpc, type Connection } from '../protocol/rpc'
import { simulatorContract } from '../protocol/schemas/simulator'
import type { SimulatorEvent, SimulatorService } from '../protocol/services'

type Client = Connection<SimulatorService, SimulatorEvent>

let dataDir: string
let supervisor: Supervisor<Port>
const output: string[] = []

beforeAll(async () => void (await ensureBuilt({ targets: ['node'] })), 300_000)
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'lab-process-'))
  const { simulator: entry } = appPaths(import.meta.url)
  const log = (_level: string, text: string): void => void output.push(text)
  supervisor = new Supervisor<Port>({ spawn: () => spawnNodeSimulator({ entry, dataDir, log }), log })
  supervisor.start()
})
afterEach(async () => {
  await supervisor.stop()
  await rm(dataDir, { recursive: true, force: true })
})

const connect = async (): Promise<Client> => connectRpc(await supervisor.connect(), simulatorContract)

/** Resolves with the first event that is wanted. */
function heard<T extends SimulatorEvent['type']>(
  client: Client,
  type: T
): Promise<Extract<SimulatorEvent, { type: T }>> {
  return new Promise((resolve) => {
    const end = client.on((event) => {
      if (event.type !== type) return
      end()
      resolve(event as Extract<SimulatorEvent, { type: T }>)
    })
  })
}

/** Two cells: one ends at once, the other never. */
const HALF = `import { experiment } from 'contpte-lab'
export default experiment({
  title: 'Half',
  parameters: { n: [1, 2] },
  run({ parameters, record, expect }) {
    record('x', parameters.n)
    expect(parameters.n, 'n').toBe(parameters.n)
    while (parameters.n === 2) {}
  }
})
`
const request = { file: 'half.ts', text: HALF, seed: 7, workers: 1, check: false }

describe('the simulator process', () => {
  it('killed during a run comes back with the run lost and its finished cells', async () => {
    const client = await connect()
    const finished = heard(client, 'cell-finished')
    const { runId } = await client.call.startRun(request)
    const { cell } = await finished
    process.kill(supervisor.pid as number, 'SIGKILL')
    await new Promise<void>((resolve) => client.onClose(resolve))

    const again = await connect()
    expect(supervisor.state).toMatchObject({
      state: 'ready',
      restarts: 1,
      reason: expect.stringContaining('SIGKILL')
    })
    const lost = await again.call.getRun({ runId })
    expect(lost).toMatchObject({ status: 'lost', cellsDone: 1, cellsTotal: 2, seed: 7, text: HALF })
    expect(lost.rows).toEqual(cell.rows)
    expect(lost.expectations).toEqual(cell.expectations)
    expect(lost.diagnostics).toMatchObject([{ code: 'run-lost' }])
    expect((await again.call.listRuns()).map((run) => run.status)).toEqual(['lost'])
    await expect(again.call.exportRun({ runId })).rejects.toMatchObject({ code: 'not-finished' })
  }, 60_000)

  it('cancels an endless loop within a second and runs the next', async () => {
    const client = await connect()
    const finished = heard(client, 'cell-finished')
    const { runId } = await client.call.startRun(request)
    await finished
    const begun = performance.now()
    expect(await client.call.cancelRun({ runId })).toEqual({ status: 'cancelled' })
    expect(performance.now() - begun).toBeLessThan(1_000)
    const ended = heard(client, 'run-ended')
    await client.call.startRun({ ...request, parameters: { n: [1] } })
    expect((await ended).run).toMatchObject({ status: 'finished', passed: 1 })
  }, 60_000)

  it('tells every window of every run, and shows a finished run to a later process', async () => {
    const [one, two] = [await connect(), await connect()]
    const both = [heard(one, 'run-ended'), heard(two, 'run-ended')]
    const { runId } = await one.call.startRun({ ...request, parameters: { n: [1] } })
    const [first, second] = await Promise.all(both)
    expect(second).toEqual(first)
    const exported = await one.call.exportRun({ runId })
    process.kill(supervisor.pid as number, 'SIGKILL')
    await new Promise<void>((resolve) => one.onClose(resolve))
    const later = await connect()
    expect(await later.call.getRun({ runId })).toEqual(first.run)
    expect(await later.call.exportRun({ runId })).toEqual(exported)
  }, 60_000)

  it('ends with its host', async () => {
    const client = await connect()
    const { pid } = supervisor
    await supervisor.stop()
    await new Promise<void>((resolve) => client.onClose(resolve))
    expect(() => process.kill(pid as number, 0)).toThrow()
  })
})
