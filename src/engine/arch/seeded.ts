/**
 * Seeded choices, for what hardware may do either way. 32 bits of state in a typed array, so that a
 * snapshot copies it. Not for cryptography: only equal seeds give equal runs.
 */
export class Seeded {
  readonly state = new Int32Array(1)

  constructor(seed = 1) {
    this.seed(seed)
  }

  /** Starts over; any integer will do. */
  seed(seed: number): void {
    this.state[0] = mix(seed | 0)
  }

  /** The next 32 random bits, 0 .. 2^32 - 1. */
  next(): number {
    this.state[0] = (this.state[0] + 0x9e3779b9) | 0
    return mix(this.state[0]) >>> 0
  }

  /** A number below `limit`, 1 <= limit <= 2^32. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit)
  }
}

/** Spreads the bits of a number over all 32. */
export function mix(value: number): number {
  let z = value | 0
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
  return z ^ (z >>> 15)
}
