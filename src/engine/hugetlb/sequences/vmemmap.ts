/**
 * The entries and frames of one hugetlb page's vmemmap, and the runs of steps that all sequences are
 * made of. `tails` counts the pages after the head's: 7 for a 2 MiB page of the 4K granule.
 */
import type { Access, Pte, PteValue, Step } from './step'

/** Pages of struct pages after the head's, of one PMD-sized hugetlb page of any granule. */
export const TAILS = 7

export const HEAD = 'head'
export const NEIGHBOUR = 'neighbour'
/** The frame that may become the head's own. */
export const NEW = 'new'

export const tail = (index: number): string => `tail${index}`
/** The frame that entry `index` starts with: 0 is the head's. */
export const old = (index: number): string => `old${index}`
/** The frame that a restored tail gets. */
export const fresh = (index: number): string => `fresh${index}`
export const pte = (frame: string, access: Access): Pte => ({ frame, access })

/** 1 to `tails`. */
export const numbers = (tails: number): number[] => Array.from({ length: tails }, (_, index) => index + 1)
export const tailsOf = (tails: number): string[] => numbers(tails).map(tail)

/** Head, tails, and one page that belongs to a neighbour in the same 2 MiB. */
export const entriesOf = (tails: number): string[] => [HEAD, ...tailsOf(tails), NEIGHBOUR]

/** The frames that these entries have as a fresh hugetlb page, in order. */
export function oldFrames(tails: number): Record<string, string> {
  const frames: Record<string, string> = { [old(0)]: 'head' }
  for (const index of numbers(tails)) frames[old(index)] = 'tail'
  frames[NEIGHBOUR] = 'neighbour'
  return frames
}

/** Every entry maps its own frame. */
export function ownFrames(tails: number, access: Access): Record<string, PteValue> {
  const start: Record<string, PteValue> = { [HEAD]: pte(old(0), access) }
  for (const index of numbers(tails)) start[tail(index)] = pte(old(index), access)
  start[NEIGHBOUR] = pte(NEIGHBOUR, access)
  return start
}

/** DSB, TLBI, DSB: stores are visible, then every translation of these entries is gone. */
export function flush(entries: readonly string[], why?: string): Step[] {
  return [
    { do: 'dsb', domain: 'ishst', rule: 'B10' },
    { do: 'tlbi', entries, rule: 'B10', why },
    { do: 'dsb', domain: 'ish', rule: 'B10' }
  ]
}

export function write(entry: string, value: PteValue, rule: Step['rule'], why?: string): Step {
  return { do: 'write entry', entry, value, rule, why }
}

/** Break-before-make of several entries at once: one TLBI for all. */
export function breakBeforeMakeOf(changes: readonly (readonly [string, PteValue])[]): Step[] {
  const entries = changes.map(([entry]) => entry)
  return [
    ...entries.map((entry) => write(entry, 'invalid', 'B6')),
    ...flush(entries),
    ...changes.map(([entry, value]) => write(entry, value, 'B9')),
    { do: 'dsb', domain: 'ishst', rule: 'B6' }
  ]
}

export const freeOld = (from: number, tails: number): Step[] =>
  Array.from({ length: tails + 1 - from }, (_, index) => ({
    do: 'free frame',
    frame: old(index + from),
    rule: 'K3'
  }))
