/**
 * Counts the time a script spends outside the simulator. The worker writes, its supervisor reads the
 * same memory, so that a script stuck in one native call is seen too.
 */
const USED = 0
const RUNNING = 1
const SWITCHES = 2
const SLOTS = 3

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
