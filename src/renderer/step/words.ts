/** What is said of events, positions and filters: on screen, aloud and on the clipboard. */
import type { TraceEvent, TraceFilter, TraceSummary } from '../../protocol/trace'
import { formatNumber } from '../parts/format'

/** `event 1234 / 98765`, as the position box shows and copies it. */
export const positionText = (event: number, events: number) => `event ${event} / ${events}`

/**
 * Reads what somebody typed into the position box: `1234`, `event 1,234 / 98,765`, `+10`, `-3`, `50%`.
 * Nothing for what is no position.
 */
export function readPosition(text: string, now: number, events: number): number | undefined {
  const words = text
    .trim()
    .toLowerCase()
    .replace(/^event\s*/, '')
    .replace(/[,_\s]/g, '')
    .replace(/\/\d*$/, '')
  const match = /^([+-]?)(\d+(?:\.\d+)?)(%?)$/.exec(words)
  if (!match) return undefined
  const [, sign, digits, percent] = match
  const value = percent ? (Number(digits) / 100) * events : Number(digits)
  const wanted = sign === '+' ? now + value : sign === '-' ? now - value : value
  return Math.max(0, Math.min(events, Math.round(wanted)))
}

/** What a step is announced as. */
export function stepSentence(event: TraceEvent | undefined, events: number, changed: number): string {
  if (!event) return `Before the first event of ${formatNumber(events)}`
  const changes =
    changed === 0 ? '' : `; ${formatNumber(changed)} ${changed === 1 ? 'entry' : 'entries'} changed`
  return `Event ${formatNumber(event.event)} of ${formatNumber(events)}: ${event.text}${changes}`
}

/** A filter in words, for the list of breakpoints. */
export function filterText(filter: TraceFilter): string {
  const words: string[] = []
  if (filter.kinds) words.push(filter.kinds.join(', '))
  if (filter.order !== undefined) words.push(`order ${filter.order}`)
  if (filter.pids) words.push(`mm ${filter.pids.join(', ')}`)
  if (filter.cpus) words.push(`cpu ${filter.cpus.join(', ')}`)
  if (filter.address) words.push(`at ${hex(filter.address.from)}`)
  if (filter.text) words.push(`“${filter.text}”`)
  return words.join(' · ') || 'any event'
}

export const hex = (value: number) => `0x${value.toString(16)}`

/** The kinds that change what a descriptor says: what "a write to the PTE of" means. */
export const WRITING_KINDS = ['write', 'xchg', 'cas', 'hardware'] as const

/**
 * Reads a search: kinds by their names, `cpu:1`, `pid:2`, `order:4`, an address in hexadecimal, and any
 * other words, which the event's text must contain.
 */
export function readSearch(
  text: string,
  summary: Pick<TraceSummary, 'kinds' | 'machines'> | undefined
): TraceFilter | undefined {
  const words = text.trim().split(/\s+/).filter(Boolean)
  if (words.length === 0) return undefined
  const known = new Set(summary?.kinds.map(({ kind }) => String(kind)))
  const kinds: string[] = []
  const rest: string[] = []
  const filter: { -readonly [K in keyof TraceFilter]: TraceFilter[K] } = {}
  const pageSize = summary?.machines[0]?.pageSize ?? 4096
  for (const word of words) {
    const [, name, value] = /^(cpu|pid|mm|order):?(\d+)$/.exec(word.toLowerCase()) ?? []
    if (name === 'cpu') filter.cpus = [...(filter.cpus ?? []), Number(value)]
    else if (name === 'order') filter.order = Number(value)
    else if (name) filter.pids = [...(filter.pids ?? []), Number(value)]
    else if (/^0x[0-9a-f]{1,14}$/i.test(word)) filter.address = pageAt(Number(word), pageSize)
    else if (known.has(word.toLowerCase())) kinds.push(word.toLowerCase())
    else if (word.toLowerCase() === 'tlbi')
      kinds.push(...[...known].filter((kind) => kind.startsWith('tlbi')))
    else rest.push(word)
  }
  return {
    ...filter,
    ...(kinds.length > 0 ? { kinds: kinds as TraceFilter['kinds'] } : {}),
    ...(rest.length > 0 ? { text: rest.join(' ') } : {})
  }
}

/** The page that holds an address, as a range. */
export function pageAt(address: number, pageSize: number): { from: number; to: number } {
  const from = Math.floor(address / pageSize) * pageSize
  return { from, to: from + pageSize }
}
