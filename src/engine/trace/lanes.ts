/** How events hold what is wider than a lane. */

/** Page numbers take two lanes: the low 30 bits, and the rest. */
const LOW = 2 ** 30

/** The low lane of a page number. */
export function lowLane(vpn: number): number {
  return vpn % LOW
}

/** The high lane of a page number. */
export function highLane(vpn: number): number {
  return Math.floor(vpn / LOW)
}

/** A page number from its lanes. */
export function fromLanes(low: number, high: number): number {
  return high * LOW + low
}

/** Counts of an address space that events name by their place here. */
export const MM_FIELDS = [
  'anonPages',
  'filePages',
  'swapEntries',
  'deposited',
  'flags',
  'hugetlbPages'
] as const
