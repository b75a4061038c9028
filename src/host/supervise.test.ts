import { beforeEach, describe, expect, it } from 'vitest'
import type { ToHost, ToSimulator } from '../protocol/process'
import {
  BACK_OFF_MS,
  exitReason,
  PING_EVERY_MS,
  PINGS_UNANSWERED,
  START_LIMIT_MS,
  Supervisor,
  WELL_AFTER_MS,
  type Exit,
  type SimulatorProcess,
  type SimulatorState
} from './supervise'

/** Time that passes only when told. */
class Clock {
  now = 0
  #timers: { at: number; callback: () => void }[] = []
  readonly timers = {
    set: (callback: () => void, ms: number): unknown => {
      const timer = { at: this.now + ms, callback }
      this.#timers.push(timer)
      return timer
    },
    clear: (timer: unknown): void => {
      this.#timers = this.#timers.filter((each) => each !== timer)
    },
    now: () => this.now
  }
  pass(ms: number): void {
    const end = this.now + ms
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (next === undefined) break
      this.timers.clear(next)
      this.now = next.at
      next.callback()
    }
    this.now = end
  }
}

class FakeProcess implements SimulatorProcess<string> {
  readonly sent: ToSimulator[] = []
  answersPings = true
  tell: (message: ToHost) => void = () => undefined
  exit: (exit: Exit) => void = () => undefined
  constructor(readonly pid: number) {}
  send(message: ToSimulator): void {
    this.sent.push(message)
    if (message.kind === 'ping' && this.answersPings) this.tell({ kind: 'pong', id: message.id })
  }
  connect(): string {
    return `connection to ${this.pid}`
  }
  kill(): void {
    this.exit({ code: null, signal: 'SIGKILL' })
  }
  onMessage(listener: (message: ToHost) => void): void {
    this.tell = listener
  }
  onExit(listener: (exit: Exit) => void): void {
    this.exit = listener
  }
}

describe('Supervisor', () => {
  let clock: Clock
  let started: FakeProcess[]
  let states: SimulatorState[]
  let supervisor: Supervisor<string>
  const newest = (): FakeProcess => started.at(-1) as FakeProcess

  beforeEach(() => {
    clock = new Clock()
    started = []
    states = []
    supervisor = new Supervisor({
      spawn: () => {
        started.push(new FakeProcess(started.length + 1))
        return newest()
      },
      timers: clock.timers
    })
    supervisor.onState((state) => states.push(state))
    supervisor.start()
  })

  it('hands out connections as soon as the process is ready', async () => {
    const connection = supervisor.connect()
    expect(supervisor.state.state).toBe('starting')
    newest().tell({ kind: 'ready' })
    expect(await connection).toBe('connection to 1')
    expect(supervisor.state).toEqual({ state: 'ready', restarts: 0 })
  })

  it('restarts what was killed and says so', async () => {
    newest().tell({ kind: 'ready' })
    newest().exit({ code: null, signal: 'SIGKILL' })
    expect(supervisor.state).toMatchObject({
      state: 'restarting',
      restarts: 1,
      reason: expect.stringContaining('SIGKILL')
    })
    const connection = supervisor.connect()
    clock.pass(BACK_OFF_MS[0])
    newest().tell({ kind: 'ready' })
    expect(await connection).toBe('connection to 2')
    expect(supervisor.state).toMatchObject({ state: 'ready', restarts: 1 })
  })

  it('waits longer after each failure and gives up in the end', async () => {
    for (const [index, wait] of BACK_OFF_MS.entries()) {
      newest().exit({ code: 1, signal: null })
      expect(started.length).toBe(index + 1)
      clock.pass(wait - 1)
      expect(started.length).toBe(index + 1)
      clock.pass(1)
      expect(started.length).toBe(index + 2)
    }
    newest().exit({ code: 1, signal: null })
    clock.pass(1_000_000)
    expect(started.length).toBe(BACK_OFF_MS.length + 1)
    expect(supervisor.state).toMatchObject({
      state: 'failed',
      reason: 'the simulator ended with exit code 1'
    })
    await expect(supervisor.connect()).rejects.toMatchObject({ code: 'unavailable' })
  })

  it('starts again at once when the user asks for it after it gave up', () => {
    for (const wait of [...BACK_OFF_MS, 0]) {
      newest().exit({ code: 1, signal: null })
      clock.pass(wait)
    }
    supervisor.restart('the user asked for it')
    newest().tell({ kind: 'ready' })
    expect(supervisor.state.state).toBe('ready')
  })

  it('forgets failures of a process that was well for a while', () => {
    for (let n = 0; n < BACK_OFF_MS.length * 3; n++) {
      newest().tell({ kind: 'ready' })
      clock.pass(WELL_AFTER_MS)
      newest().exit({ code: 1, signal: null })
      expect(supervisor.state.state).toBe('restarting')
      clock.pass(BACK_OFF_MS[0])
    }
  })

  it('kills and restarts a process that answers no ping', () => {
    newest().tell({ kind: 'ready' })
    clock.pass(PING_EVERY_MS * 100)
    expect(started.length).toBe(1)
    newest().answersPings = false
    clock.pass(PING_EVERY_MS * (PINGS_UNANSWERED + 1) + BACK_OFF_MS[0])
    expect(started.length).toBe(2)
    expect(states.at(-1)).toMatchObject({
      state: 'restarting',
      reason: expect.stringContaining('no sign of life')
    })
  })

  it('kills and restarts a process that never becomes ready', () => {
    clock.pass(START_LIMIT_MS + BACK_OFF_MS[0])
    expect(started.length).toBe(2)
    expect(supervisor.state.reason).toContain('not ready')
  })

  it('counts a spawner that throws as a failure', () => {
    const broken = new Supervisor<string>({
      spawn: () => {
        throw new Error('no such file')
      },
      timers: clock.timers
    })
    broken.start()
    clock.pass(100_000)
    expect(broken.state).toMatchObject({ state: 'failed', reason: expect.stringContaining('no such file') })
  })

  it('restarts a running process when the user asks, and says why', () => {
    newest().tell({ kind: 'ready' })
    supervisor.restart('the user asked for it')
    clock.pass(BACK_OFF_MS[0])
    expect(started.length).toBe(2)
    expect(supervisor.state.reason).toBe('the user asked for it')
  })

  it('starts nothing after it was stopped', async () => {
    newest().tell({ kind: 'ready' })
    await supervisor.stop()
    clock.pass(1_000_000)
    supervisor.start()
    expect(started.length).toBe(1)
  })
})

it.each([
  [
    { code: null, signal: 'SIGKILL' },
    'the simulator was killed (SIGKILL), by somebody or for want of memory'
  ],
  [{ code: null, signal: 'SIGABRT' }, 'the simulator was ended by signal SIGABRT'],
  [{ code: 134, signal: null }, 'the simulator ended with exit code 134'],
  [{ code: 0, signal: null }, 'the simulator ended by itself']
])('says why %j', (exit, reason) => {
  expect(exitReason(exit)).toBe(reason)
})
