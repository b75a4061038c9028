/** A client of one service that outlives its connections. */
import type { Client, ClientState } from '../../protocol/client'
import type { Contract } from '../../protocol/contract'
import { RPC_CODES, RpcError } from '../../protocol/errors'
import type { Port } from '../../protocol/port'
import { connectRpc, type Complain, type Connection } from '../../protocol/rpc'

/** Opens a connection; rejects when there is none to be had now. */
export type Dial = () => Promise<Port>

/** Waits between attempts, in milliseconds; the last one repeats. */
const RETRY_MS = [50, 200, 500, 1_000, 2_000] as const
/** Attempts before the very first connection counts as hopeless. */
const FIRST_ATTEMPTS = 5

export class ReconnectingClient<S extends object, E extends { readonly type: string }> implements Client<
  S,
  E
> {
  readonly call: S
  readonly #contract: Contract<S, E>
  readonly #dial: Dial
  readonly #greet: (call: S) => Promise<unknown>
  readonly #complain: Complain
  readonly #events = new Set<(event: E) => void>()
  readonly #states = new Set<(state: ClientState, generation: number) => void>()
  #state: ClientState = 'connecting'
  #generation = 0
  #connection: Connection<S, E> | undefined
  #refusal: RpcError | undefined

  /**
   * @param greet the first call on every connection; it counts as made when this answers
   */
  constructor(
    contract: Contract<S, E>,
    dial: Dial,
    greet: (call: S) => Promise<unknown>,
    complain: Complain = () => undefined
  ) {
    this.#contract = contract
    this.#dial = dial
    this.#greet = greet
    this.#complain = complain
    const method = (name: keyof S) => async (request: unknown) => {
      const connection = await this.#ready()
      return (connection.call[name] as (request: unknown) => Promise<unknown>)(request)
    }
    this.call = Object.freeze(
      Object.fromEntries(Object.keys(contract.calls).map((name) => [name, method(name as keyof S)]))
    ) as S
    void this.#keepConnected()
  }

  get state(): ClientState {
    return this.#state
  }

  get generation(): number {
    return this.#generation
  }

  on(listener: (event: E) => void): () => void {
    this.#events.add(listener)
    return () => this.#events.delete(listener)
  }

  onState(listener: (state: ClientState, generation: number) => void): () => void {
    this.#states.add(listener)
    return () => this.#states.delete(listener)
  }

  /** Resolves once it is connected; rejects when it is given up. */
  async connected(): Promise<void> {
    await this.#ready()
  }

  /** The other side is down for good: calls are refused until `resume`. */
  giveUp(reason: string): void {
    this.#refusal = new RpcError(RPC_CODES.unavailable, reason)
    this.#set('failed')
  }

  /** The other side is being started again. */
  resume(): void {
    if (this.#state !== 'failed') return
    this.#refusal = undefined
    this.#set(this.#connection === undefined ? 'connecting' : 'ready')
  }

  async #ready(): Promise<Connection<S, E>> {
    while (this.#state !== 'ready' || this.#connection === undefined) {
      if (this.#refusal !== undefined) throw this.#refusal
      await new Promise<void>((resolve) => {
        const end = this.onState(() => {
          end()
          resolve()
        })
      })
    }
    return this.#connection
  }

  async #keepConnected(): Promise<void> {
    for (let failures = 0; ;) {
      try {
        await this.#session()
        failures = 0
      } catch (error) {
        failures++
        if (this.#generation === 0 && failures >= FIRST_ATTEMPTS && this.#refusal === undefined)
          this.giveUp(
            `The ${this.#contract.name} does not answer: ${error instanceof Error ? error.message : String(error)}`
          )
      }
      const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }

  /** One connection from dialling to its end; rejects when it did not come about. */
  async #session(): Promise<void> {
    const connection = connectRpc(await this.#dial(), this.#contract, this.#complain)
    const ended = new Promise<void>((resolve) => connection.onClose(resolve))
    connection.on((event) => {
      for (const listener of [...this.#events]) listener(event)
    })
    try {
      await this.#greet(connection.call)
    } catch (error) {
      connection.close()
      throw error
    }
    this.#connection = connection
    this.#generation++
    this.#refusal = undefined
    this.#set('ready', true)
    await ended
    this.#connection = undefined
    if (this.#refusal === undefined) this.#set('connecting')
  }

  #set(state: ClientState, always = false): void {
    if (state === this.#state && !always) return
    this.#state = state
    for (const listener of [...this.#states]) listener(state, this.#generation)
  }
}
