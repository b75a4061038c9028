/**
 * Counts the time a script spends outside the simulator, and holds how far the script says it is. The
 * worker writes, its supervisor reads the same memory, so that a script stuck in one native call is
 * seen too, and saying how far it is costs no message.
 */
const USED = 0
const RUNNING = 1
const SWITCHES = 2
const DONE = 3
const OF = 4
const SLOTS = 5

/** How far a script says its cell is: `done` of `of`, in whatever it counts. */
export interface Within {
  readonly done: number
  readonly of: number
}

/** Memory shared by a worker's meter and its supervisor's `MeterReader`. */
export function meterMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(SLOTS * Float64Array.BYTES_PER_ELEMENT)
}

/** The worker's side. */
export class Meter {
  readonly #slots: Float64Array
  #since = 0

  constructor(
    memory: SharedArrayBuffer,
    private readonly now: () => number
  ) {
    this.#slots = new Float64Array(memory)
  }

  /** A new cell starts with all its time. */
  reset(): void {
    this.#set(false)
    this.#slots[USED] = 0
    this.#slots[OF] = 0
  }

  /** The script says that `done` of `of` is done; `of` is positive. */
  progress(done: number, of: number): void {
    this.#slots[DONE] = done
    this.#slots[OF] = of
  }

  /** Script milliseconds so far. */
  used(): number {
    return this.#slots[USED] + (this.#slots[RUNNING] === 1 ? this.now() - this.#since : 0)
  }

  /** Runs `body` as script time. */
  script<T>(body: () => T): T {
    return this.#as(true, body)
  }

  /** Runs `body` as time of the simulator. */
  outside<T>(body: () => T): T {
    return this.#as(false, body)
  }

  #as<T>(running: boolean, body: () => T): T {
    const before = this.#slots[RUNNING] === 1
    this.#set(running)
    try {
      return body()
    } finally {
      this.#set(before)
    }
  }

  #set(running: boolean): void {
    const now = this.now()
    if (this.#slots[RUNNING] === 1) this.#slots[USED] += now - this.#since
    this.#since = now
    this.#slots[RUNNING] = running ? 1 : 0
    this.#slots[SWITCHES]++
  }
}

/** The supervisor's side: needs no clock in common with the worker. */
export class MeterReader {
  readonly #slots: Float64Array
  #switches = -1
  #since = 0

  constructor(
    memory: SharedArrayBuffer,
    private readonly now: () => number
  ) {
    this.#slots = new Float64Array(memory)
  }

  /** What the script last said of how far it is; a moment between its two numbers stays within them. */
  within(): Within | undefined {
    const of = this.#slots[OF]
    return of > 0 ? { done: Math.min(this.#slots[DONE], of), of } : undefined
  }

  /** Script milliseconds so far, at least; a little less than the truth right after a switch. */
  used(): number {
    const now = this.now()
    if (this.#slots[SWITCHES] !== this.#switches) {
      this.#switches = this.#slots[SWITCHES]
      this.#since = now
    }
    return this.#slots[USED] + (this.#slots[RUNNING] === 1 ? now - this.#since : 0)
  }
}
