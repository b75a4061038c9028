/**
 * Keeps the simulator process alive: starts it through a spawner that the shell gives, restarts it with
 * back-off when it ends or hangs, says why, and hands out connections to the one that runs.
 */
import type { ToHost, ToSimulator } from '../protocol/process'
import type { HostEvent } from '../protocol/services'
import { HostError } from './error'
import type { LogLevel } from './log'

export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** A simulator process as a shell makes it; `C` is what a window gets to talk to it. */
export interface SimulatorProcess<C> {
  readonly pid: number | undefined
  send(message: ToSimulator): void
  /** A connection of its own for one window. */
  connect(): C
  /** Ends it at once, whatever it does. */
  kill(): void
  onMessage(listener: (message: ToHost) => void): void
  onExit(listener: (exit: Exit) => void): void
}

export type Spawner<C> = () => SimulatorProcess<C>

export type SimulatorState = Omit<Extract<HostEvent, { type: 'simulator' }>, 'type'>

export interface Timers {
  set(callback: () => void, ms: number): unknown
  clear(timer: unknown): void
  now(): number
}

const TIMERS: Timers = {
  set: (callback, ms) => {
    const timer = setTimeout(callback, ms)
    timer.unref()
    return timer
  },
  clear: (timer) => clearTimeout(timer as NodeJS.Timeout),
  now: () => performance.now()
}

/** Waits before the restarts, in milliseconds; after the last of them it gives up. */
export const BACK_OFF_MS = [50, 250, 1_000, 4_000, 8_000] as const
/** A process that lived this long was well: the next restart is the first again. */
export const WELL_AFTER_MS = 30_000
/** Not ready after this time from its start: it hangs. */
export const START_LIMIT_MS = 60_000
export const PING_EVERY_MS = 5_000
/** Pings without an answer before it counts as hung. Counted, not timed: a sleeping computer pings nobody. */
export const PINGS_UNANSWERED = 4

export interface SuperviseOptions<C> {
  readonly spawn: Spawner<C>
  readonly log?: (level: LogLevel, text: string) => void
  readonly timers?: Timers
}

/** Why a process ended, in words. */
export function exitReason({ code, signal }: Exit): string {
  if (signal === 'SIGKILL') return 'the simulator was killed (SIGKILL), by somebody or for want of memory'
  if (signal !== null) return `the simulator was ended by signal ${signal}`
  return code === 0 ? 'the simulator ended by itself' : `the simulator ended with exit code ${code}`
}

export class Supervisor<C> {
  readonly #spawn: Spawner<C>
  readonly #log: (level: LogLevel, text: string) => void
  readonly #timers: Timers
  readonly #listeners = new Set<(state: SimulatorState) => void>()
  #state: SimulatorState = { state: 'starting', restarts: 0 }
  #process: SimulatorProcess<C> | undefined
  #timer: unknown
  /** Failures in a row, for the back-off. */
  #failures = 0
  #startedAt = 0
  #stopping = false
  #killedBecause: string | undefined
  #onGone: (() => void)[] = []

  constructor({ spawn, log = () => undefined, timers = TIMERS }: SuperviseOptions<C>) {
    this.#spawn = spawn
    this.#log = log
    this.#timers = timers
  }

  get state(): SimulatorState {
    return this.#state
  }

  /** Process id of the running simulator, if it has one. */
  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** Hears every change of state. Answers what ends it. */
  onState(listener: (state: SimulatorState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  start(): void {
    if (this.#process === undefined && !this.#stopping) this.#launch()
  }

  /**
   * A connection to the simulator as soon as it is ready.
   * @throws HostError `unavailable` when it was given up
   */
  async connect(): Promise<C> {
    const running = await new Promise<SimulatorProcess<C>>((resolve, reject) => {
      const settle = ({ state, reason }: SimulatorState): boolean => {
        if (state === 'ready' && this.#process !== undefined) resolve(this.#process)
        else if (state === 'failed')
          reject(
            new HostError(
              'unavailable',
              `The simulator does not run: ${reason ?? 'unknown'}`,
              'Restart the simulator.'
            )
          )
        else return false
        return true
      }
      if (settle(this.#state)) return
      const end = this.onState((state) => {
        if (settle(state)) end()
      })
    })
    return running.connect()
  }

  /** Ends the running process, if any, and starts a new one; forgets earlier failures. */
  restart(reason: string): void {
    this.#failures = 0
    if (this.#process !== undefined) this.#kill(reason)
    else if (!this.#stopping) {
      this.#timers.clear(this.#timer)
      this.#set({ state: 'restarting', restarts: this.#state.restarts + 1, reason })
      this.#launch()
    }
  }

  /** Ends the simulator for good; resolves when its process is gone. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#timers.clear(this.#timer)
    const running = this.#process
    if (running === undefined) return
    await new Promise<void>((resolve) => {
      this.#onGone.push(resolve)
      running.kill()
    })
  }

  #launch(): void {
    this.#startedAt = this.#timers.now()
    let running: SimulatorProcess<C>
    try {
      running = this.#spawn()
    } catch (error) {
      this.#gone(
        `the simulator could not be started: ${error instanceof Error ? error.message : String(error)}`
      )
      return
    }
    this.#process = running
    this.#killedBecause = undefined
    this.#timer = this.#timers.set(
      () => this.#kill(`the simulator was not ready after ${START_LIMIT_MS / 1000} s`),
      START_LIMIT_MS
    )
    let unanswered = 0
    const ping = (id: number): void => {
      if (unanswered >= PINGS_UNANSWERED) {
        this.#kill(`the simulator gave no sign of life for ${(PING_EVERY_MS * PINGS_UNANSWERED) / 1000} s`)
        return
      }
      unanswered++
      running.send({ kind: 'ping', id })
      this.#timer = this.#timers.set(() => ping(id + 1), PING_EVERY_MS)
    }
    running.onMessage((message) => {
      if (this.#process !== running) return
      if (message.kind === 'ready' && this.#state.state !== 'ready') {
        this.#timers.clear(this.#timer)
        const { restarts, reason } = this.#state
        this.#set({ state: 'ready', restarts, ...(reason === undefined ? {} : { reason }) })
        ping(0)
      } else if (message.kind === 'pong') unanswered = 0
      else if (message.kind === 'log') this.#log(message.level, message.text)
    })
    running.onExit((exit) => {
      if (this.#process === running) this.#gone(this.#killedBecause ?? exitReason(exit))
    })
  }

  #kill(reason: string): void {
    this.#killedBecause = reason
    this.#process?.kill()
  }

  #gone(reason: string): void {
    this.#process = undefined
    this.#timers.clear(this.#timer)
    for (const tell of this.#onGone.splice(0)) tell()
    if (this.#stopping) return
    this.#log('error', reason)
    if (this.#timers.now() - this.#startedAt >= WELL_AFTER_MS) this.#failures = 0
    const { restarts } = this.#state
    const wait = BACK_OFF_MS[this.#failures++]
    if (wait === undefined) {
      this.#set({ state: 'failed', restarts, reason })
      return
    }
    this.#set({ state: 'restarting', restarts: restarts + 1, reason })
    this.#timer = this.#timers.set(() => this.#launch(), wait)
  }

  #set(state: SimulatorState): void {
    this.#state = state
    this.#log('info', `simulator ${state.state}${state.restarts > 0 ? ` (restart ${state.restarts})` : ''}`)
    for (const listener of [...this.#listeners]) listener(state)
  }
}
