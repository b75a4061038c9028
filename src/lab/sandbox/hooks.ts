/**
 * Functions of the script that the simulator calls in the middle of its own operations. An operation is
 * never cut short: what a hook throws ends the call that led to it once the operation is over, and no
 * hook is called before that. Hooks do not call hooks.
 */
import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core'
import type { Machine } from '../../engine/machine'
import { bad } from './arguments'
import type { Meter } from './meter'

/** What a hook ended with: the script's own error, or one of ours. */
export type Thrown = { readonly handle: QuickJSHandle } | { readonly error: Error }

/** The hooks of one task. */
export class Hooks {
  #thrown: Thrown | undefined
  #running = false

  constructor(
    private readonly context: QuickJSContext,
    private readonly meter: Meter,
    private readonly isPromise: (handle: QuickJSHandle) => boolean
  ) {}

  /** Makes `body` the machine's hook of a kind; `undefined` takes it away. */
  set(machine: Machine, kind: string, body: QuickJSHandle | undefined): void {
    // The handle of an argument ends with the call it came with.
    const kept = body?.dup()
    if (kind === 'step') machine.onStep(kept && ((what) => this.#call(kind, kept, what)))
    else {
      const { pageSize } = machine.world.geometry
      machine.onLockBreak(
        kept &&
          (({ parentPid, childPid, vpn }) =>
            this.#call('onLockBreak', kept, { parentPid, childPid, address: vpn * pageSize }))
      )
    }
  }

  /** What a hook threw since the last time anybody asked. */
  take(): Thrown | undefined {
    const thrown = this.#running ? undefined : this.#thrown
    if (thrown !== undefined) this.#thrown = undefined
    return thrown
  }

  #call(kind: string, body: QuickJSHandle, told: unknown): void {
    if (this.#running || this.#thrown !== undefined) return
    this.#running = true
    const { context } = this
    const result = this.meter.script(() =>
      context.callFunction(body, context.undefined, context.newString(JSON.stringify(told)))
    )
    this.#running = false
    if (result.error) {
      this.#thrown = { handle: result.error }
      return
    }
    if (this.isPromise(result.value)) {
      this.#thrown = { error: bad(`${kind} takes a function that ends when it returns, not an async one`) }
    }
    result.value.dispose()
  }
}
