/** What happens between two states, in one number: that and the parent are all a counterexample needs. */
export const DOES = {
  step: 0,
  /** A walker caches a page entry; the value is the argument. */
  fill: 1,
  /** A walker caches a translation of several pages. */
  fillWide: 2,
  evict: 3,
  evictWide: 4,
  load: 5,
  store: 6,
  check: 7,
  attempt: 8,
  giveUp: 9,
  reuse: 10,
  /** Not a transition: what is wrong in the state itself. */
  end: 11,
  /** A gather reads an entry; the value is the argument, the one it is about is the other. */
  read: 12
} as const

/** Below this, the argument is the value of a page entry; from it on, a wide translation. */
export const WIDE_ARGUMENT = 128
/** No translation: the access faults. */
export const FAULT_ARGUMENT = 255

export function choice(what: number, cpu = 0, at = 0, argument = 0, agent = 0, other = 0): number {
  return what | (cpu << 4) | (at << 6) | (argument << 12) | (agent << 20) | (other << 25)
}

export const whatOf = (code: number): number => code & 15
export const cpuOf = (code: number): number => (code >>> 4) & 3
/** Entry, or frame for `reuse`. */
export const atOf = (code: number): number => (code >>> 6) & 63
export const argumentOf = (code: number): number => (code >>> 12) & 255
export const agentOf = (code: number): number => (code >>> 20) & 31
/** Of a store to a writable-clean block: the entry that hardware marks. */
export const otherOf = (code: number): number => (code >>> 25) & 31
